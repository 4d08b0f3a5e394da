import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CONTINUOUS, TIERS } from "../../plan/keys.js";
import type { Backup, Inventory, Orphan, Piece } from "../../plan/held.js";
import { stampTime } from "../../plan/stamps.js";
import { rclone, type Remote } from "./remote.js";

/** One file of a listing. */
export interface Entry {
  Path: string;
  Size: number;
  ModTime: string;
}

/** What a copy's files are, by where they lie: on a box below the directory of the host. */
const BACKUP = /^([a-z][a-z0-9-]*)\/(daily|monthly|annual|base)\/\1\/([a-z][a-z0-9-]*)\/(?:([^/]+)\/)?([^/]+)$/;
const PIECE = /^([a-z][a-z0-9-]*)\/wal\/\1\/([a-z][a-z0-9-]*)\/([^/]+)\/[^/]+\.(\d{8}T\d{6}Z)\.zst\.age$/;
const NAME = /^(\d{8}T\d{6}Z)\.[\w.-]+$/;

const ALL = [...TIERS, ...CONTINUOUS];

/** Everything below the tiers of every host of a storage box, those that the settings no longer know included. */
export async function readInventory(remote: Remote): Promise<Inventory> {
  const listing = ["lsjson", "-R", "--files-only", "--no-mimetype", "--include", `/*/{${ALL.join(",")}}/**`];
  const entries = JSON.parse(await rclone(remote, [...listing, remote.root])) as Entry[];
  const directory = join(remote.scratch, "manifests");
  const manifests = entries.filter(({ Path }) => isManifest(Path)).map(({ Path }) => Path);
  if (manifests.length > 0) {
    const args = ["copy", "--no-traverse", "--files-from-raw", "-", remote.root, directory];
    await rclone(remote, args, `${manifests.join("\n")}\n`);
  }
  return inventoryOf(entries, (path) => readFileSync(join(directory, path), "utf8"));
}

const isManifest = (path: string): boolean => BACKUP.test(path) && path.endsWith(".json");

/** @param read the text of a manifest */
export function inventoryOf(entries: Entry[], read: (path: string) => string): Inventory {
  const inventory: Inventory = { backups: [], pieces: [], orphans: [], unparsable: [] };
  const files = new Map(entries.map((entry) => [entry.Path, entry]));
  const named = new Set<string>();
  for (const { Path } of entries.filter((entry) => isManifest(entry.Path))) {
    named.add(Path);
    const backup = backupOf(Path, files, read(Path));
    if (backup === undefined) inventory.unparsable.push(Path);
    else {
      inventory.backups.push(backup);
      for (const key of backup.keys) named.add(key);
    }
  }
  for (const entry of entries.filter(({ Path }) => !named.has(Path))) {
    const piece = pieceOf(entry);
    const orphan = orphanOf(entry);
    if (piece !== undefined) inventory.pieces.push(piece);
    else if (orphan !== undefined) inventory.orphans.push(orphan);
    else inventory.unparsable.push(entry.Path);
  }
  return inventory;
}

/** The parts of a manifest that are read here; what a host wrote is not believed before it was looked at. */
interface Manifest {
  schema?: unknown;
  host?: unknown;
  job?: unknown;
  created?: unknown;
  /** Of a base backup, in place of `created`. */
  stamp?: unknown;
  copy?: { verified?: unknown };
  artifacts?: { name?: unknown; encrypted?: { bytes?: unknown } }[];
}

/** undefined for a manifest that is none, or of something else than its name says. */
function backupOf(path: string, files: Map<string, Entry>, text: string): Backup | undefined {
  const [, host, tier, job, line, name] = BACKUP.exec(path) as unknown as [string, string, Backup["tier"], ...string[]];
  const stamp = name!.slice(0, -".json".length);
  const manifest = parsed(text);
  if (manifest === undefined || stampTime(stamp) === undefined || (tier === "base") !== (line !== undefined))
    return undefined;
  const told = tier === "base" ? manifest.stamp : manifest.created;
  const created = typeof told === "string" ? told.replace(/[-:]/g, "") : "";
  if (manifest.schema !== 1 || manifest.host !== host || manifest.job !== job || created !== stamp) return undefined;
  const directory = path.slice(0, -name!.length);
  const artifacts = (manifest.artifacts ?? []).map((it) => ({
    key: directory + String(it.name),
    bytes: it.encrypted?.bytes,
  }));
  if (!artifacts.every(({ key }) => NAME.exec(key.slice(directory.length))?.[1] === stamp)) return undefined;
  const there = artifacts.filter(({ key }) => files.has(key));
  const whole = artifacts.length > 0 && artifacts.every(({ key, bytes }) => files.get(key)?.Size === bytes);
  const keys = [path, ...there.map(({ key }) => key)];
  return {
    ...{ tier, host, job: job!, stamp, keys },
    ...(line === undefined ? {} : { line }),
    verified: manifest.copy?.verified === true && whole,
    bytes: keys.reduce((sum, key) => sum + files.get(key)!.Size, 0),
  };
}

function parsed(text: string): Manifest | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function pieceOf({ Path, Size }: Entry): Piece | undefined {
  const parts = PIECE.exec(Path);
  if (parts === null) return undefined;
  const [, host, job, line, stamp] = parts as unknown as [string, string, string, string, string];
  return { key: Path, host, job, line, stamp, bytes: Size };
}

/** A file with a stamp that no manifest names; `.partial` is what rclone calls an upload that runs. */
function orphanOf({ Path, Size, ModTime }: Entry): Orphan | undefined {
  const name = BACKUP.exec(Path)?.[5] ?? (/^[^/]+\/wal\//.test(Path) && Path.endsWith(".partial") ? Path : undefined);
  if (name === undefined || name.endsWith(".json")) return undefined;
  const stamp = NAME.exec(name)?.[1];
  if (stamp === undefined && !name.endsWith(".partial")) return undefined;
  return { key: Path, modified: Date.parse(ModTime), bytes: Size, ...(stamp === undefined ? {} : { stamp }) };
}
