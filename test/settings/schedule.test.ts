import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scheduleSchema } from "../../settings/schedule.js";

const all = (low: number, high: number): number[] => Array.from({ length: high - low + 1 }, (_, i) => low + i);
const HOURS = all(0, 23);

describe("a schedule", () => {
  it.each([
    ["03:00", "*-*-* 03:00:00 UTC", "0 3 * * *"],
    [" 3:5 ", "*-*-* 03:05:00 UTC", "5 3 * * *"],
    ["hourly", "*-*-* *:00:00 UTC", "0 * * * *"],
    ["Daily", "*-*-* 00:00:00 UTC", "0 0 * * *"],
    ["weekly UTC", "Mon *-*-* 00:00:00 UTC", "0 0 * * 1"],
    ["monthly", "*-*-01 00:00:00 UTC", "0 0 1 * *"],
    ["Mon..Fri 03:00", "Mon..Fri *-*-* 03:00:00 UTC", "0 3 * * 1-5"],
    ["sat,Sunday,tue *-*-* 4:30:00 utc", "Tue,Sat,Sun *-*-* 04:30:00 UTC", "30 4 * * 0,2,6"],
    ["Fri..Sun", "Fri..Sun *-*-* 00:00:00 UTC", "0 0 * * 0,5,6"],
    ["Mon..Sun 05:00", "*-*-* 05:00:00 UTC", "0 5 * * *"],
    ["1,7-15 *:0/20", "*-01,07-15 *:00,20,40:00 UTC", "0-59/20 * 15 1,7 *"],
    ["*-*-1/10 8..18/5:00", "*-*-01,11,21,31 08,13,18:00:00 UTC", "0 8,13,18 1-31/10 * *"],
    ["*-02-29", "*-02-29 00:00:00 UTC", "0 0 29 2 *"],
    ["*-*-* 22,23,0..2:15", "*-*-* 00..02,22,23:15:00 UTC", "15 0-2,22,23 * * *"],
    ["* * * * *", "*-*-* *:*:00 UTC", "* * * * *"],
    ["*/15 2-4 * Jan,jun-AUG *", "*-01,06..08-* 02..04:00,15,30,45:00 UTC", "0-59/15 2-4 * 1,6-8 *"],
    ["0\t3  * * sun", "Sun *-*-* 03:00:00 UTC", "0 3 * * 0"],
    ["0 3 * * 5-7", "Fri..Sun *-*-* 03:00:00 UTC", "0 3 * * 0,5,6"],
    ["0 3 1-31 * *", "*-*-* 03:00:00 UTC", "0 3 * * *"],
    ["@hourly", "*-*-* *:00:00 UTC", "0 * * * *"],
    ["@daily", "*-*-* 00:00:00 UTC", "0 0 * * *"],
    ["@Midnight", "*-*-* 00:00:00 UTC", "0 0 * * *"],
    ["@weekly", "Sun *-*-* 00:00:00 UTC", "0 0 * * 0"],
    ["@monthly", "*-*-01 00:00:00 UTC", "0 0 1 * *"],
    ["@yearly", "*-01-01 00:00:00 UTC", "0 0 1 1 *"],
    ["@annually", "*-01-01 00:00:00 UTC", "0 0 1 1 *"],
  ])("%s", (written, onCalendar, cron) => {
    expect(scheduleSchema.parse(written)).toMatchObject({ text: written.trim(), onCalendar, cron });
  });

  it("is five lists", () => {
    expect(scheduleSchema.parse("Mon *:30,15").times).toEqual({
      minutes: [15, 30],
      hours: HOURS,
      days: all(1, 31),
      months: all(1, 12),
      weekdays: [1],
    });
  });
});

describe("docs/settings.md", () => {
  const text = readFileSync(join(import.meta.dirname, "../../docs/settings.md"), "utf8");
  const table = text.split("#### `schedule`")[1]?.split("\n\n")[2] ?? "";
  const rows = [...table.matchAll(/^\| `([^`]+)` +\|[^|]+\| `([^`]+)` +\|$/gm)].map(([, written, cron]) => [
    written,
    cron,
  ]);

  it.each(rows)("%s is %s", (written, cron) => {
    expect(scheduleSchema.parse(written).cron).toBe(cron);
  });

  it("has a row for each way to write one", () => {
    expect(rows.length).toBe(12);
  });
});

