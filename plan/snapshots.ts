/**
 * Snapshots of a restic repository, looked at from outside of the host that writes them. That host can add snapshots with
 * any time it likes, and `forget` believes their times: enough of them, or one in the future, and the good ones look
 * superfluous. So what is odd stops the forgetting. See restic's documentation, "Security considerations in append-only
 * mode".
 */
import type { Retention } from "../settings/schema.js";
import { CLOCK_TOLERANCE } from "./clock.js";
import { DAY } from "./stamps.js";

export interface Snapshot {
  id: string;
  /** By the host's clock, ms since 1970. */
  time: number;
  host: string;
  tags: string[];
}

/** What a repository held when it was last maintained. */
export interface RepositoryMemory {
  at: number;
  /** Ids of the snapshots that were left. */
  snapshots: string[];
  /** Of the newest one then, restored. */
  bytes: number;
  /** Which part of the data was read last, 1 to {@link READ_PARTS}. */
  part: number;
}

export interface RepositoryQuestion {
  host: string;
  job: string;
  snapshots: Snapshot[];
  /** Of the newest one, restored. */
  bytes: number;
  now: number;
  /** Absent: it was never maintained. */
  memory?: RepositoryMemory | undefined;
}

export interface OddSnapshots {
  what: "future-dated" | "back-dated" | "vanished" | "foreign" | "too many" | "shrunk";
  which: string[];
  message: string;
}

/** The data is read in so many parts, one a run: once a year, if that is once a month. */
export const READ_PARTS = 12;

/** Snapshots in 24 hours that are too many: a job runs once an hour at most, and may be run by hand. */
const TOO_MANY = 48;

/** A backup that is smaller by more than this part of the last one. */
const SHRUNK = 0.5;

/** Of each group the newest two stay, whatever their age: the same floor as elsewhere. `--keep-within` counts from the newest. */
export function forgetArguments(retention: Retention): string[] {
  return [
    ...["--group-by", "host,tags,paths", "--keep-last", "2"],
    ...["--keep-within", `${retention.dailyDays}d`],
    ...["--keep-monthly", String(retention.monthlyMonths)],
    ...["--keep-yearly", String(retention.annualYears)],
  ];
}

/** The part of the data to read this time. */
export function nextPart(memory: RepositoryMemory | undefined): number {
  return ((memory?.part ?? 0) % READ_PARTS) + 1;
}

export function oddSnapshots(question: RepositoryQuestion): OddSnapshots[] {
  const { snapshots, memory, now, bytes } = question;
  const ids = (test: (snapshot: Snapshot) => boolean): string[] => snapshots.filter(test).map(({ id }) => id);
  const known = new Set(memory?.snapshots);
  const there = new Set(snapshots.map(({ id }) => id));
  const before = memory?.at ?? -Infinity;
  const shrunk = memory !== undefined && bytes < memory.bytes * SHRUNK;
  const all: OddSnapshots[] = [
    {
      what: "future-dated",
      which: ids(({ time }) => time > now + CLOCK_TOLERANCE),
      message: "dated in the future: those before it would be forgotten",
    },
    {
      what: "back-dated",
      which: ids(({ id, time }) => !known.has(id) && time < before - DAY),
      message: "new, but dated before the last run: they could take the place of good ones",
    },
    {
      what: "vanished",
      which: [...known].filter((id) => !there.has(id)),
      message: "left by the last run and no longer there: something else forgets snapshots",
    },
    {
      what: "foreign",
      which: ids(({ host, tags }) => host !== question.host || !tags.includes(question.job)),
      message: `not of host ${question.host} and job ${question.job}`,
    },
    { what: "too many", which: crowd(snapshots), message: `more than ${TOO_MANY} within a day` },
    {
      what: "shrunk",
      which: shrunk ? [`${memory.bytes} to ${bytes} bytes`] : [],
      message: "the newest backup is less than half of what it was: look whether the files are still there",
    },
  ];
  return all.filter(({ which }) => which.length > 0);
}

/** Those that are too many for the 24 hours before them. */
function crowd(snapshots: Snapshot[]): string[] {
  const sorted = [...snapshots].sort((a, b) => a.time - b.time);
  return sorted
    .filter(({ time }, i) => {
      const earlier = sorted[i - TOO_MANY];
      return earlier !== undefined && time - earlier.time < DAY;
    })
    .map(({ id }) => id);
}
