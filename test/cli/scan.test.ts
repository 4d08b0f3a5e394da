/** `granary scan` with the real rclone and restic, on a copy that is a directory. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createCipheriv, randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { manifestOf } from "../../cli/scan/read.js";
import { changeOf } from "../../cli/scan/repository.js";
import { beforeOf } from "../../cli/scan/text.js";
import { judge } from "../../plan/scan.js";
import { quickRepository } from "../scripts/quick-repository.js";
import { example } from "../settings/example.js";
import { granaryIn } from "./granary.js";

const PASSWORD = "the repositories' PASSWORD";
const S3 = { kind: "s3", accessKeyId: "A", secretAccessKey: "PLANTED-KEY" };

let directory: string;
let bucket: string;
let path: string | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "granary-"));
  bucket = join(directory, "r2/kolonell-archive");
  mkdirSync(bucket, { recursive: true });
  path = process.env["PATH"];
  const rclone = execFileSync("sh", ["-c", "command -v rclone"], { encoding: "utf8" }).trim();
  const alias = `export RCLONE_CONFIG_R2_TYPE=alias RCLONE_CONFIG_R2_REMOTE="${directory}/r2"`;
  fake("rclone", `${alias}\nexec ${rclone} "$@"`);
  process.env["PATH"] = `${directory}:${path}`;
  const raw = { ...example(), hosts: { shop: { ...example().hosts.shop, jobs: JOBS } } };
  const config = Object.fromEntries(Object.entries(raw).map(([key, value]) => [`granary:${key}`, value as unknown]));
  writeFileSync(join(directory, "Pulumi.prod.yaml"), stringify({ config }));
  const outputs = { readers: { r2: S3 }, maintenance: { copies: {}, passwords: { shop: PASSWORD } } };
  fake("pulumi", `cat <<'OUTPUTS'\n${JSON.stringify(outputs)}\nOUTPUTS`);
});
afterEach(() => {
  process.env["PATH"] = path;
  rmSync(directory, { recursive: true });
});

const JOBS = {
  orders: { kind: "postgres", database: "mydb" },
  media: { kind: "files", paths: ["/opt/uploads"] },
};

function fake(name: string, script: string): void {
  writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, name), 0o755);
}

const stamp = (day: number): string => `202611${day}T030000Z`;
const time = (day: number): string => `2026-11-${day}T03:00:00Z`;

function manifest(job: string, day: number, facts: object): void {
  const to = join(bucket, `daily/shop/${job}`);
  mkdirSync(to, { recursive: true });
  const text = { schema: 1, host: "shop", job, created: time(day), artifacts: [], ...facts };
  writeFileSync(join(to, `${stamp(day)}.json`), JSON.stringify(text));
}

/** A dump of a shop with so many orders, of which compression leaves a quarter. */
function dump(day: number, orders: number): void {
  const plain = { bytes: orders * 100 };
  const rows = { "shop.orders": orders, "shop.customers": 500 };
  manifest("orders", day, { kind: "postgres", artifacts: [{ plain }], dumpBytes: orders * 400, rows });
}

const restic = (...args: string[]): string =>
  execFileSync("restic", ["-r", join(bucket, "files/shop/media"), "--no-cache", ...args], {
    env: { ...process.env, RESTIC_PASSWORD: PASSWORD },
    cwd: directory,
    encoding: "utf8",
  });

/** The uploads as they are now, saved as the host does it. */
function save(day: number): void {
  const summary = restic(
    "backup",
    "--json",
    "--host",
    "shop",
    "--tag",
    "media",
    "--time",
    time(day).replace(/[TZ]/g, " ").trim(),
    "uploads",
  );
  const { snapshot_id } = JSON.parse(summary.trim().split("\n").at(-1)!) as { snapshot_id: string };
  const ids = JSON.parse(restic("snapshots", "--json")) as { id: string }[];
  const snapshot = ids.find(({ id }) => id.startsWith(snapshot_id))!.id;
  manifest("media", day, { kind: "files", snapshot, bytes: FILES * 3000, files: FILES });
}

const FILES = 60;
const upload = (n: number): string => join(directory, `uploads/${n}.svg`);

function openRepository(): void {
  mkdirSync(join(directory, "uploads"));
  mkdirSync(join(bucket, "files/shop"), { recursive: true });
  quickRepository(join(bucket, "files/shop/media"), PASSWORD);
  for (let n = 0; n < FILES; n++) writeFileSync(upload(n), `<svg>${`<path d="M ${n} 0"/>`.repeat(150)}</svg>`);
}

/** As ransomware does it: same name, same size, another key each time. */
function encrypt(n: number): void {
  const cipher = createCipheriv("aes-256-ctr", randomBytes(32), randomBytes(16));
  writeFileSync(upload(n), cipher.update(readFileSync(upload(n))));
}

