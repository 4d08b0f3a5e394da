/** `granary status` with the real rclone, which finds each copy in a directory; what it was called for is counted. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import type { Status } from "../../plan/status.js";
import { example } from "../settings/example.js";
import { MailServer } from "../scripts/smtp.js";
import { granaryIn } from "./granary.js";

const S3 = { kind: "s3", accessKeyId: "A", secretAccessKey: "PLANTED-KEY" };
const READERS = {
  spaces: S3,
  r2: S3,
  box: { kind: "box", server: "u1-sub9.box", username: "u1-sub9", password: "PLANTED-PASSWORD" },
};
const ROOTS = { spaces: "kolonell-backups", r2: "kolonell-archive", box: "", replica: "kolonell-backups-replica" };
const STAMP = "20261125T030000Z";

let directory: string;
let path: string | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "granary-"));
  path = process.env["PATH"];
  const rclone = execFileSync("sh", ["-c", "command -v rclone"], { encoding: "utf8" }).trim();
  const places = Object.keys(ROOTS).map((name) => {
    mkdirSync(join(directory, name, ROOTS[name as keyof typeof ROOTS]), { recursive: true });
    const remote = `RCLONE_CONFIG_${name.toUpperCase()}`;
    return `export ${remote}_TYPE=alias ${remote}_REMOTE="${directory}/${name}"`;
  });
  const seen = `printf '%s\\n' "$*" >>"${directory}/calls"; printenv RCLONE_CONFIG_BOX_PASS >>"${directory}/pass"`;
  fake("rclone", [seen, ...places, `exec ${rclone} "$@"`].join("\n"));
  process.env["PATH"] = `${directory}:${path}`;
});
afterEach(() => {
  process.env["PATH"] = path;
  rmSync(directory, { recursive: true });
});

function fake(name: string, script: string): void {
  writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, name), 0o755);
}

function deploy(hosts: Record<string, object>, readers: object = READERS, more: object = {}): void {
  const raw = { ...example(), hosts, ...more };
  const config = Object.fromEntries(Object.entries(raw).map(([key, value]) => [`granary:${key}`, value as unknown]));
  writeFileSync(join(directory, "Pulumi.prod.yaml"), stringify({ config }));
  fake("pulumi", `cat <<'OUTPUTS'\n${JSON.stringify({ readers })}\nOUTPUTS`);
}

const host = (jobs: object) => ({ ...example().hosts.shop, jobs });
const ORDERS = { orders: { kind: "postgres", database: "mydb" } };

/** A file as it lies in a copy: on a box below the directory of its host. */
function put(copy: keyof typeof ROOTS, home: string, key: string, text: string): string {
  const file = join(directory, copy, ROOTS[copy], copy === "box" ? home : "", key);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function backup(copy: keyof typeof ROOTS, name = "shop", job = "orders", change: object = {}): string {
  const key = `daily/${name}/${job}/${STAMP}`;
  const artifacts = [{ name: `${STAMP}.dump.zst.age`, role: "dump", encrypted: { bytes: 8 } }];
  const manifest = { schema: 1, host: name, job, kind: "postgres", created: "2026-11-25T03:00:00Z", artifacts };
  put(copy, name, `${key}.json`, JSON.stringify({ ...manifest, copy: { name: copy, verified: true }, ...change }));
  return put(copy, name, `${key}.dump.zst.age`, "artifact");
}

const everywhere = (...args: [string?, string?, object?]) =>
  Object.keys(ROOTS).map((copy) => backup(copy as "r2", ...args));

async function rows(...args: string[]) {
  const { code, out } = await granaryIn(directory, "status", "--json", ...args);
  const [first] = (JSON.parse(out) as Status).hosts;
  return { code, rows: first!.rows.map(({ copy, colour, findings }) => `${copy} ${colour} ${findings[0]!.reason}`) };
}

const GOOD = "green backup of 2026-11-25 03:00 UTC";

describe("granary status", () => {
  it("is green when each copy has what it should; what it logs in with is nowhere to be read", async () => {
    deploy({ shop: host(ORDERS) });
    everywhere();
    const { code, out, err } = await granaryIn(directory, "status");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain("host shop: look\n");
    expect(out).toMatch(/\n {2}orders {2}postgres {2}spaces {2}9 h ago {4}8 B {8}good\n/);
    expect(out).toContain("drill: no drill yet: run `granary drill --identity FILE` (look)");
    expect(out).toContain("nothing is red, 2026-11-25 12:00 UTC");
    expect(out + readFileSync(join(directory, "calls"), "utf8")).not.toContain("PLANTED");
    const pass = readFileSync(join(directory, "pass"), "utf8").trim().split("\n")[0]!;
    expect(pass).not.toContain("PLANTED");
    expect(execFileSync("rclone", ["reveal", "--", pass], { encoding: "utf8" }).trim()).toBe("PLANTED-PASSWORD");
  });

  it.each<[string, (file: string) => void, string]>([
    ["an artifact that is gone", (file) => rmSync(file), "an artifact that its manifest names is gone"],
    ["a torn artifact", (file) => writeFileSync(file, "half"), "an artifact is not as long as its manifest says"],
    ["no manifest", (file) => rmSync(file.replace("dump.zst.age", "json")), ""],
    ["no JSON", (file) => writeFileSync(file.replace("dump.zst.age", "json"), "{"), "its manifest cannot be read"],
    ["another host's", () => backup("r2", "shop", "orders", { host: "web" }), "its manifest is of something else"],
    ["not read back", () => backup("r2", "shop", "orders", { copy: {} }), "it was not read back from this copy"],
    ["of nothing", () => backup("r2", "shop", "orders", { artifacts: [] }), "its manifest names no artifact"],
  ])("is red in one copy for %s", async (_, spoil, why) => {
    deploy({ shop: host(ORDERS) });
    spoil(everywhere()[1]!);
    const fault = why === "" ? "" : `; the newest, ${STAMP}, does not count: ${why}`;
    expect(await rows()).toEqual({
      code: 1,
      rows: [`spaces ${GOOD}`, `r2 red no good backup${fault}`, `box ${GOOD}`],
    });
  });

  it("of a files job asks that the snapshot is there", async () => {
    deploy({ shop: host({ media: { kind: "files", paths: ["/opt/uploads"], schedule: "03:00" } }) });
    everywhere("shop", "media", { kind: "files", artifacts: [], snapshot: "abc123" });
    for (const copy of ["spaces", "box"] as const) put(copy, "shop.files", "files/shop/media/snapshots/abc123", "");
    expect((await rows()).rows).toEqual([
      `spaces ${GOOD}`,
      `r2 red no good backup; the newest, ${STAMP}, does not count: the snapshot that its manifest names is gone`,
      `box ${GOOD}`,
    ]);
  });

  it("shows how far the log is behind", async () => {
    deploy({ shop: host({ orders: { ...ORDERS.orders, continuous: true } }) });
    everywhere();
    const base = "base/shop/orders/7123-17/20261125T020000Z";
    const artifacts = [{ name: "20261125T020000Z.base.tar.zst.age", encrypted: { bytes: 4 } }];
    put("r2", "shop", `${base}.base.tar.zst.age`, "base");
    const manifest = { schema: 1, host: "shop", job: "orders", stamp: "20261125T020000Z", artifacts };
    put("r2", "shop", `${base}.json`, JSON.stringify({ ...manifest, copy: { verified: true } }));
    put("r2", "shop", "wal/shop/orders/7123-17/000000010000000000000001.20261125T115930Z.zst.age", "piece");
    put("box", "web", "wal/shop/orders/7123-17/000000010000000000000001.20261125T115930Z.zst.age", "of another host");
    const { out } = await granaryIn(directory, "status");
    expect(out).toContain("30 s behind");
    expect(out.match(/no piece of the log/g)).toHaveLength(2);
    expect(out.match(/no good base backup/g)).toHaveLength(2);
  });

  it("reads of a replica the newest record, with a key of its own, and believes only what has its form", async () => {
    const spaces = { ...example().copies.spaces, replica: { region: "ams3", schedule: "05:00" } };
    const copies = { ...example().copies, spaces };
    deploy({ shop: host(ORDERS) }, { ...READERS, "replica-spaces": S3 }, { copies });
    for (const copy of ["spaces", "r2", "box"] as const) backup(copy);
    const counts = { changedAtSource: { count: 0 }, vanishedAtSource: { count: 0 } };
    const record = { schema: 1, missing: 0, lagSeconds: 0, ...counts };
    const write = (stamp: string, change: object) =>
      put("replica", "", `replication/spaces/${stamp}.json`, JSON.stringify({ ...record, stamp, ...change }));
    write("20261124T050000Z", { lastComplete: "20261124T050000Z" });
    write("20261125T050000Z", { missing: 2, lagSeconds: 7200, lastComplete: "20261124T050000Z" });
    const first = await granaryIn(directory, "status");
    expect(first.out).toMatch(/^ {2}replica-spaces +replica +- +1 d .* ago +2 h behind +look$/m);
    expect(first.out).toContain("the run of 2026-11-25 05:00 UTC left 2 missing, 120 minutes behind");
    write("20261125T050000Z", { missing: "none" });
    const second = await granaryIn(directory, "status");
    expect(second.code).toBe(1);
    expect(second.out).toContain("the record replication/spaces/20261125T050000Z.json is none: look who wrote it");
    deploy({ shop: host(ORDERS) }, READERS, { copies });
    expect((await granaryIn(directory, "status")).out).toContain(
      "not known: the stack has no reader for it: run `pulumi up`",
    );
  });

  it("a copy that does not answer, or has no reader, is red and hides no other", async () => {
    deploy({ shop: host(ORDERS) }, { ...READERS, r2: undefined, box: { ...READERS.box, kind: "s3" } });
    everywhere();
    const { code, rows: all } = await rows();
    expect([code, all[0]]).toEqual([1, `spaces ${GOOD}`]);
    expect(all[1]).toContain("the stack has no reader for it: run `pulumi up` with this version first");
    expect(all[2]).toContain("the copy could not be read");
  });

  it("refuses a stack without readers, and arguments it does not know", async () => {
    deploy({ shop: host(ORDERS) });
    fake("pulumi", "echo '{}'");
    const { code, err } = await granaryIn(directory, "status");
    expect([code, err]).toEqual([1, expect.stringContaining("run `pulumi up` with this version first")]);
    expect((await granaryIn(directory, "status", "--stack", "a/b")).code).toBe(64);
    expect((await granaryIn(directory, "status", "--fast")).code).toBe(64);
  });

  it("writes a page of its own that loads nothing and lets nothing in", async () => {
    deploy({ shop: host(ORDERS) }, { ...READERS, box: { ...READERS.box, server: "<script>alert(1)</script>" } });
    everywhere();
    fake("rclone", "echo '<script>alert(1)</script>' >&2; exit 1");
    expect((await granaryIn(directory, "status", "--html", "status.html")).code).toBe(1);
    const page = readFileSync(join(directory, "status.html"), "utf8");
    expect(page).toContain("rclone lsjson: &#60;script&#62;alert(1)");
    expect(page).not.toMatch(/<script|<img|<link|url\(|https?:/);
    expect(page).toContain('<b class="red">BAD</b>');
  });

  it("of fifty hosts takes no more calls than of one, and a page of less than 100 KB", async () => {
    const names = Array.from({ length: 50 }, (_, i) => `shop${i}`);
    deploy(Object.fromEntries(names.map((name, i) => [name, { ...host(ORDERS), address: `203.0.113.${i + 10}` }])));
    for (const name of names) everywhere(name);
    const { code, err } = await granaryIn(directory, "status", "--html", "status.html");
    expect(code, err).toBe(0);
    const calls = readFileSync(join(directory, "calls"), "utf8").trim().split("\n");
    expect(calls.map((call) => call.split(" ")[0]).sort()).toEqual(
      ["copy", "copy", "copy", "help", "lsjson", "lsjson", "lsjson", "obscure"].sort(),
    );
    expect(readFileSync(join(directory, "status.html")).length).toBeLessThan(100_000);
  });
});

describe("granary watch", () => {
  const look = () => granaryIn(directory, "watch", "--state", "seen.json");

  it("tells what became red once, and that it is no longer, to the webhook as well", async () => {
    deploy({ shop: host(ORDERS) });
    const file = everywhere()[1]!;
    const told: string[] = [];
    let answer = 200;
    const server = createServer((request, response) => {
      request.on("data", (chunk: Buffer) => void told.push(chunk.toString()));
      request.on("end", () => response.writeHead(answer).end());
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    vi.stubEnv("GRANARY_WATCH_WEBHOOK", `http://127.0.0.1:${(server.address() as AddressInfo).port}/PLANTED`);
    try {
      expect(await look()).toEqual({ code: 0, out: "", err: "" });
      rmSync(file);
      answer = 500;
      const untold = await look();
      expect([untold.code, untold.err]).toEqual([
        1,
        expect.stringContaining("could not tell the webhook: answered 500"),
      ]);
      answer = 200;
      const first = await look();
      expect([first.code, first.out]).toEqual([
        1,
        expect.stringMatching(/^RED: shop\/orders in r2: no good backup; .*\n$/),
      ]);
      expect(await look()).toEqual({ code: 1, out: "", err: "" });
      backup("r2");
      expect(await look()).toEqual({ code: 0, out: "no longer red: shop/orders in r2\n", err: "told the webhook\n" });
      expect(told.map((text) => /RED|no longer/.exec(text)?.[0])).toEqual(["RED", "RED", "no longer"]);
      expect(untold.err + first.err).not.toContain("PLANTED");
    } finally {
      vi.unstubAllEnvs();
      server.close();
    }
  });

  it("tells by e-mail, with the password that the engine decrypts; what is red makes no header", async () => {
    const mail = new MailServer();
    mail.login = "granary:PLANTED";
    await mail.start("plain");
    try {
      const email = {
        server: `smtp://${mail.at}`,
        from: "a@shop.example",
        to: ["owner@shop.example"],
        user: "granary",
      };
      deploy({ shop: host(ORDERS) }, READERS, { alerts: { email } });
      const secrets = { "granary:alertSecrets": { value: '{"emailPassword":"PLANTED"}', secret: true } };
      const outputs = JSON.stringify({ readers: READERS });
      fake("pulumi", `[ "$1" = config ] && echo '${JSON.stringify(secrets)}' || echo '${outputs}'`);
      everywhere();
      expect(await granaryIn(directory, "watch", "--test")).toEqual({ code: 0, out: "", err: "told by e-mail\n" });
      fake("rclone", "printf 'Bcc: thief@x.example\\n\\n' >&2; exit 1");
      const { code, out, err } = await look();
      expect([code, err]).toEqual([1, "told by e-mail\n"]);
      expect(mail.mails.map(({ headers }) => headers["Subject"])).toEqual([
        "Backups of prod: a test",
        "Backups of prod: RED",
      ]);
      expect(mail.mails[1]).toMatchObject({ to: "owner@shop.example", body: `Backups of prod:\n${out}` });
      expect(mail.mails[1]!.headers).not.toHaveProperty("Bcc");
      rmSync(join(directory, "seen.json"));
      mail.refused = ["owner@shop.example"];
      const untold = await look();
      expect(untold.err).toContain("could not tell by e-mail: owner@shop.example was not told: curl ended with 55\n");
      expect(existsSync(join(directory, "seen.json"))).toBe(false);
    } finally {
      mail.close();
    }
  });

  it("refuses to test when there is nobody to tell", async () => {
    deploy({ shop: host(ORDERS) });
    expect(await granaryIn(directory, "watch", "--test")).toMatchObject({
      code: 1,
      err: expect.stringContaining("nobody to tell: set GRANARY_WATCH_WEBHOOK") as string,
    });
  });

  it("refuses to run without a memory, or with one that is none", async () => {
    deploy({ shop: host(ORDERS) });
    expect((await granaryIn(directory, "watch")).code).toBe(64);
    writeFileSync(join(directory, "seen.json"), "{");
    expect((await look()).err).toContain("is not what a look before left: remove it");
  });
});
