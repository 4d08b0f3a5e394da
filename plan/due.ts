import type { Schedule } from "../settings/schema.js";
import { nextRuns } from "./next-runs.js";

const DAY = 24 * 3_600_000;
/** A schedule that elapses at all does so within eight years: 29 February, over a year without one. */
const FARTHEST = 8 * 366 * DAY;

/** The last time at or before `at` at which a schedule started its job. */
export function lastDue(schedule: Pick<Schedule, "times">, at: Date): Date {
  for (let back = DAY; ; back = Math.min(back * 4, FARTHEST)) {
    let last: Date | undefined;
    let from = new Date(at.getTime() - back);
    for (;;) {
      const [next] = nextRuns(schedule, from, 1) as [Date];
      if (next > at) break;
      last = from = next;
    }
    if (last !== undefined) return last;
  }
}

/** Milliseconds between the two starts of a schedule that `at` lies between: what a loss just before the second costs. */
export function gapAround(schedule: Pick<Schedule, "times">, at: Date): number {
  const [next] = nextRuns(schedule, at, 1) as [Date];
  return next.getTime() - lastDue(schedule, at).getTime();
}
