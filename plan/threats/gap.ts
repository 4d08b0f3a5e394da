import { rarestGapDays, type Times } from "../../settings/schedule/times.js";

const DAY = 86_400;

/** A schedule is asked about for each failure and place, and takes thousands of dates to answer. */
const known = new WeakMap<Times, number>();

/** Seconds between two starts of a schedule at most: how old the newest backup is when a failure comes just before the next. */
export function worstGap(times: Times): number {
  const gap = known.get(times) ?? computed(times);
  known.set(times, gap);
  return gap;
}

function computed(times: Times): number {
  const starts = times.hours.flatMap((hour) => times.minutes.map((minute) => (hour * 60 + minute) * 60));
  const within = starts.slice(1).map((start, i) => start - starts[i]!);
  return Math.max(...within, rarestGapDays(times) * DAY - (starts.at(-1)! - starts[0]!));
}
