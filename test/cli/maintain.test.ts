/** `granary maintain` with the real rclone, restic and sshd: a storage box on a loopback port, its root a directory. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { main } from "../../cli/main.js";
import { DAY, stampOf } from "../../plan/stamps.js";
import { Sshd } from "../lab/plugins/sshd.js";
import { quickRepository } from "../scripts/quick-repository.js";
import { example } from "../settings/example.js";

const PASSWORD = "the repositories' PASSWORD";
const BOX = { kind: "box", server: "127.0.0.1", username: "root" };

let sshd: Sshd;
let directory: string;
let box: string;
let path: string | undefined;

beforeAll(async () => {
  sshd = new Sshd();
  sshd.port = 23;
  await sshd.start();
});
afterAll(() => sshd.stop());

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "granary-test-"));
  box = join(directory, "box");
  mkdirSync(box);
  const jail = `command="/usr/lib/openssh/sftp-server -d ${box}" ${sshd.publicKey("client")}`;
  writeFileSync(join(sshd.directory, "authorized_keys"), `${jail}\n`, { mode: 0o600 });
  path = process.env["PATH"];
  process.env["PATH"] = `${directory}:${path}`;
  deploy();
});
afterEach(() => {
  process.env["PATH"] = path;
  rmSync(directory, { recursive: true });
});

/** The stack's file, and what `pulumi stack output` says of it. */
function deploy(hostKey = sshd.publicKey("host_ecdsa"), maintenance: object = {}, more: object = {}): void {
  const raw = example();
  const jobs = { ...raw.hosts.shop.jobs, ...more };
  const copies = { box: { kind: "storageBox", hostKey: hostKey.split(" ").slice(0, 2).join(" ") }, r2: raw.copies.r2 };
  const settings = { ...raw, copies, hosts: { shop: { ...raw.hosts.shop, jobs } } };
  const config = Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [`granary:${key}`, value as unknown]),
  );
  writeFileSync(join(directory, "Pulumi.prod.yaml"), stringify({ config }));
  const outputs = { maintenance: { copies: { box: BOX }, passwords: { shop: PASSWORD }, ...maintenance } };
  fake(
    "pulumi",
    `printf '%s\\n' "$@" >"${directory}/pulumi.args"\ncat <<'OUTPUTS'\n${JSON.stringify(outputs)}\nOUTPUTS`,
  );
}

function fake(name: string, script: string): void {
  writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, name), 0o755);
}

async function maintain(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const code = await main(["maintain", "box", "--ssh-key", join(sshd.directory, "client"), ...args], {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    color: false,
    directory,
  });
  return { code, ...said };
}

const ago = (days: number): string => stampOf(Date.now() - days * DAY);

function put(key: string, text: string): void {
  mkdirSync(dirname(join(box, key)), { recursive: true });
  writeFileSync(join(box, key), text);
}

/** A backup as a host leaves it: an artifact, and the manifest that makes it count. */
function backup(tier: string, days: number, change: object = {}): string {
  const stamp = ago(days);
  const id = `shop/${tier}/shop/orders/${stamp}`;
  const created = `${stamp.slice(0, 4)}-${stamp.slice(4, 6)}-${stamp.slice(6, 11)}:${stamp.slice(11, 13)}:${stamp.slice(13)}`;
  const artifacts = [{ name: `${stamp}.dump.zst.age`, role: "dump", encrypted: { bytes: 8, sha256: "" } }];
  const manifest = { schema: 1, host: "shop", job: "orders", kind: "postgres", tier, created, artifacts };
  put(`${id}.dump.zst.age`, "artifact");
  put(`${id}.json`, JSON.stringify({ ...manifest, copy: { name: "box", verified: true }, ...change }));
  return id;
}

const there = (id: string): boolean =>
  existsSync(join(box, `${id}.json`)) && existsSync(join(box, `${id}.dump.zst.age`));
const gone = (id: string): boolean =>
  !existsSync(join(box, `${id}.json`)) && !existsSync(join(box, `${id}.dump.zst.age`));

