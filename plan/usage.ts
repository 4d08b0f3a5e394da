/** What a job asks of a copy in one month: space, operations, traffic. */
import type { BackupJob, Copy, Retention } from "../settings/schema.js";
import { growing, MONTH, runsPerDay, storedContinuous, storedTiers, type Size } from "./growth.js";

/** Of a month. */
export interface Usage {
  standardGiB: number;
  infrequentGiB: number;
  /** Writes and listings; deletes are free. */
  classA: number;
  /** Reads. */
  classB: number;
  /** Read from the copy: what was sent is read back. */
  outGiB: number;
}

/** GiB of one backup where nothing else is said: a small shop. Compressed, as it lies in a copy. */
export const DEFAULT_GIB: Readonly<Record<BackupJob["kind"] | "uploads", number>> = {
  postgres: 1,
  mariadb: 1,
  mysql: 1,
  files: 20,
  uploads: 20,
  source: 0.1,
  logs: 0.1,
  configs: 0.01,
};

/** What a database writes to its log in a day, as a share of its backup. */
export const LOG_SHARE = 0.05;
/** Pieces of the log in a month, if something is written all the time: one each 20 s. */
export const PIECES = (86_400 / 20) * MONTH;

/** Of rclone: up to its cutoff one request, above it parts of `--s3-chunk-size` (scripts/lib/copies.sh), begun and ended. */
const CUTOFF_MIB = 200;
const PART_MIB = 8;
/** Of restic: size of a pack, and what a run writes (index, snapshot, lock) and reads beside them. */
const PACK_MIB = 16;
const RUN_WRITES = 6;
const RUN_READS = 10;
/** The shop's own uploads, one by one. */
const UPLOAD_MIB = 1;

export const NOTHING: Usage = { standardGiB: 0, infrequentGiB: 0, classA: 0, classB: 0, outGiB: 0 };

export function add(one: Usage, other: Usage): Usage {
  return {
    standardGiB: one.standardGiB + other.standardGiB,
    infrequentGiB: one.infrequentGiB + other.infrequentGiB,
    classA: one.classA + other.classA,
    classB: one.classB + other.classB,
    outGiB: one.outGiB + other.outGiB,
  };
}

/** Requests that write one artifact. */
export function writes(gib: number): number {
  const mib = gib * 1024;
  return mib <= CUTOFF_MIB ? 1 : Math.ceil(mib / PART_MIB) + 2;
}

/** What a job asks of a copy in the month that ends `at` days from now. */
export function jobUsage(job: BackupJob, copy: Copy, size: Size, retention: Retention, at: number): Usage {
  const perDay = runsPerDay(job.schedule.times);
  if (job.kind === "files") return filesUsage(size, perDay * MONTH, at);
  const { standard, infrequent } = storedTiers(size, 1 / perDay, copy, retention, at);
  const runs = perDay * MONTH;
  // The first of a month and of a year is written twice more; an object of the monthly or annual tier moves once.
  const made = runs + Math.min(runs, 1) + Math.min(runs, 1) / 12;
  const moved = copy.kind === "r2" ? 2 * Math.min(runs, 1) * (1 + 1 / 12) : 0;
  const daily: Usage = {
    standardGiB: standard,
    infrequentGiB: infrequent,
    classA: made * (writes(size(at)) + 1) + moved,
    classB: made * 4,
    outGiB: made * size(at),
  };
  return "continuous" in job && job.continuous ? add(daily, logUsage(job, copy, size, retention, at)) : daily;
}

/** The continuous log, and base backups where there are any. */
function logUsage(job: BackupJob, copy: Copy, size: Size, retention: Retention, at: number): Usage {
  const log: Size = (day) => size(day) * LOG_SHARE;
  const usage: Usage = {
    ...NOTHING,
    standardGiB: storedContinuous(log, 1, copy, retention, at),
    classA: PIECES,
    classB: 3 * PIECES,
    outGiB: MONTH * log(at),
  };
  if (job.kind !== "postgres") return usage;
  const perDay = runsPerDay(job.baseSchedule.times);
  const runs = perDay * MONTH;
  return add(usage, {
    ...NOTHING,
    standardGiB: storedContinuous(size, 1 / perDay, copy, retention, at),
    classA: runs * (writes(size(at)) + 1),
    classB: runs * 4,
    outGiB: runs * size(at),
  });
}

/** A restic repository: as large as the files are, for few change. The first month sends all of them. */
function filesUsage(size: Size, runs: number, at: number): Usage {
  const sent = fresh(size, at);
  const packs = (sent * 1024) / PACK_MIB;
  return {
    ...NOTHING,
    standardGiB: size(at),
    classA: packs + runs * RUN_WRITES,
    classB: packs + runs * RUN_READS,
    outGiB: sent,
  };
}

/** A bucket of uploads, or its replica: as large as what the shop put there. */
export function uploadsUsage(gib: number, growth: number, at: number): Usage {
  const size = growing(gib, growth);
  const objects = (fresh(size, at) * 1024) / UPLOAD_MIB;
  return { ...NOTHING, standardGiB: size(at), classA: objects, classB: objects, outGiB: fresh(size, at) };
}

function fresh(size: Size, at: number): number {
  return at <= MONTH ? size(at) : size(at) - size(at - MONTH);
}
