/**
 * What the tests of sabotaged backups share: the drill's own look and restore, on a host of the harness instead of a staging
 * server, and the ways to spoil what is in its copy `a`.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseBackups } from "../../cli/drill/backups.js";
import { remoteBy } from "../../cli/remote.js";
import { restoreJob } from "../../cli/drill/restore.js";
import { Evidence } from "../../cli/evidence/evidence.js";
import { parseSettings } from "../../settings/parse.js";
import type { Host, Manifest } from "../scripts/harness.js";
import { example } from "../settings/example.js";

/** Looks at and restores the newest backup of the only job, `orders`, in copy `a`. @returns the failed checks; none: green */
export async function drill(host: Host, job: object, identity = host.keys.identity): Promise<string[]> {
  const raw = { ...example(), hosts: { shop: { ...example().hosts.shop, jobs: { orders: job } } } };
  const directory = mkdtempSync(join(tmpdir(), "drill-"));
  const evidence = new Evidence("drill", "shop", directory);
  const remote = remoteBy(async ([script, ...args], stdin) => {
    // A directory that the drill names is one of the harness's.
    const inside = args.map((arg) => (arg.startsWith("/opt/") ? join(host.root, arg) : arg));
    const { code, stdout, stderr } = await host.run(script!, inside, stdin);
    return { code: code ?? 1, stdout, err: stderr };
  });
  try {
    const chosen = await chooseBackups(remote, parseSettings(raw).hosts["shop"]!, "a", evidence);
    for (const one of chosen) await restoreJob(remote, one, "a", identity, evidence);
    const { record } = await evidence.finish("done");
    const failed = [...record.checks, ...record.targets].filter(({ ok }) => !ok);
    if (record.ok !== (failed.length === 0)) throw new Error("the record's verdict is not that of its checks");
    return failed.map((it) => `${it.name}: ${"actual" in it ? it.actual : String(it.found)}`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const folder = (host: Host, tier = "daily"): string => join(host.root, "a", tier, "shop/orders");

/** Stamps of the backups, oldest first. */
export const stamps = (host: Host): string[] =>
  readdirSync(folder(host))
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -5))
    .sort();

export const newest = (host: Host): string => stamps(host).at(-1)!;
export const artifact = (host: Host, stamp: string, role: string): string =>
  join(folder(host), `${stamp}.${role}.zst.age`);
const manifestFile = (host: Host, stamp: string): string => join(folder(host), `${stamp}.json`);

export function changeManifest(host: Host, stamp: string, change: (manifest: Manifest) => void): void {
  const file = manifestFile(host, stamp);
  const manifest = JSON.parse(readFileSync(file, "utf8")) as Manifest;
  change(manifest);
  writeFileSync(file, JSON.stringify(manifest));
}

/** Gives a backup another time: names, and what the manifest says. */
export function restamp(host: Host, from: string, to: string): void {
  changeManifest(host, from, (manifest) => {
    manifest.created = to.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z");
    for (const it of manifest.artifacts) it.name = it.name.replace(from, to);
  });
  for (const name of readdirSync(folder(host)).filter((it) => it.startsWith(from)))
    renameSync(join(folder(host), name), join(folder(host), name.replace(from, to)));
}

/** An artifact opened, changed and sealed again to a recipient, with a manifest that fits. */
export function reseal(host: Host, role: string, recipient: string, change: (text: string) => string): void {
  const stamp = newest(host);
  const file = artifact(host, stamp, role);
  const opened = execFileSync("bash", ["-c", `age -d -i <(cat) "$0" | zstd -dcq`, file], { input: host.keys.identity });
  const packed = execFileSync("zstd", ["-cq", "-1"], {
    input: Buffer.from(change(opened.toString("latin1")), "latin1"),
  });
  const sealed = execFileSync("age", ["-r", recipient], { input: packed });
  writeFileSync(file, sealed);
  const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");
  changeManifest(host, stamp, ({ artifacts }) => {
    const it = artifacts.find(({ name }) => name === `${stamp}.${role}.zst.age`)!;
    it.plain = { bytes: packed.length, sha256: sha256(packed) };
    it.encrypted = { bytes: sealed.length, sha256: sha256(sealed) };
  });
}

export const remove = (host: Host, stamp: string): void => {
  for (const name of readdirSync(folder(host)).filter((it) => it.startsWith(stamp))) rmSync(join(folder(host), name));
};