const GENERAL = 'use a time of day in UTC, in quotes: "03:00"; or hourly,';
const BAD: [unknown, string][] = [
  [180, GENERAL],
  [null, GENERAL],
  ["", '"" is no time: use a time of day'],
  ["sometime", '"sometime" is no weekday: use a time of day'],
  ["UTC", '"UTC" is no weekday'],
  ["reboot", '"reboot" is no weekday'],
  ["03", '"03" is no time'],
  ["24:00", "there is no hour 24: use 0 to 23"],
  ["03:60", "there is no minute 60: use 0 to 59"],
  ["03:00:30", "seconds must be 00, as cron has none: write 03:00"],
  ["03:00:00:00", '"03:00:00:00" is no time'],
  ["03:00 04:00", '"04:00" is no time'],
  ["03:00 Europe/Berlin", 'schedules are in UTC: convert the time and leave out the zone "Europe/Berlin"'],
  ["Mon CET", 'leave out the zone "CET"'],
  ["2026-12-24 03:00", 'a schedule has no year: write * for "2026"'],
  ["*-*-*-* 03:00", '"*-*-*-*" is no date'],
  ["*-02~01 03:00", "cron cannot count days from the end of a month: use a day up to 28"],
  ["*-13-01", "there is no month 13: use 1 to 12"],
  ["*-*-32", "there is no day 32: use 1 to 31"],
  ["*-*-00", "there is no day 0: use 1 to 31"],
  ["*-02-30 03:00", "no month of these has such a day, so the job would never run"],
  ["*-02,04,06-31", "would never run"],
  ["Mon *-*-01..07", "cron cannot ask for a day of the month that is also a weekday"],
  ["Fri..Mon 03:00", '"Fri..Mon" runs backwards, the week begins on Monday'],
  ["Mon-Fri 03:00", '"Mon-Fri" is no weekday'],
  ["Mon..Wed..Fri 03:00", '"Mon..Wed..Fri" is no weekday'],
  ["Mon..Someday 03:00", '"Mon..Someday" is no weekday'],
  ["22..2:00", '"22..2" runs backwards: write the part before the end and the part after it'],
  ["*/6:00", '"*/6" is no hour: use 0 to 23, lists (1,3), ranges (1..5) and steps (1/2)'],
  ["8-18:00", '"8-18" is no hour: use 0 to 23, lists (1,3), ranges (1..5)'],
  ["3,:00", '"" is no hour'],
  ["1..2..3:00", '"1..2..3" is no hour'],
  ["0/2/3:00", '"0/2/3" is no hour'],
  ["0/x:00", '"0/x" is no hour'],
  ["0/0:00", '"0/0" has a step of 0'],
  ["12/12:00", '"12/12" has a step beyond hour 23'],
  ["003:00", '"003" is no hour'],
  ["0 3 * *", "a cron line has 5 fields (minute hour day month weekday), this one has 4"],
  ["0 0 3 * * *", "this one has 6"],
  ["0 3 1 * 1", 'cron would run on either of day and weekday, systemd on both at once: write "*" for one'],
  ["0 3 1-31 * 1", "cron would run on either of day and weekday"],
  ["0 3 30 2 *", "would never run"],
  ["60 3 * * *", "there is no minute 60"],
  ["0 24 * * *", "there is no hour 24"],
  ["0 3 0 * *", "there is no day 0"],
  ["0 3 * 13 *", "there is no month 13"],
  ["0 3 * * 8", "there is no weekday 8: use 0 to 7"],
  ["0 3 * * monday", '"monday" is no weekday: use 0 to 7 or sun, mon, …, lists (1,3), ranges (1-5) and steps (1-5/2)'],
  ["0 3 * foo *", '"foo" is no month: use 1 to 12 or jan, feb, …'],
  ["0 3 * * fri-sun", '"fri-sun" runs backwards'],
  ["5/15 * * * *", '"5/15" is read in different ways by different crons: write 5-59/15'],
  ["*/60 * * * *", '"*/60" has a step beyond 59: use a smaller one, or 0'],
  ["*/0 * * * *", "has a step of 0"],
  ["*/5/5 * * * *", '"*/5/5" is no minute'],
  ["0 3 L * *", '"L" is no day'],
  ["@reboot", '"@reboot" is no time: use @hourly, @daily,'],
  ["@every 5m", '"@every 5m" is no time'],
  ["AGE-SECRET-KEY-1QQQ", "this is a secret: treat it as leaked and remove it; use a time of day"],
];

describe("a schedule is refused", () => {
  it.each(BAD)("%j", (written, message) => {
    const issues = scheduleSchema.safeParse(written).error?.issues;
    expect(issues?.map((issue) => issue.message)).toEqual([expect.stringContaining(message)]);
  });
});
