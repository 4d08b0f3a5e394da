/** Schedules written at random, each with the times it stands for, worked out without the code under test. */
import type { Times } from "../../settings/schedule.js";

export interface Sample {
  text: string;
  times: Times;
}

type Random = () => number;

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function random(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

interface List {
  text: string;
  values: number[];
}

const MONTHS = ["jan", "FEB", "Mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEK = ["Mon", "tue", "WED", "Thursday", "friday", "Sat", "Sun"];
const CRON_WEEK = ["sun", "Mon", "tue", "wed", "THU", "fri", "sat", "7"];

const between = (next: Random, low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
const pick = <T>(next: Random, from: readonly T[]): T => from[between(next, 0, from.length - 1)] as T;
const sorted = (values: number[]): number[] => [...new Set(values)].sort((a, b) => a - b);
const numbers = (low: number, high: number, step = 1): number[] => {
  const found: number[] = [];
  for (let n = low; n <= high; n += step) found.push(n);
  return found;
};

/** A value, a range, a range with a step, or (systemd) a value with a step. */
function item(next: Random, low: number, high: number, to: ".." | "-", name: (n: number) => string): List {
  const last = high === 28 ? 31 : high;
  const [a, b] = [between(next, low, high), between(next, low, high)].sort((x, y) => x - y) as [number, number];
  const step = between(next, 1, 9);
  switch (between(next, 0, 3)) {
    case 0:
      return { text: `${name(a)}${to}${name(b)}`, values: numbers(a, b) };
    case 1:
      return { text: `${name(a)}${to}${name(b)}/${String(step)}`, values: numbers(a, b, step) };
    case 2:
      if (to === ".." && a + step <= last)
        return { text: `${name(a)}/${String(step)}`, values: numbers(a, last, step) };
  }
  return { text: name(a), values: [a] };
}

function list(next: Random, low: number, high: number, to: ".." | "-", name: (n: number) => string): List {
  const items = numbers(1, between(next, 1, 3)).map(() => item(next, low, high, to, name));
  return { text: items.map((i) => i.text).join(","), values: sorted(items.flatMap((i) => i.values)) };
}

const padded = (next: Random) => (n: number) => (next() < 0.5 ? String(n) : String(n).padStart(2, "0"));
const star = (next: Random, chance: number, low: number, high: number, other: () => List): List =>
  next() < chance ? { text: "*", values: numbers(low, high) } : other();

/** A systemd calendar expression. */
export function calendar(next: Random): Sample {
  const digits = padded(next);
  const lists = (low: number, high: number) => () => list(next, low, high, "..", digits);
  const byWeekday = next() < 0.4;
  const week = byWeekday ? weekdays(next) : { text: "", values: numbers(0, 6) };
  const months = star(next, 0.6, 1, 12, lists(1, 12));
  // Up to the 28th: a day that no month of the list has is for the table of bad schedules.
  const days = byWeekday ? star(next, 1, 1, 31, lists(1, 28)) : star(next, 0.4, 1, 31, lists(1, 28));
  const minutes = star(next, 0.1, 0, 59, lists(0, 59));
  const hours = star(next, 0.2, 0, 23, lists(0, 23));
  const plain = months.text === "*" && days.text === "*";
  const date = plain && next() < 0.5 ? "" : `${pick(next, ["*-", ""])}${months.text}-${days.text}`;
  const time = `${hours.text}:${minutes.text}${pick(next, ["", ":00", ":0"])}`;
  const parts = [week.text, date, time, pick(next, ["", "UTC"])];
  return {
    text: parts.filter((part) => part !== "").join(pick(next, [" ", "  "])),
    times: pickTimes(minutes, hours, days, months, week),
  };
}

function weekdays(next: Random): List {
  const items = numbers(1, between(next, 1, 2)).map((): List => {
    const [a, b] = [between(next, 0, 6), between(next, 0, 6)].sort((x, y) => x - y) as [number, number];
    if (next() < 0.5) return { text: WEEK[a] as string, values: [(a + 1) % 7] };
    return { text: `${String(WEEK[a])}..${String(WEEK[b])}`, values: numbers(a, b).map((day) => (day + 1) % 7) };
  });
  return { text: items.map((i) => i.text).join(","), values: sorted(items.flatMap((i) => i.values)) };
}

/** A cron line. */
export function cron(next: Random): Sample {
  const field = (chance: number, low: number, high: number, name: (n: number) => string): List =>
    star(next, chance, low, high, () => {
      const step = between(next, 1, 6);
      if (next() < 0.3) return { text: `*/${String(step)}`, values: numbers(low, high, step) };
      return list(next, low, high, "-", name);
    });
  const digits = padded(next);
  const byWeekday = next() < 0.4;
  const minutes = field(0.1, 0, 59, digits);
  const hours = field(0.2, 0, 23, digits);
  const days = byWeekday ? field(1, 1, 31, digits) : cronDays(next, digits);
  const months = field(0.5, 1, 12, (n) => (next() < 0.5 ? (MONTHS[n - 1] as string) : String(n)));
  const raw = byWeekday ? field(0, 0, 7, (n) => (next() < 0.5 ? (CRON_WEEK[n] as string) : String(n))) : undefined;
  const week = { text: raw?.text ?? "*", values: sorted((raw?.values ?? numbers(0, 6)).map((day) => day % 7)) };
  return {
    text: [minutes, hours, days, months, week].map((f) => f.text).join(pick(next, [" ", "\t", "  "])),
    times: pickTimes(minutes, hours, days, months, week),
  };
}

function cronDays(next: Random, digits: (n: number) => string): List {
  return star(next, 0.4, 1, 31, () => list(next, 1, 28, "-", digits));
}

function pickTimes(minutes: List, hours: List, days: List, months: List, week: List): Times {
  return {
    minutes: minutes.values,
    hours: hours.values,
    days: days.values,
    months: months.values,
    weekdays: week.values,
  };
}