describe("granary maintain on a storage box", () => {
  it("looks first and touches nothing; with --yes it removes what is old, and never the newest two", async () => {
    const [old, older, kept] = [backup("daily", 31), backup("daily", 40), backup("monthly", 40)];
    const newest = [backup("daily", 0.1), backup("daily", 1)];
    const look = await maintain();
    expect([look.code, look.err]).toEqual([0, ""]);
    expect(look.out).toContain(`would go  ${old.slice("shop/".length)}: daily: older than 30 days`);
    expect(look.out).toContain("this was a look: nothing was removed; to do it, add --yes");
    expect([old, older, kept, ...newest].every(there)).toBe(true);
    expect(existsSync(join(box, ".granary/memory.json"))).toBe(false);

    const real = await maintain("--yes");
    expect([real.code, real.err]).toEqual([0, ""]);
    expect([old, older].map(gone)).toEqual([true, true]);
    expect([kept, ...newest].map(there)).toEqual([true, true, true]);
    expect(readFileSync(join(directory, "pulumi.args"), "utf8")).toContain("--show-secrets");
  });

  it("keeps the newest two verified, however old, and says so", async () => {
    const ids = [400, 401, 402].map((days) => backup("daily", days));
    const unverified = backup("daily", 399, { copy: { verified: false } });
    const { code, out } = await maintain("--yes");
    expect([code, ids.map(there), gone(unverified)]).toEqual([0, [true, true, false], true]);
    expect(out).toContain("one of the newest 2 verified backups of its job: they never go");
  });

  it("knows a base backup, which a chain of log has to itself and whose manifest tells its stamp", async () => {
    const stamps = [60, 40, 1].map(ago);
    for (const stamp of stamps) {
      const id = `shop/base/shop/orders/7712-15/${stamp}`;
      const artifacts = [{ name: `${stamp}.base.tar.zst.age`, role: "base", encrypted: { bytes: 4, sha256: "" } }];
      const manifest = { schema: 1, host: "shop", job: "orders", kind: "postgres", tier: "base", stamp, artifacts };
      put(`${id}.base.tar.zst.age`, "base");
      put(`${id}.json`, JSON.stringify({ ...manifest, copy: { name: "box", verified: true } }));
    }
    const { code, out } = await maintain("--yes");
    expect([code, out]).toEqual([0, expect.not.stringContaining("ODD")]);
    const left = readdirSync(join(box, "shop/base/shop/orders/7712-15")).sort();
    expect(left).toEqual(
      stamps
        .slice(1)
        .flatMap((stamp) => [`${stamp}.base.tar.zst.age`, `${stamp}.json`])
        .sort(),
    );
  });

  it("a backup whose artifact is not what its manifest says does not count as verified", async () => {
    const [torn, ...ids] = [399, 400, 401].map((days) => backup("daily", days));
    writeFileSync(join(box, `${torn}.dump.zst.age`), "half");
    expect((await maintain("--yes")).code).toBe(0);
    expect([gone(torn!), ...ids.map(there)]).toEqual([true, true, true]);
  });

  it.each([
    ["a backup of the future", () => backup("daily", -400), "future-dated"],
    ["a file that is nothing known", () => put("shop/daily/shop/orders/notes.txt", "?"), "unparsable"],
    ["a manifest of another host", () => backup("daily", 3, { host: "web" }), "unparsable"],
  ])("stops for %s, unless told otherwise, and never removes it", async (_, plant, what) => {
    const ids = [31, 0.1, 1].map((days) => backup("daily", days));
    plant();
    const files = () => readdirSync(join(box, "shop/daily/shop/orders")).length;
    const before = files();
    const stopped = await maintain("--yes");
    expect([stopped.code, ids.map(there), files()]).toEqual([1, [true, true, true], before]);
    expect(stopped.out).toContain(`ODD      ${what}`);
    expect(stopped.err).toContain("something is odd in box");
    const forced = await maintain("--yes", "--despite-odd");
    expect([forced.code, ids.map(there), files()]).toEqual([0, [false, true, true], before - 2]);
  });

  it("notices between two runs what vanished, and what was put into the past", async () => {
    const ids = [0.1, 1, 2].map((days) => backup("daily", days));
    expect((await maintain("--yes")).code).toBe(0);
    rmSync(join(box, `${ids[2]}.json`));
    const back = backup("daily", 300);
    const { code, out } = await maintain("--yes");
    expect(code).toBe(1);
    expect(out).toContain("vanished");
    expect(out).toContain("back-dated");
    expect(there(back)).toBe(true);
  });

  it("refuses to speak to a box with another host key", async () => {
    backup("daily", 31);
    deploy(sshd.publicKey("other_ed25519"));
    const { code, err } = await maintain("--yes");
    expect([code, err]).toEqual([1, expect.stringMatching(/knownhosts: key mismatch|host key/)]);
  });

  it("does nothing while the clocks differ", async () => {
    const old = [31, 32, 33].map((days) => backup("daily", days));
    const real = execFileSync("which", ["rclone"], { encoding: "utf8" }).trim();
    const late = new Date(Date.now() - 6 * 60_000).toISOString();
    fake(
      "rclone",
      `case "$1" in lsjson) case "$2" in *clock) echo '[{"ModTime":"${late}"}]'; exit ;; esac ;; esac\nexec ${real} "$@"`,
    );
    const { code, err } = await maintain("--yes");
    expect(code).toBe(1);
    expect(err).toMatch(/copy box: this machine's clock is 3[56]\d s ahead of the copy's/);
    expect(old.every(there)).toBe(true);
  });

  it("says what to set when the box has no account for it", async () => {
    deploy(undefined, { copies: { box: null } });
    expect((await maintain()).err).toContain(
      "a storage box needs granary:ssh with your publicKey in the settings first",
    );
  });

  it("gives the same as JSON", async () => {
    backup("daily", 0.1);
    const [report] = JSON.parse((await maintain("--json")).out) as { copy: string; decision: { keep: unknown[] } }[];
    expect([report!.copy, report!.decision.keep.length]).toEqual(["box", 1]);
  });

  it.each([[["tape"]], [["r2", "box"]], [["--sometimes"]]])("%j is wrong usage", async (args) => {
    const { code } = await maintain(...args);
    expect(code).toBe(64);
  });
});

