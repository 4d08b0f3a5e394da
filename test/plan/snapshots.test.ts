import { describe, expect, it } from "vitest";
import {
  forgetArguments,
  nextPart,
  oddSnapshots,
  type RepositoryQuestion,
  type Snapshot,
} from "../../plan/snapshots.js";
import { DAY } from "../../plan/stamps.js";

const NOW = Date.UTC(2026, 10, 23, 12);
const daily = (days: number, more: Partial<Snapshot> = {}): Snapshot => ({
  id: `of-${days}`,
  time: NOW - days * DAY,
  host: "shop",
  tags: ["media"],
  ...more,
});
const month = Array.from({ length: 30 }, (_, n) => daily(n));
const memory = { at: NOW - 10 * DAY, snapshots: month.slice(10).map(({ id }) => id), bytes: 100, part: 3 };

const odd = (snapshots: Snapshot[], more: Partial<RepositoryQuestion> = {}) =>
  oddSnapshots({ host: "shop", job: "media", snapshots, bytes: 100, now: NOW, ...more }).map(({ what, which }) => [
    what,
    which,
  ]);

describe("snapshots of a repository", () => {
  it("are forgotten by the retention, never the newest two", () => {
    const args = forgetArguments({ dailyDays: 30, monthlyMonths: 12, annualYears: 5, localDays: 7 });
    expect(args.join(" ")).toBe(
      "--group-by host,tags,paths --keep-last 2 --keep-within 30d --keep-monthly 12 --keep-yearly 5",
    );
  });

  it("of a month are not odd, with and without an earlier run", () => {
    expect([odd(month), odd(month, { memory })]).toEqual([[], []]);
  });

  it("of the future are odd: five minutes are none", () => {
    const ahead = (minutes: number) => [daily(-minutes / 1440, { id: "ahead" }), ...month];
    expect([odd(ahead(4)), odd(ahead(6))]).toEqual([[], [["future-dated", ["ahead"]]]]);
  });

  it("put into the past since the last run are odd", () => {
    expect(odd([...month, daily(12, { id: "late" })], { memory })).toEqual([["back-dated", ["late"]]]);
    expect(odd([...month, daily(10.5, { id: "late" })], { memory })).toEqual([]);
    expect(odd([...month, daily(400, { id: "late" })])).toEqual([]);
  });

  it("that somebody else forgot are odd", () => {
    expect(odd(month.slice(0, -1), { memory })).toEqual([["vanished", ["of-29"]]]);
  });

  it("of another host or job are odd", () => {
    const strangers = [daily(1, { id: "a", host: "web" }), daily(1, { id: "b", tags: [] })];
    expect(odd([...month, ...strangers])).toEqual([["foreign", ["a", "b"]]]);
  });

  it("in masses are odd", () => {
    const hourly = Array.from({ length: 49 }, (_, n) => daily(n / 49.01, { id: `h${n}` }));
    expect(odd(hourly)).toEqual([["too many", ["h0"]]]);
    expect(odd(hourly.slice(1))).toEqual([]);
  });

  it("that shrink to less than half are odd", () => {
    expect(odd(month, { memory, bytes: 50 })).toEqual([]);
    expect(odd(month, { memory, bytes: 49 })).toEqual([["shrunk", ["100 to 49 bytes"]]]);
  });

  it("are read part by part, all in a year of months", () => {
    expect([nextPart(undefined), nextPart(memory), nextPart({ ...memory, part: 12 })]).toEqual([1, 4, 1]);
  });
});
