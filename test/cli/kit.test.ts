import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { fingerprint, withoutLogin } from "../../cli/kit/facts.js";
import { example, HOST_KEY, RECIPIENTS } from "../settings/example.js";
import { granaryIn } from "./granary.js";

const JOBS = {
  orders: { kind: "postgres", container: "db", database: "my$db", continuous: true },
  blog: { kind: "mysql", database: "blog" },
  media: { kind: "files", paths: ["/opt/uploads"] },
  redis: { kind: "cache" },
};
const OUTPUTS = {
  hosts: { shop: { address: "198.51.100.7", hostKey: HOST_KEY, sshPort: 22 } },
  maintenance: {
    copies: {
      spaces: { kind: "s3", accessKeyId: "AK", secretAccessKey: "PLANTED-SPACES" },
      box: { kind: "box", server: "u1004.your-storagebox.de", username: "u1004" },
    },
    passwords: { shop: "PLANTED-REPOSITORY" },
  },
};

let directory: string;
let path: string | undefined;

function fake(name: string, script: string): void {
  const file = join(directory, "bin", name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

async function granary(...args: string[]): Promise<{ code: number; out: string; err: string; page: string }> {
  const said = await granaryIn(directory, "kit", ...args);
  const file = join(directory, "kit.html");
  return { ...said, page: existsSync(file) ? readFileSync(file, "utf8") : "" };
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "granary-kit-"));
  mkdirSync(join(directory, "bin"));
  const raw = example();
  const spaces = { ...raw.copies.spaces, replica: { region: "ams3" } };
  const config = { ...raw, copies: { ...raw.copies, spaces }, hosts: { shop: { ...raw.hosts.shop, jobs: JOBS } } };
  const named = Object.entries({ ...config, smoke: undefined }).filter(([, value]) => value !== undefined);
  writeFileSync(
    join(directory, "Pulumi.prod.yaml"),
    stringify({ config: Object.fromEntries(named.map(([key, value]) => [`granary:${key}`, value])) }),
  );
  writeFileSync(join(directory, "package.json"), '{ "version": "7.8.9" }');
  fake(
    "pulumi",
    `case $1 in stack) /bin/cat <<'END'\n${JSON.stringify(OUTPUTS)}\nEND\n;; whoami) echo '{"url":"https://owner:PLANTED-TOKEN@state.example/x"}' ;; version) echo v3.250.0 ;; esac`,
  );
  fake(
    "git",
    `case "$*" in "rev-parse HEAD") echo ${"a1".repeat(20)} ;; *remote*) echo https://x:PLANTED@git.example/s.git ;; esac`,
  );
  path = process.env["PATH"];
  process.env["PATH"] = `${join(directory, "bin")}:/usr/bin:/bin`;
});
afterEach(() => {
  process.env["PATH"] = path;
  rmSync(directory, { recursive: true });
});

