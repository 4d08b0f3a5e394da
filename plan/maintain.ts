/**
 * What may go from a copy that expires nothing by itself. Pure: what is there, what an earlier run remembered and a trusted
 * clock go in, a decision comes out. The rules, and why:
 *
 * - A tier's time is over: it may go. Ages count from the host's own stamp, unless that cannot be right: a stamp in the
 *   future, or one from before the last run on something that run did not see. Then they count from the run that first
 *   saw it, as a store's lifecycle would, so a wrong clock neither removes a backup early nor keeps it for ever.
 * - The newest {@link FLOOR} verified backups of a job never go, in whatever tier they are. What is dated in the future
 *   does not count as one of them. The newest base backup never goes, and no log that a kept base backup needs.
 * - What is odd is reported; the caller stops.
 */
import type { Retention } from "../settings/schema.js";
import { CLOCK_TOLERANCE } from "./clock.js";
import { decidePieces, type KeptLog } from "./maintain-log.js";
import { idOf, type Backup, type Inventory, type Orphan, type Owner } from "./held.js";
import { ABORT_MULTIPART_DAYS, tierDays } from "./retention.js";
import { DAY, stampTime } from "./stamps.js";

/** Verified backups of a job that stay whatever their age. */
export const FLOOR = 2;

/** An upload may take this long: a stamp that much older than the last run is not yet odd. */
const UPLOAD = DAY;

/** What a run leaves for the next one. */
export interface Memory {
  /** When it ran. */
  at: number;
  /** By id of each backup that it left: from when its age counts. */
  since: Record<string, number>;
}

export interface Question {
  inventory: Inventory;
  retention: Retention;
  /** By a clock that is not the hosts'. */
  now: number;
  /** Absent: no run before this one. */
  memory?: Memory | undefined;
  /** Default {@link FLOOR}. */
  floor?: number;
}

/** Something that goes or stays, and why. */
export interface Verdict {
  id: string;
  keys: string[];
  bytes: number;
  reason: string;
}

export interface Odd {
  what: "future-dated" | "back-dated" | "vanished" | "unparsable";
  /** Ids, or keys. */
  which: string[];
  message: string;
}

export interface Decision {
  remove: Verdict[];
  keep: Verdict[];
  logs: KeptLog[];
  odd: Odd[];
  /** For the next run, if this one is carried out. */
  memory: Memory;
}

/** A backup with the time its age counts from. */
export interface Aged extends Backup {
  id: string;
  since: number;
  /** Why its stamp is not believed. */
  doubt?: "future-dated" | "back-dated";
}

export function decide(question: Question): Decision {
  const { inventory, now } = question;
  const aged = inventory.backups.map((backup) => age(backup, question));
  const verdicts = backups(aged, question);
  const orphans = inventory.orphans.map((orphan) => orphanVerdict(orphan, now));
  const staying = new Set(verdicts.keep.map(({ id }) => id));
  const kept = aged.filter(({ id }) => staying.has(id));
  const bases = kept.filter(({ tier }) => tier === "base");
  const pieces = decidePieces(inventory.pieces, bases, tierDays(question.retention).wal * DAY, now);
  return {
    remove: [...verdicts.remove, ...orphans.flatMap(({ remove }) => remove), ...pieces.remove],
    keep: [...verdicts.keep, ...orphans.flatMap(({ keep }) => keep)],
    logs: pieces.kept,
    odd: oddities(aged, pieces.future, question),
    memory: { at: now, since: Object.fromEntries(kept.map(({ id, since }) => [id, since])) },
  };
}

/** @throws Error for a stamp that is none: an inventory holds no such backup */
function age(backup: Backup, { now, memory }: Question): Aged {
  const id = idOf(backup);
  const stamped = stampTime(backup.stamp);
  if (stamped === undefined) throw new Error(`${id} has no time in its name`);
  const known = memory?.since[id];
  if (stamped > now + CLOCK_TOLERANCE) return { ...backup, id, since: known ?? now, doubt: "future-dated" };
  if (known !== undefined) return { ...backup, id, since: known };
  if (memory === undefined || stamped >= memory.at) return { ...backup, id, since: stamped };
  const late = { ...backup, id, since: now };
  return stamped >= memory.at - UPLOAD ? late : { ...late, doubt: "back-dated" };
}

