import type { Schedule } from "../settings/schema.js";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The first `count` times after `from` (not at it) at which a schedule starts its job. UTC has no hour twice or never. */
export function nextRuns({ times }: Pick<Schedule, "times">, from: Date, count: number): Date[] {
  const found: Date[] = [];
  // Ends: the settings refuse what never elapses, and 29 February, the rarest day there is, comes within eight years.
  for (let day = Math.floor(from.getTime() / DAY) * DAY; found.length < count; day += DAY) {
    const date = new Date(day);
    if (!times.months.includes(date.getUTCMonth() + 1) || !times.days.includes(date.getUTCDate())) continue;
    if (!times.weekdays.includes(date.getUTCDay())) continue;
    const starts = times.hours.flatMap((hour) => times.minutes.map((minute) => day + (hour * 60 + minute) * MINUTE));
    const later = starts.filter((start) => start > from.getTime());
    found.push(...later.slice(0, count - found.length).map((start) => new Date(start)));
  }
  return found;
}
