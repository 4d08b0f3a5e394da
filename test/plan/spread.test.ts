import { describe, expect, it } from "vitest";
import { nextRuns } from "../../plan/next-runs.js";
import { startsOf } from "../../plan/schedules.js";
import { spread } from "../../plan/spread.js";
import { upcoming } from "../../plan/upcoming.js";
import { jobSchema } from "../../settings/jobs/job.js";
import type { Host, Job } from "../../settings/schema.js";
import { scheduleSchema } from "../../settings/schedule.js";

/** Jobs a, b, c, … by their schedules. */
function host(...schedules: string[]) {
  return Object.fromEntries(schedules.map((text, i) => [String.fromCharCode(97 + i), scheduleSchema.parse(text)]));
}

const lines = (...schedules: string[]): string[] => Object.values(spread(host(...schedules))).map(({ cron }) => cron);

describe("spread", () => {
  it("leaves alone what does not start together", () => {
    expect(lines("03:00", "03:10", "Sun 03:20", "0 3 1 * *")).toEqual([
      "0 3 * * *",
      "10 3 * * *",
      "20 3 * * 0",
      // The first of a month is a day like others, and a was there first.
      "30 3 1 * *",
    ]);
    expect(lines("*-01-31 03:00", "*-02-28,31 03:00", "Mon 04:00", "Tue 04:00")).toEqual([
      "0 3 31 1 *",
      "0 3 28,31 2 *",
      "0 4 * * 1",
      "0 4 * * 2",
    ]);
  });

  it("moves each later job on by ten minutes, past no job that was written for that minute", () => {
    expect(lines("03:00", "03:00", "03:00")).toEqual(["0 3 * * *", "10 3 * * *", "20 3 * * *"]);
    expect(lines("03:00", "03:00", "03:10")).toEqual(["0 3 * * *", "20 3 * * *", "10 3 * * *"]);
    expect(lines(...Array<string>(8).fill("03:00")).slice(5)).toEqual(["50 3 * * *", "0 4 * * *", "10 4 * * *"]);
  });

  it("stays on the days that were written, past midnight too", () => {
    expect(lines("Sun 23:55", "Sun 23:55", "0 0 1 * *", "0 0 1 * *")).toEqual([
      "55 23 * * 0",
      "5 0 * * 0",
      "0 0 1 * *",
      "10 0 1 * *",
    ]);
  });

  it("turns within their hours what runs more than once a day", () => {
    expect(lines("hourly", "hourly", "03:00")).toEqual(["0 * * * *", "10 * * * *", "20 3 * * *"]);
    expect(lines("8,20:50", "8,20:50", "8,20:20,50")).toEqual(["50 8,20 * * *", "0 8,20 * * *", "10,40 8,20 * * *"]);
  });

  it("tries the next minute where the tens are taken, and stays where no minute is free", () => {
    expect(lines("*:0/10", "03:00", "hourly")).toEqual(["0-59/10 * * * *", "1 3 * * *", "11 * * * *"]);
    expect(lines("* * * * *", "03:00", "hourly")).toEqual(["* * * * *", "0 3 * * *", "0 * * * *"]);
  });

  it("goes by name, whatever the order of the settings, and keeps what was written", () => {
    const { a, b } = host("03:00", "03:00");
    const there = spread({ a: a!, b: b! });
    expect(spread({ b: b!, a: a! })).toEqual(there);
    expect(there["b"]).toMatchObject({ text: "03:00", onCalendar: "*-*-* 03:10:00 UTC", cron: "10 3 * * *" });
  });

  it("leaves no minute of a month with two starts", () => {
    const many = ["hourly", "03:00", "weekly", "03:00", "monthly", "Mon 03:00", "*/20 * * * *", "@daily", "03:00"];
    const starts = Object.values(spread(host(...many))).flatMap((schedule) => {
      const end = Date.parse("2026-04-01");
      return nextRuns(schedule, new Date("2026-02-28T23:59:59Z"), 3000).filter((run) => run.getTime() < end);
    });
    const times = starts.map((start) => start.toISOString());
    expect(new Set(times).size).toBe(times.length);
  });
});

const parsed = (raw: object): Job => jobSchema.parse(raw);
const JOBS = {
  orders: parsed({ kind: "postgres", database: "a", continuous: true, baseSchedule: "Sun 03:00" }),
  carts: parsed({ kind: "cache" }),
  stock: parsed({ kind: "postgres", database: "b", baseSchedule: "03:20" }),
  media: parsed({ kind: "files", paths: ["/srv"], schedule: "0 3 * * *" }),
};

it("spreads jobs and base backups over one clock, and never starts what is left out", () => {
  expect(startsOf(JOBS).map(({ job, what, schedule }) => [job, what, schedule.cron])).toEqual([
    ["orders", "backup", "10 3 * * *"],
    ["orders", "base", "20 3 * * 0"],
    ["stock", "backup", "30 3 * * *"],
    ["media", "backup", "0 3 * * *"],
  ]);
});

it("tells what starts when, and what is left out", () => {
  const rows = upcoming({ jobs: JOBS } as unknown as Host, new Date("2026-11-23T03:10:00Z"));
  const days = (...dates: string[]): Date[] => dates.map((date) => new Date(`${date}:00Z`));
  const stock = days("2026-11-23T03:30", "2026-11-24T03:30", "2026-11-25T03:30");
  const media = days("2026-11-24T03:00", "2026-11-25T03:00", "2026-11-26T03:00");
  const orders = days("2026-11-24T03:10", "2026-11-25T03:10", "2026-11-26T03:10");
  const base = days("2026-11-29T03:20", "2026-12-06T03:20", "2026-12-13T03:20");
  const leftOut = "left out on purpose: a cache fills again by itself";
  expect(rows).toEqual([
    { job: "orders", kind: "postgres", schedule: "03:00", moved: true, next: orders },
    { job: "orders", kind: "base backup", schedule: "Sun 03:00", moved: true, next: base },
    { job: "carts", kind: "cache", moved: false, next: [], leftOut },
    { job: "stock", kind: "postgres", schedule: "03:00", moved: true, next: stock },
    { job: "media", kind: "files", schedule: "0 3 * * *", moved: false, next: media },
  ]);
});
