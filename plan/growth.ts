/** How much stands in a copy after a time, by the retention that is deployed. Days and GiB. */
import type { Copy, Retention } from "../settings/schema.js";
import type { Times } from "../settings/schedule.js";
import { NONCURRENT_DAYS, tierDays } from "./retention.js";

/** Days of an average month and year. */
export const MONTH = 365.25 / 12;
export const YEAR = 365.25;

/** After this many days weekdays and dates begin anew: 28 years. */
const CYCLE = 10_227;

/** A price asks about the same schedule for each copy and month, and each answer takes thousands of dates. */
const known = new WeakMap<Times, number>();

/** How often a schedule starts its job, on average. */
export function runsPerDay(times: Times): number {
  const runs = known.get(times) ?? computed(times);
  known.set(times, runs);
  return runs;
}

function computed({ months, days, weekdays, hours, minutes }: Times): number {
  const first = Date.UTC(2001, 0, 1);
  let matching = 0;
  for (let day = 0; day < CYCLE; day++) {
    const date = new Date(first + day * 86_400_000);
    if (!months.includes(date.getUTCMonth() + 1) || !days.includes(date.getUTCDate())) continue;
    if (weekdays.includes(date.getUTCDay())) matching++;
  }
  return (matching / CYCLE) * hours.length * minutes.length;
}

/** What one backup takes that is made `day` days from now. */
export type Size = (day: number) => number;

/** @param growth share a month: 0.03 is 3 % */
export function growing(gib: number, growth: number): Size {
  return (day) => gib * (1 + growth) ** (day / MONTH);
}

/** The size of all that is at least `from` and less than `keep` days old after `at` days, one being made each `every` days. */
export function standing(size: Size, every: number, keep: number, at: number, from = 0): number {
  let total = 0;
  for (let run = Math.max(0, Math.ceil((at - keep) / every)); run * every <= at - from; run++)
    if (at - run * every < keep) total += size(run * every);
  return total;
}

/** GiB by storage class. */
export interface Stored {
  standard: number;
  infrequent: number;
}

/** Days something still takes space after it expired. */
function afterwards(copy: Copy): number {
  if (copy.kind === "spaces") return NONCURRENT_DAYS;
  return copy.kind === "storageBox" ? copy.snapshots.keep : 0;
}

/** A job's daily, monthly and annual backups in a copy. */
export function storedTiers(size: Size, every: number, copy: Copy, retention: Retention, at: number): Stored {
  const days = tierDays(retention);
  const after = afterwards(copy);
  const stored: Stored = { standard: standing(size, every, days.daily + after, at), infrequent: 0 };
  for (const [keep, period] of [
    [days.monthly, MONTH],
    [days.annual, YEAR],
  ] as const) {
    const between = Math.max(period, every);
    const moves = copy.kind === "r2" ? copy.infrequentAccessAfterDays : Infinity;
    stored.standard += standing(size, between, Math.min(keep + after, moves), at);
    // The settings refuse what would go before the 30 days that class bills at least.
    stored.infrequent += standing(size, between, keep, at, moves);
  }
  return stored;
}

/** Base backups, or the log, of a continuous job in a copy. */
export function storedContinuous(size: Size, every: number, copy: Copy, retention: Retention, at: number): number {
  return standing(size, every, tierDays(retention).base + afterwards(copy), at);
}
