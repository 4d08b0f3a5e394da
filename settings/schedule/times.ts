/**
 * When a schedule starts a job, in UTC: at every combination of what its lists hold, so on a day that is in `days`, in
 * `months` and in `weekdays`. Lists are sorted, without repeats and never empty; a list that is full restricts nothing.
 */
export interface Times {
  /** 0 to 59. */
  minutes: number[];
  /** 0 to 23. */
  hours: number[];
  /** 1 to 31. */
  days: number[];
  /** 1 to 12. */
  months: number[];
  /** 0 to 6; 0 is Sunday. */
  weekdays: number[];
}

export type Unit = keyof Times;

/** First and last value of each list. */
export const RANGES: Readonly<Record<Unit, readonly [number, number]>> = {
  minutes: [0, 59],
  hours: [0, 23],
  days: [1, 31],
  months: [1, 12],
  weekdays: [0, 6],
};

const DAY = 86_400_000;

/** Days a month has at most. */
const MONTH_LENGTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** What messages call one value of a list. */
export const NAMES: Readonly<Record<Unit, string>> = {
  minutes: "minute",
  hours: "hour",
  days: "day",
  months: "month",
  weekdays: "weekday",
};

/** From first to last by step. */
export function range(first: number, last: number, step = 1): number[] {
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => first + i * step);
}

/** Every value of a list. */
export function all(unit: Unit): number[] {
  return range(...RANGES[unit]);
}

/** True for a list that leaves something out. */
export function restricts(unit: Unit, values: number[]): boolean {
  return values.length < all(unit).length;
}

/** Days between two starts at most: what a month or a weekday that is left out makes of it, over any four years. */
export function rarestGapDays(times: Times): number {
  const starts = (time: number): boolean => {
    const date = new Date(time);
    const { days, months, weekdays } = times;
    return (
      days.includes(date.getUTCDate()) && months.includes(date.getUTCMonth() + 1) && weekdays.includes(date.getUTCDay())
    );
  };
  // 28 years: every date on every weekday.
  const found = range(0, 28 * 366).filter((day) => starts(Date.UTC(2000, 0, 1) + day * DAY));
  return Math.max(0, ...found.slice(1).map((day, i) => day - found[i]!));
}

/** Sorted, each once. */
export function listOf(values: Iterable<number>): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

/** False for 30 February and its like. 29 February comes every leap year. */
export function elapses({ days, months }: Pick<Times, "days" | "months">): boolean {
  return months.some((month) => (days[0] as number) <= (MONTH_LENGTHS[month - 1] as number));
}

/** How a syntax writes lists. */
export interface Notation {
  /** A single value. */
  value: (n: number) => string;
  /** Between the ends of a range: ".." or "-". */
  to: string;
  /** Every `step` from `first` on; absent: not to be used. */
  every?: (first: number, step: number) => string;
}

/** A list, as short as its syntax allows. */
export function written(unit: Unit, values: number[], notation: Notation): string {
  if (!restricts(unit, values)) return "*";
  const [first, second] = values as [number, number | undefined];
  const step = (second ?? first) - first;
  const last = RANGES[unit][1];
  if (notation.every !== undefined && step > 1 && values.length > 2) {
    const steps = range(first, last, step);
    if (steps.length === values.length && steps.every((n, i) => n === values[i])) return notation.every(first, step);
  }
  return runs(values)
    .map((run) => runText(run, notation))
    .join(",");
}

/** Splits where a number is left out. */
function runs(values: number[]): number[][] {
  const found: number[][] = [];
  for (const n of values) {
    const run = found.at(-1);
    if (run?.at(-1) === n - 1) run.push(n);
    else found.push([n]);
  }
  return found;
}

function runText(run: number[], { value, to }: Notation): string {
  if (run.length < 3) return run.map(value).join(",");
  return `${value(run[0] as number)}${to}${value(run.at(-1) as number)}`;
}
