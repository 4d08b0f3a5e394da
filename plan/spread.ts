/**
 * Jobs of one host do not start in the same minute: they would share its disk, its network and its database.
 *
 * A job that would start together with one before it moves on by 10 minutes, again and again until its minute is its
 * own. One that runs once a day goes through the hours of that day and, past 23:59, on from its 00:00: what was written
 * for a Sunday stays on Sundays. One that runs more often keeps its hours and turns within them, from minute 50 to 00.
 * Where all of these minutes are taken the same is tried one minute later, and so on; a job that finds none stays where
 * it was written. A minute that another job was written for is no place to move to.
 */
import { elapses, type Times } from "../settings/schedule/times.js";
import { scheduleOf, type Schedule } from "../settings/schedule.js";

const STEP = 10;
const HOUR = 60;
const DAY = 24 * HOUR;

/**
 * The schedule each job of one host really gets, by name; its text stays as written. "Before" goes by name, not by place:
 * the engine hands the settings over sorted by name, `granary check` reads them from the file, and both must agree.
 */
export function spread(schedules: Readonly<Record<string, Schedule>>): Record<string, Schedule> {
  const waiting = Object.entries(schedules).sort(([a], [b]) => (a < b ? -1 : 1));
  const placed: Record<string, Schedule> = {};
  for (const [i, [name, schedule]] of waiting.entries()) {
    const before = Object.values(placed).map(({ times }) => times);
    const after = waiting.slice(i + 1).map(([, { times }]) => times);
    placed[name] = scheduleOf(schedule.text, place(schedule.times, before, after));
  }
  return placed;
}

function place(times: Times, before: Times[], after: Times[]): Times {
  if (!before.some((other) => meet(times, other))) return times;
  const taken = [...before, ...after];
  const free = offsets(times).map((offset) => moved(times, offset));
  return free.find((candidate) => !taken.some((other) => meet(candidate, other))) ?? times;
}

/** 10, 20, … then 1, 11, 21, … then 2, 12, … */
function offsets(times: Times): number[] {
  const length = onceADay(times) ? DAY : HOUR;
  const order = (offset: number) => (offset % STEP) * DAY + offset;
  return Array.from({ length }, (_, offset) => offset).sort((a, b) => order(a) - order(b));
}

function moved(times: Times, offset: number): Times {
  if (!onceADay(times))
    return { ...times, minutes: times.minutes.map((m) => (m + offset) % HOUR).sort((a, b) => a - b) };
  const start = (times.hours[0] as number) * HOUR + (times.minutes[0] as number);
  const minute = (start + offset) % DAY;
  return { ...times, hours: [Math.floor(minute / HOUR)], minutes: [minute % HOUR] };
}

function onceADay({ hours, minutes }: Times): boolean {
  return hours.length === 1 && minutes.length === 1;
}

/** Whether two schedules ever start in the same minute. Each date falls on each weekday sooner or later. */
function meet(a: Times, b: Times): boolean {
  const days = common(a.days, b.days);
  return (
    common(a.minutes, b.minutes).length > 0 &&
    common(a.hours, b.hours).length > 0 &&
    common(a.weekdays, b.weekdays).length > 0 &&
    days.length > 0 &&
    elapses({ days, months: common(a.months, b.months) })
  );
}

function common(a: number[], b: number[]): number[] {
  return a.filter((value) => b.includes(value));
}
