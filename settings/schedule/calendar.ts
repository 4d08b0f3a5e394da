/**
 * Schedules as systemd writes them (systemd.time(7), "Calendar Events"): the part of that syntax that has a meaning in
 * cron too. Left out: years, seconds, time zones but UTC, and "~", days counted from the end of a month.
 */
import { readList } from "./list.js";
import { all, listOf, range, restricts, written, type Notation, type Times, type Unit } from "./times.js";

const WORDS: Readonly<Record<string, string>> = {
  hourly: "*-*-* *:00",
  daily: "*-*-* 00:00",
  weekly: "Mon *-*-* 00:00",
  monthly: "*-*-01 00:00",
};

const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;

export const REMEDY =
  'use a time of day in UTC, in quotes: "03:00"; or hourly, daily, weekly, monthly; or a systemd calendar expression, ' +
  '"Mon..Fri *-*-* 03:00"; or a cron line, "0 3 * * 1-5"';

/** The times of a systemd calendar expression; a text says what is wrong with it. */
export function readCalendar(text: string): Times | string {
  const tokens = text.split(/\s+/);
  if (tokens.length > 1 && /^utc$/i.test(tokens.at(-1) as string)) tokens.pop();
  const word = WORDS[(tokens[0] as string).toLowerCase()];
  if (word !== undefined && tokens.length === 1) return readCalendar(word);
  const weekdays = /^[a-z]/i.test(tokens[0] as string) ? readWeekdays(tokens.shift() as string) : all("weekdays");
  if (typeof weekdays === "string") return weekdays;
  const date = /^[^:]*-[^:]*$/.test(tokens[0] ?? "") ? readDate(tokens.shift() as string) : readDate("*-*-*");
  if (typeof date === "string") return date;
  const time = tokens.length > 0 ? readTime(tokens.shift() as string) : readTime("00:00");
  if (typeof time === "string") return time;
  if (tokens.length > 0) return rest(tokens[0] as string);
  return { ...time, ...date, weekdays };
}

/** The normal form of systemd, e.g. `Mon..Fri *-*-* 03:00:00 UTC`: what `systemctl show` says of the timer. */
export function calendarText({ minutes, hours, days, months, weekdays }: Times): string {
  const date = `*-${written("months", months, DIGITS)}-${written("days", days, DIGITS)}`;
  const time = `${written("hours", hours, DIGITS)}:${written("minutes", minutes, DIGITS)}:00`;
  return `${weekdayText(weekdays)}${date} ${time} UTC`;
}

/** Without steps: systemd skips runs of "00/5" where a month or a year begins (its issues 22665 and 40260; seen in 252). */
const DIGITS: Notation = { value: two, to: ".." };

function two(n: number): string {
  return String(n).padStart(2, "0");
}

/** systemd's week begins on Monday. */
function weekdayText(weekdays: number[]): string {
  if (!restricts("weekdays", weekdays)) return "";
  const names = { value: (n: number) => title(WEEKDAYS[(n + 1) % 7] as string), to: ".." };
  const fromMonday = listOf(weekdays.map((day) => (day + 6) % 7));
  return `${written("weekdays", fromMonday, names)} `;
}

function title(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1, 3)}`;
}

function readWeekdays(text: string): number[] | string {
  const found: number[] = [];
  for (const part of text.split(",")) {
    const [from = "", to = from, ...more] = part.split("..");
    const [first, last] = [weekdayOf(from), weekdayOf(to)];
    if (first === undefined || last === undefined || more.length > 0) return `"${part}" is no weekday: ${REMEDY}`;
    if (first > last) return `"${part}" runs backwards, the week begins on Monday: write its days with commas`;
    found.push(...range(first, last).map((day) => (day + 1) % 7));
  }
  return listOf(found);
}

/** 0 is Monday here. */
function weekdayOf(name: string): number | undefined {
  const found = WEEKDAYS.findIndex((day) => [day, day.slice(0, 3)].includes(name.toLowerCase()));
  return found < 0 ? undefined : (found + 6) % 7;
}

function readDate(text: string): Pick<Times, "months" | "days"> | string {
  if (text.includes("~")) return "cron cannot count days from the end of a month: use a day up to 28, e.g. *-*-28";
  const parts = text.split("-");
  const year = parts.length === 3 ? parts.shift() : "*";
  const [month = "", day = "", ...more] = parts;
  if (year !== "*") return `a schedule has no year: write * for "${year}"`;
  if (more.length > 0) return `"${text}" is no date: write *-*-* or month and day, e.g. *-*-01, *-01,07-01`;
  const months = readUnit("months", month);
  if (typeof months === "string") return months;
  const days = readUnit("days", day);
  return typeof days === "string" ? days : { months, days };
}

function readTime(text: string): Pick<Times, "hours" | "minutes"> | string {
  const [hour = "", minute, second = "00", ...more] = text.split(":");
  if (minute === undefined || more.length > 0) return rest(text);
  if (!/^0{1,2}$/.test(second)) return `seconds must be 00, as cron has none: write ${hour}:${minute}`;
  const hours = readUnit("hours", hour);
  if (typeof hours === "string") return hours;
  const minutes = readUnit("minutes", minute);
  return typeof minutes === "string" ? minutes : { hours, minutes };
}

function readUnit(unit: Unit, text: string): number[] | string {
  if (text === "*") return all(unit);
  return readList(text, { unit, to: "..", openSteps: true });
}

/** What stands where a time or the end is expected. */
function rest(token: string): string {
  if (/^[a-z]/i.test(token)) return `schedules are in UTC: convert the time and leave out the zone "${token}"`;
  return `"${token}" is no time: ${REMEDY}`;
}