describe("granary scan", () => {
  it("finds uploads that were encrypted in place, and suggests the backup before", async () => {
    openRepository();
    for (const day of [20, 21, 22, 23]) {
      writeFileSync(upload(day), `<svg>of day ${day}</svg>`);
      save(day);
      dump(day, 1000 + day);
    }
    for (let n = 0; n < FILES; n++) encrypt(n);
    save(24);
    dump(24, 1024);
    const { code, out, err } = await granaryIn(directory, "scan", "shop");
    expect(err).toBe("");
    expect(out).toMatch(/2026-11-23T03:00:00Z .* 0 +1 +0\n/);
    expect(out).toMatch(/2026-11-24T03:00:00Z .* 0 +60 +0 +!! compresses worse: .*; rewritten: 100.0 % of the files/);
    expect(out).toContain(`suspicious: media; clean as far as these figures tell: ${time(23)}\n`);
    expect(out).toContain(`granary recover shop --clean-room --before ${time(23)} --identity FILE`);
    expect(code).toBe(1);
  }, 30_000);

  it("finds a table that was emptied, as JSON, and leaves out what was looked into", async () => {
    for (const day of [20, 21, 22, 23]) dump(day, 1000 + day);
    dump(24, 0);
    for (const day of [25, 26, 27, 28]) dump(day, 1000);
    const { code, out } = await granaryIn(directory, "scan", "shop", "orders", "--json");
    expect(code).toBe(1);
    const { before, jobs } = JSON.parse(out) as { before: string; jobs: { backups: { verdict: string }[] }[] };
    expect(before).toBe(time(23));
    expect(jobs[0]!.backups.map(({ verdict }) => verdict)).toEqual([
      ...["first", "first", "first", "clean", "suspicious"],
      ...["clean", "clean", "clean", "clean"],
    ]);
    const later = await granaryIn(directory, "scan", "shop", "orders", "--since", time(25));
    expect(later.code).toBe(0);
    expect(later.out).toContain(`nothing is suspicious; the newest backup is of ${time(28)}`);
  });

  it("tells of a job that has no backup, and one that cannot be read, beside the others", async () => {
    dump(20, 1000);
    manifest("media", 20, { kind: "files", snapshot: "0".repeat(64), bytes: 1, files: 1 });
    const { code, out } = await granaryIn(directory, "scan", "shop");
    expect(code).toBe(1);
    expect(out).toContain("media in r2\n  cannot be read: copy r2: repository shop/media: restic stats: Fatal:");
    expect(out).toContain("(nothing to compare with)");
    rmSync(join(bucket, "daily/shop/media"), { recursive: true });
    expect((await granaryIn(directory, "scan", "shop", "media")).out).toContain("media in r2\n  no backup\n");
  });

  it.each([
    [["nohost"], /name one host: shop/],
    [["shop", "nojob"], /host shop backs up no "nojob": use one of orders, media/],
    [["shop", "--copy", "x"], /there is no copy "x"/],
    [["shop", "--last", "3"], /--last "3" is no number from 4 to 400/],
    [["shop", "--since", "soon"], /--since "soon" is no time/],
  ])("refuses %j", async (args, message) => {
    const { code, err } = await granaryIn(directory, "scan", ...args);
    expect([code, err]).toEqual([64, expect.stringMatching(message)]);
  });
});

describe("what is read", () => {
  const job = { host: "shop", job: "orders" };
  const whole = { schema: 1, ...job, created: time(20), artifacts: [{ plain: { bytes: 10 } }] };

  it.each([
    ["no JSON", "{"],
    ["another job's", JSON.stringify({ ...whole, job: "media" })],
    ["another time's", JSON.stringify({ ...whole, created: time(21) })],
  ])("is not %s", (_, text) => expect(manifestOf(text, job, stamp(20))).toEqual([]));

  it("leaves out what is no figure", () => {
    const odd = { ...whole, dumpBytes: -1, files: "many", rows: { "shop.orders": "all" }, snapshot: "; rm" };
    expect(manifestOf(JSON.stringify(odd), job, stamp(20))).toEqual([{ stamp: stamp(20), bytes: 10 }]);
  });

  it("is files, not directories; of a rename the new ending", () => {
    const line = (modifier: string, file: string) => JSON.stringify({ message_type: "change", modifier, path: file });
    const out = [
      line("-", "/a/1.jpg"),
      line("+", "/a/1.jpg.LOCKED"),
      line("+", "/b/"),
      line("M", "/c"),
      line("U", "/d"),
    ];
    expect(changeOf(out.join("\n"))).toEqual({
      ...{ added: 1, changed: 1, removed: 1 },
      ending: { name: ".locked", files: 1 },
    });
  });
});

describe("the time for all jobs", () => {
  const clean = (from: number, days: number) =>
    Array.from({ length: days }, (_, i) => ({ stamp: stamp(from + i), bytes: 1000 }));
  const scanned = (job: string, figures: { stamp: string; bytes: number }[]) => ({
    ...{ job, copy: "r2", backups: judge(figures) },
  });

  it("is that of the job that was hit first", () => {
    const early = scanned("a", [...clean(10, 5), { stamp: stamp(15), bytes: 1 }]);
    const late = scanned("b", [...clean(10, 8), { stamp: stamp(18), bytes: 1 }]);
    expect(beforeOf([late, early, scanned("c", clean(10, 15))])).toBe(time(14));
  });

  it("is none where there is no backup", () => expect(beforeOf([scanned("a", [])])).toBeUndefined());
});