describe("granary kit", () => {
  it("says where everything is, and holds no secret", async () => {
    const { code, out, page } = await granary("--out", "kit.html", "--contact", "Owner: +221 33 000 00 00");
    expect(code).toBe(0);
    expect(out).toContain(`${join(directory, "kit.html")}: print it`);
    const facts = ["Stack prod, 2026-11-25", "198.51.100.7", fingerprint(HOST_KEY), "Granary 7.8.9", "v3.250.0"];
    const places = ["kolonell-backups-replica, region ams3", "u1004.your-storagebox.de, port 23", "kolonell-archive"];
    const origin = ["https://git.example/s.git", "https://state.example/x", "a1".repeat(20)];
    for (const text of [...facts, ...places, ...origin, ...RECIPIENTS, "<td>Owner</td><td>+221 33 000 00 00</td>"])
      expect(page).toContain(text);
    expect(page).not.toMatch(/PLANTED|AGE-SECRET-KEY-1\w/);
    expect(page).not.toContain("u_______");
  });

  it("is one file that loads nothing, with commands for every job and copy", async () => {
    const { page } = await granary("--out", "kit.html");
    expect(page).not.toMatch(/(src|href)=|@import|url\(/);
    expect(page.length).toBeLessThan(100_000);
    const titles = [...page.matchAll(/<h3>([^<]*)/g)].map(([, title]) => title);
    expect(titles).toEqual([
      "Programs",
      "A place, and the identity",
      ...["spaces", "r2", "box", "spaces, replica"].map((name) => `A way in to copy ${name}`),
      ...["spaces", "r2", "box", "spaces, replica"].map((name) => `Server shop, from copy ${name}`),
      "orders: the PostgreSQL database my$db",
      "orders, to the minute: the whole server, from a base backup and its log",
      "blog: the MySQL database blog",
      "media: files, with restic",
      "The code, the state, the passphrase",
    ]);
    expect(page).toContain("pg_restore -j 2 --exit-on-error --no-tablespaces -d &#39;my$db&#39; ");
  });

  it("is made of the settings alone when asked, with blanks for what only the stack knows", async () => {
    fake("pulumi", "exit 1");
    fake("git", "exit 1");
    const { code, page } = await granary("--out", "kit.html", "--without-stack");
    expect(code).toBe(0);
    expect(page).toContain("u_______.your-storagebox.de");
    expect(page).toContain("203.0.113.10");
    expect(page).toMatch(/<td>commit<\/td><td class="blank">/);
  });

  it.each([
    [[], "--out FILE.html is missing"],
    [["--out", "kit.pdf"], "use a name that ends in .html"],
    [["--out", "kit.html", "--stack", "../x"], 'bad stack name "../x"'],
    [["--out", "kit.html", "more"], "Unexpected argument 'more'"],
  ])("%j is wrong usage, and nothing is written", async (args, message) => {
    const { code, err, page } = await granary(...args);
    expect([code, page]).toEqual([64, ""]);
    expect(err).toContain(message);
  });

  it("fails when the stack cannot be read, before anything is written", async () => {
    fake("pulumi", "echo 'error: no stack named prod' >&2; exit 255");
    const { code, err, page } = await granary("--out", "kit.html");
    expect([code, page]).toEqual([1, ""]);
    expect(err).toContain("no stack named prod");
  });

  it("prints a PDF with the browser that is there, and says so when there is none or it fails", async () => {
    const args = ["--out", "kit.html", "--pdf"];
    process.env["PATH"] = join(directory, "bin");
    expect((await granary(...args)).err).toContain("no Chromium is on the PATH: open the page in any browser");
    fake("chromium", 'for word in "$@"; do case $word in --print-to-pdf=*) echo "$word" >"${word#*=}" ;; esac; done');
    const { code, out } = await granary(...args);
    expect([code, out]).toEqual([0, expect.stringContaining(`${join(directory, "kit.pdf")}\n`)]);
    expect(existsSync(join(directory, "kit.pdf"))).toBe(true);
    fake("chromium", "echo 'no display' >&2; exit 3");
    expect(await granary(...args)).toMatchObject({ code: 1, err: expect.stringContaining("no display") as string });
  });
});

describe("what the kit says", () => {
  it("has fingerprints as ssh-keygen shows them", () => {
    // GitHub's published key and fingerprint.
    const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    expect(fingerprint(key)).toBe("SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
  });

  it.each([
    ["https://user:token@git.example/a.git", "https://git.example/a.git"],
    ["https://token@git.example/a.git", "https://git.example/a.git"],
    ["ssh://git@git.example/a.git", "ssh://git@git.example/a.git"],
    ["git@git.example:a.git", "git@git.example:a.git"],
    ["file://~", "file://~"],
    ["s3://bucket?region=fra1", "s3://bucket?region=fra1"],
  ])("%s is shown as %s", (url, shown) => {
    expect(withoutLogin(url)).toBe(shown);
  });
});