function backups(aged: Aged[], { retention, now, floor = FLOOR }: Question): { remove: Verdict[]; keep: Verdict[] } {
  const days = tierDays(retention);
  const floors = floorStamps(aged, floor);
  const newest = newestBases(aged);
  const reasonToKeep = (backup: Aged): string | undefined => {
    if (now < backup.since + days[backup.tier] * DAY) {
      const from = backup.doubt === undefined ? "" : `, counted from when it was first seen: it is ${backup.doubt}`;
      return `${backup.tier}: kept for ${days[backup.tier]} days${from}`;
    }
    if (newest.has(backup.id)) return "the newest base backup of its job never goes";
    if (backup.tier !== "base" && floors.has(stampId(backup)))
      return `one of the newest ${floor} verified backups of its job: they never go`;
    return undefined;
  };
  const remove: Verdict[] = [];
  const keep: Verdict[] = [];
  for (const backup of aged) {
    const { id, keys, bytes, tier } = backup;
    const reason = reasonToKeep(backup);
    if (reason === undefined) remove.push({ id, keys, bytes, reason: `${tier}: older than ${days[tier]} days` });
    else keep.push({ id, keys, bytes, reason });
  }
  return { remove, keep };
}

const stampId = ({ host, job, stamp }: Owner & { stamp: string }): string => `${host}/${job}/${stamp}`;

/** Newest first. */
const byTime = (a: Aged, b: Aged): number => b.since - a.since || (a.stamp < b.stamp ? 1 : -1);

const counts = ({ verified, doubt }: Aged): boolean => verified && doubt !== "future-dated";

/** The same backup may be in several tiers: it is one, and counts once. */
function floorStamps(aged: Aged[], floor: number): Set<string> {
  const byJob = new Map<string, Set<string>>();
  for (const backup of aged.filter((it) => it.tier !== "base" && counts(it)).sort(byTime)) {
    const job = `${backup.host}/${backup.job}`;
    const stamps = byJob.get(job) ?? new Set();
    if (stamps.size < floor) stamps.add(stampId(backup));
    byJob.set(job, stamps);
  }
  return new Set([...byJob.values()].flatMap((stamps) => [...stamps]));
}

function newestBases(aged: Aged[]): Set<string> {
  const byJob = new Map<string, string>();
  for (const { host, job, id } of aged.filter((it) => it.tier === "base" && counts(it)).sort(byTime))
    if (!byJob.has(`${host}/${job}`)) byJob.set(`${host}/${job}`, id);
  return new Set(byJob.values());
}

/** By the later of its two times: one may be a wrong clock's. */
function orphanVerdict({ key, stamp, modified, bytes }: Orphan, now: number): { remove: Verdict[]; keep: Verdict[] } {
  const written = Math.max(modified, (stamp === undefined ? undefined : stampTime(stamp)) ?? 0);
  const verdict = { id: key, keys: [key], bytes };
  if (now < written + ABORT_MULTIPART_DAYS * DAY)
    return { remove: [], keep: [{ ...verdict, reason: "no manifest names it, but an upload may be running" }] };
  const reason = `no manifest names it, and it is older than ${ABORT_MULTIPART_DAYS} days`;
  return { remove: [{ ...verdict, reason }], keep: [] };
}

function oddities(aged: Aged[], futurePieces: string[], { inventory, memory }: Question): Odd[] {
  const doubted = (doubt: Aged["doubt"]) => aged.filter((it) => it.doubt === doubt).map(({ id }) => id);
  const there = new Set(aged.map(({ id }) => id));
  const gone = Object.keys(memory?.since ?? {}).filter((id) => !there.has(id));
  const all: Odd[] = [
    {
      what: "future-dated",
      which: [...doubted("future-dated"), ...futurePieces],
      message: "dated in the future: a host's clock is wrong, or someone wants good backups to look old",
    },
    {
      what: "back-dated",
      which: doubted("back-dated"),
      message: "new, but dated before the last run: a host's clock is wrong, or someone puts backups into the past",
    },
    {
      what: "vanished",
      which: gone,
      message: "left by the last run and no longer there: something else deletes backups",
    },
    { what: "unparsable", which: inventory.unparsable, message: "not a name that Granary gives: look what it is" },
  ];
  return all.filter(({ which }) => which.length > 0);
}
