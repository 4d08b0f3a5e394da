/** The figures of a job's backups, from what a copy holds: with credentials that can only read, and without an identity. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { artifactsHome } from "../../plan/box-homes.js";
import { prefix } from "../../plan/keys.js";
import type { Repository } from "../../plan/retention.js";
import type { Figures } from "../../plan/scan.js";
import { lastLine, run, type Remote } from "../maintain/remote.js";
import { changeBetween, storedShare } from "./repository.js";

/** A manifest as far as it is read here; what a host wrote is not believed before it was looked at. */
interface Manifest {
  stamp: string;
  bytes: number;
  stored?: number;
  rows?: Record<string, number>;
  files?: number;
  /** Of a files job. */
  snapshot?: string;
}

/** rclone's code for a directory that is not there: nothing was written to it yet. */
const NO_DIRECTORY = 3;

/**
 * Of the newest `last` daily backups of a job, oldest first.
 * @param password of its restic repository; undefined: it has none, or nobody tells
 * @throws Error when the copy cannot be read, or a snapshot that a manifest names
 */
export async function figuresOf(
  remote: Remote,
  job: Repository,
  last: number,
  password: string | undefined,
): Promise<Figures[]> {
  const manifests = (await manifestsOf(remote, job)).slice(-last);
  const all: Figures[] = [];
  for (const [i, { snapshot, ...figures }] of manifests.entries()) {
    const before = manifests[i - 1]?.snapshot;
    if (snapshot === undefined || password === undefined) {
      all.push(figures);
      continue;
    }
    const repository = { ...job, remote, password };
    const stored = await storedShare(repository, snapshot, figures.bytes);
    const change = before === undefined ? {} : { change: await changeBetween(repository, before, snapshot) };
    all.push({ ...figures, stored, ...change });
  }
  return all;
}

/** Every daily manifest of a job, oldest first, those that are of something else left out. */
async function manifestsOf(remote: Remote, { host, job }: Repository): Promise<Manifest[]> {
  const home = remote.copy.kind === "storageBox" ? `${artifactsHome(host)}/` : "";
  const to = join(remote.scratch, "manifests", job);
  const from = `${remote.root}${home}${prefix("daily", host, job)}`;
  const args = ["copy", "--include", "/*.json", "--max-depth", "1", "--transfers", "16", from, to];
  const { code, err } = await run("rclone", args, remote.env);
  if (code === NO_DIRECTORY) return [];
  if (code !== 0) throw new Error(`copy ${remote.name}: rclone copy: ${lastLine(err)}`);
  return names(to)
    .sort()
    .flatMap((name) => manifestOf(readFileSync(join(to, name), "utf8"), { host, job }, name.slice(0, -".json".length)));
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // Nothing was there to be copied.
  }
}

/** None of a text that is no manifest, or one of something else than its name says. */
export function manifestOf(text: string, { host, job }: Repository, stamp: string): Manifest[] {
  const raw = parsed(text);
  if (raw === undefined || raw["schema"] !== 1 || raw["host"] !== host || raw["job"] !== job) return [];
  if (String(raw["created"]).replace(/[-:]/g, "") !== stamp) return [];
  const packed = (Array.isArray(raw["artifacts"]) ? (raw["artifacts"] as unknown[]) : [])
    .map((artifact) => number((artifact as { plain?: { bytes?: unknown } } | null)?.plain?.bytes) ?? 0)
    .reduce((all, bytes) => all + bytes, 0);
  const dump = number(raw["dumpBytes"]);
  const files = number(raw["files"]);
  const snapshot =
    raw["kind"] === "files" && /^[0-9a-f]{64}$/.test(String(raw["snapshot"])) ? String(raw["snapshot"]) : undefined;
  return [
    {
      ...{ stamp, bytes: dump ?? number(raw["bytes"]) ?? packed },
      ...(dump === undefined || dump === 0 ? {} : { stored: packed / dump }),
      ...(isCounts(raw["rows"]) ? { rows: raw["rows"] } : {}),
      ...(files === undefined ? {} : { files }),
      ...(snapshot === undefined ? {} : { snapshot }),
    },
  ];
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const number = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;

const isCounts = (value: unknown): value is Record<string, number> =>
  typeof value === "object" && value !== null && Object.values(value).every((count) => number(count) !== undefined);
