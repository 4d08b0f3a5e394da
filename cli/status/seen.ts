/** From a listing and the newest manifests to what a copy holds. What a host wrote is not believed before it was looked at. */
import { repositoryPath } from "../../plan/box-homes.js";
import { stampTime } from "../../plan/stamps.js";
import type { Seen, SeenBackup } from "../../plan/status.js";

/** A file of a copy by its key, as a bucket has it; of a box without the directory of the host. */
export interface Item {
  key: string;
  bytes: number;
  /** Where it is below the root of the copy. */
  path: string;
}

const MANIFEST = /^(daily|base)\/([a-z][a-z0-9-]*)\/([a-z][a-z0-9-]*)\/(?:[^/]+\/)?(\d{8}T\d{6}Z)\.json$/;
const PIECE = /^wal\/([a-z][a-z0-9-]*\/[a-z][a-z0-9-]*)\/(?:[^/]+\/)+[^/]+\.(\d{8}T\d{6}Z)\.zst\.age$/;

/** So many manifests of a job are read: one that does not count must not hide the good one before it. */
const NEWEST = 3;

/** A manifest of a listing. */
export interface Found {
  item: Item;
  tier: "daily" | "base";
  host: string;
  job: string;
  stamp: string;
}

/** Every manifest, newest first; what only pretends to have a time in its name is none. */
export function manifestsOf(items: Item[]): Found[] {
  const all = items.flatMap((item) => {
    const parts = MANIFEST.exec(item.key);
    if (parts === null || stampTime(parts[4]!) === undefined) return [];
    const [, tier, host, job, stamp] = parts as unknown as [string, Found["tier"], string, string, string];
    return [{ item, tier, host, job, stamp }];
  });
  return all.sort((a, b) => (a.stamp < b.stamp ? 1 : -1));
}

/** Those of them whose text is needed. */
export function newestOf(manifests: Found[]): Found[] {
  const counts = new Map<string, number>();
  return manifests.filter(({ tier, host, job }) => {
    const id = `${tier}/${host}/${job}`;
    const before = counts.get(id) ?? 0;
    counts.set(id, before + 1);
    return before < NEWEST;
  });
}

/** @param read text of a manifest; undefined when it could not be read */
export function seenOf(
  items: Item[],
  manifests: Found[],
  read: (found: Found) => string | undefined,
): Record<string, Seen> {
  const files = new Map(items.map(({ key, bytes }) => [key, bytes]));
  const sizes = artifactBytes(items);
  const jobs: Record<string, Seen> = {};
  const of = (id: string): Seen => (jobs[id] ??= { backups: [], bases: [], bytes: [] });
  const needed = new Set(newestOf(manifests));
  for (const found of manifests) {
    const seen = of(`${found.host}/${found.job}`);
    if (found.tier === "daily") seen.bytes.push(sizes.get(found.item.key.slice(0, -".json".length)) ?? 0);
    if (!needed.has(found)) continue;
    const fault = faultOf(found, read(found), files);
    const backup: SeenBackup = { stamp: found.stamp, ...(fault === undefined ? {} : { fault }) };
    (found.tier === "daily" ? seen.backups : seen.bases).push(backup);
  }
  for (const { key } of items) {
    const [, id, stamp] = PIECE.exec(key) ?? [];
    if (id === undefined || stampTime(stamp!) === undefined) continue;
    const seen = of(id);
    if (seen.piece === undefined || seen.piece < stamp!) seen.piece = stamp!;
  }
  return jobs;
}

/** By the key up to the stamp: all that the backup of that time is made of, its manifest apart. */
function artifactBytes(items: Item[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { key, bytes } of items) {
    const start = /^(.*\/\d{8}T\d{6}Z)\./.exec(key)?.[1];
    if (start !== undefined && !key.endsWith(".json")) sums.set(start, (sums.get(start) ?? 0) + bytes);
  }
  return sums;
}

interface Manifest {
  schema?: unknown;
  host?: unknown;
  job?: unknown;
  created?: unknown;
  /** Of a base backup, in place of `created`. */
  stamp?: unknown;
  copy?: { verified?: unknown } | null;
  artifacts?: { name?: unknown; encrypted?: { bytes?: unknown } | null }[] | null;
  kind?: unknown;
  /** Of a files job, which has no artifacts. */
  snapshot?: unknown;
}

function faultOf(found: Found, text: string | undefined, files: Map<string, number>): string | undefined {
  const manifest = parsed(text);
  if (manifest === undefined) return "its manifest cannot be read";
  const { host, job, stamp } = found;
  // As in `granary maintain`: the manifest of a base backup tells its stamp, the others the time.
  const told = found.tier === "base" ? manifest.stamp : manifest.created;
  const created = typeof told === "string" ? told.replace(/[-:]/g, "") : undefined;
  if (manifest.schema !== 1 || manifest.host !== host || manifest.job !== job || created !== stamp)
    return "its manifest is of something else";
  if (manifest.copy?.verified !== true) return "it was not read back from this copy";
  if (manifest.kind === "files") return snapshotFault(found, manifest.snapshot, files);
  const artifacts = Array.isArray(manifest.artifacts) ? manifest.artifacts : [];
  if (artifacts.length === 0) return "its manifest names no artifact";
  const directory = found.item.key.slice(0, found.item.key.lastIndexOf("/") + 1);
  for (const artifact of artifacts) {
    const bytes = files.get(directory + String(artifact.name));
    if (bytes === undefined) return "an artifact that its manifest names is gone";
    if (bytes !== artifact.encrypted?.bytes) return "an artifact is not as long as its manifest says";
  }
  return undefined;
}

function snapshotFault({ host, job }: Found, snapshot: unknown, files: Map<string, number>): string | undefined {
  const key = `${repositoryPath(host, job)}/snapshots/${String(snapshot)}`;
  return files.has(key) ? undefined : "the snapshot that its manifest names is gone";
}

function parsed(text: string | undefined): Manifest | undefined {
  try {
    const value = JSON.parse(text ?? "") as unknown;
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