describe("granary maintain on a repository", () => {
  const MEDIA = { media: { kind: "files", paths: ["/opt/uploads"] } };
  const repository = () => join(box, "shop.files/files/shop/media");
  const restic = (...args: string[]): string =>
    execFileSync("restic", ["-r", repository(), "--no-cache", ...args], {
      env: { ...process.env, RESTIC_PASSWORD: PASSWORD },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  const save = (days: number, text: string, more: string[] = []): void => {
    mkdirSync(join(directory, "uploads"), { recursive: true });
    writeFileSync(join(directory, "uploads", "picture"), text.repeat(5000));
    const time = new Date(Date.now() - days * DAY).toISOString().slice(0, 19).replace("T", " ");
    restic("backup", "--host", "shop", "--tag", "media", "--time", time, ...more, join(directory, "uploads"));
  };
  const snapshots = (): number => (JSON.parse(restic("snapshots", "--json")) as unknown[]).length;

  beforeEach(() => {
    deploy(undefined, {}, MEDIA);
    quickRepository(repository(), PASSWORD);
  });

  it("forgets by the retention, prunes and checks; a look does none of it", async () => {
    for (const days of [2500, 2400, 40.2, 40.1, 3, 2, 1]) save(days, `content of ${days} days ago`);
    const look = await maintain();
    expect([look.code, look.err]).toEqual([0, ""]);
    expect(look.out).toMatch(/repository shop\/media: 7 snapshots, [1-9] would be forgotten/);
    expect(snapshots()).toBe(7);
    const packs = () =>
      execFileSync("find", [join(repository(), "data"), "-type", "f"], { encoding: "utf8" }).split("\n").length;
    const before = packs();
    const real = await maintain("--yes");
    expect([real.code, real.err]).toEqual([0, ""]);
    expect(snapshots()).toBeLessThan(7);
    expect(snapshots()).toBeGreaterThanOrEqual(4);
    expect(packs()).toBeLessThan(before);
    expect(real.out).toContain("check: no errors were found");
    expect(restic("check")).toContain("no errors were found");
  });

  it.each([
    ["of the future", () => save(-40, "future"), "future-dated"],
    ["of another host", () => save(1, "stranger", ["--host", "web"]), "foreign"],
  ])("stops for a snapshot %s", async (_, plant, what) => {
    for (const days of [60.2, 60.1, 2, 1]) save(days, `content of ${days} days ago`);
    plant();
    const { code, out } = await maintain("--yes");
    expect(code).toBe(1);
    expect(out).toContain(`ODD      ${what}`);
    expect(snapshots()).toBe(5);
  });

  it("notices a repository that shrinks, and snapshots that vanish", async () => {
    save(2, "a shop full of pictures");
    save(1, "a shop full of pictures");
    expect((await maintain("--yes")).code).toBe(0);
    restic("forget", "--keep-last", "1", "--group-by", "host");
    save(0, "x");
    const { code, out } = await maintain("--yes");
    expect(code).toBe(1);
    expect(out).toContain("ODD      vanished");
    expect(out).toContain("ODD      shrunk");
  });

  it("leaves a repository alone while a backup runs, and says so", async () => {
    save(1, "content");
    const env = { ...process.env, RESTIC_PASSWORD: PASSWORD };
    const running = spawn("restic", ["-r", repository(), "--no-cache", "backup", "--stdin"], {
      env,
      stdio: ["pipe", "ignore", "ignore"],
    });
    try {
      while (readdirSync(join(repository(), "locks")).length === 0) await new Promise((r) => setTimeout(r, 50));
      const { code, out } = await maintain("--yes");
      expect(code).toBe(1);
      expect(out).toContain("FAILED   copy box: repository shop/media: restic forget: ");
      expect(out).toContain("a backup may be running: try again later");
      expect(snapshots()).toBe(1);
    } finally {
      running.kill();
      await once(running, "close");
    }
  });

  it("says so when there is none yet", async () => {
    rmSync(repository(), { recursive: true });
    const { code, out } = await maintain();
    expect([code, out]).toEqual([0, expect.stringContaining("repository shop/media: there is none yet")]);
  });

  it("says what to do when the password is not known, and never shows it", async () => {
    const all = await maintain();
    expect(all.out + all.err).not.toContain(PASSWORD);
    deploy(undefined, { passwords: {} }, MEDIA);
    expect((await maintain()).out).toContain(
      "repository shop/media: the stack does not tell its password, run `pulumi up`",
    );
  });
});
