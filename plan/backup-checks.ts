/**
 * What a list of backups tells before any is opened: that the newest is as new as the schedule claims, holds what its job
 * is for, and has not lost most of what earlier ones held. A restore cannot tell: an empty dump restores without an error.
 */
import type { BackupJob, Schedule } from "../settings/schema.js";
import type { Check } from "./check.js";
import { CLOCK_TOLERANCE } from "./clock.js";
import { lastDue } from "./due.js";
import { periodOf, stampOf } from "./stamps.js";

/** What is read of a manifest, as `granary-artifacts` prints it. Of each kind only its own fields are there. */
export interface Manifest {
  /** ISO 8601, UTC. */
  created: string;
  artifacts: { name: string; encrypted: { bytes: number; sha256: string } }[];
  /** By table. */
  rows?: Record<string, number>;
  database?: { name: string };
  files?: number;
  refs?: Record<string, string>;
}

/** A run may take so long before it counts as late. */
const GRACE = 6 * 3_600_000;
/** The newest backup must hold this share of what the fullest of the ones before it held. */
const SHARE = 0.5;

export interface Looked {
  job: string;
  settings: BackupJob;
  /** The job's real one, apart from the others of its host. */
  schedule: Schedule;
  now: Date;
  /** Valid manifests of the copy, in any order. */
  manifests: Manifest[];
  /** Stamps of the copy's monthly tier. */
  monthly: string[];
}

/** The backup a drill restores: the newest. */
export function newestBackup(manifests: Manifest[]): Manifest | undefined {
  return [...manifests].sort(byTime).at(-1);
}

/** All that the list of a job's backups in one copy must hold; every check is made, whether the others pass or not. */
export function backupChecks(looked: Looked): Check[] {
  const { job, settings, manifests } = looked;
  const newest = newestBackup(manifests);
  if (newest === undefined) return [failed(`${job}: there is a backup`, "one at least", "none with a valid manifest")];
  const earlier = manifests.filter((one) => one !== newest);
  return [
    age(looked, newest),
    ...(mayBeEmpty(settings) ? [] : [content(job, newest)]),
    ...("database" in settings ? [database(job, settings.database, newest)] : []),
    shrunk(job, newest, earlier),
    vanished(job, newest, earlier),
    replayed(job, newest, earlier),
    // A repository of files keeps its months itself.
    ...(settings.kind === "files" ? [] : [month(looked, newest)]),
  ];
}

/** The server's own maintenance database, in which nobody need have anything; its backup is one of the roles. */
function mayBeEmpty(settings: BackupJob): boolean {
  return settings.kind === "postgres" && settings.database === "postgres";
}

function age({ job, schedule, now }: Looked, { created }: Manifest): Check {
  const due = lastDue(schedule, new Date(now.getTime() - GRACE));
  const at = Date.parse(created);
  const ok = at >= due.getTime() && at <= now.getTime() + CLOCK_TOLERANCE;
  return {
    name: `${job}: as new as its schedule`,
    ok,
    expected: `${iso(due)} or newer, not in the future`,
    actual: created,
  };
}

function content(job: string, newest: Manifest): Check {
  const { count, unit } = amount(newest);
  return { name: `${job}: is not empty`, ok: count > 0, expected: `some ${unit}`, actual: `${count} ${unit}` };
}

function database(job: string, expected: string, { database: found }: Manifest): Check {
  const actual = found?.name ?? "none named";
  return { name: `${job}: is of its database`, ok: actual === expected, expected, actual };
}

function shrunk(job: string, newest: Manifest, earlier: Manifest[]): Check {
  const { count, unit } = amount(newest);
  const most = Math.max(0, ...earlier.map((one) => amount(one).count));
  const name = `${job}: did not shrink to less than half`;
  return { name, ok: count >= most * SHARE, expected: `at least half of ${most} ${unit}`, actual: `${count} ${unit}` };
}

/** Against the backup before it alone: a table that is dropped on purpose fails one drill, which says so. */
function vanished(job: string, newest: Manifest, earlier: Manifest[]): Check {
  const before = Object.keys(newestBackup(earlier)?.rows ?? {});
  const gone = before.filter((table) => !(table in (newest.rows ?? {})));
  const name = `${job}: every table of the backup before`;
  return { name, ok: gone.length === 0, expected: "none is missing", actual: gone.join(", ") || "none is missing" };
}

/** age makes another file of the same content each time: the same one under two stamps was put there. */
function replayed(job: string, newest: Manifest, earlier: Manifest[]): Check {
  const known = new Map(earlier.flatMap((one) => one.artifacts.map((it) => [it.encrypted.sha256, it.name] as const)));
  const same = newest.artifacts.flatMap(({ encrypted }) => known.get(encrypted.sha256) ?? []);
  const name = `${job}: is not an older backup with a new date`;
  return {
    name,
    ok: same.length === 0,
    expected: "artifacts of its own",
    actual: same.join(", ") || "artifacts of its own",
  };
}

function month({ job, monthly }: Looked, { created }: Manifest): Check {
  const period = periodOf("monthly", stampOf(Date.parse(created)));
  const found = monthly.filter((stamp) => stamp.startsWith(period));
  const name = `${job}: this month's backup is kept for the year`;
  return { name, ok: found.length === 1, expected: `one of ${period}`, actual: found.join(", ") || "none" };
}

/** What a backup holds, in the unit of its kind. */
function amount({ rows, files, refs }: Manifest): { count: number; unit: string } {
  if (rows !== undefined) return { count: Object.values(rows).reduce((sum, n) => sum + n, 0), unit: "rows" };
  if (files !== undefined) return { count: files, unit: "files" };
  return { count: Object.keys(refs ?? {}).length, unit: "refs" };
}

const byTime = (a: Manifest, b: Manifest): number => Date.parse(a.created) - Date.parse(b.created);
const iso = (date: Date): string => date.toISOString().slice(0, 19) + "Z";
const failed = (name: string, expected: string, actual: string): Check => ({ name, ok: false, expected, actual });
