/** What this program computes and what systemd does, on some hundred schedules written at random. */
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { nextRuns } from "../../plan/next-runs.js";
import { scheduleSchema, type Schedule } from "../../settings/schedule.js";
import { calendar, cron, random, type Sample } from "../settings/random-schedules.js";

const BASES = ["2026-11-23 02:59:30", "2027-02-28 23:59:00", "2028-02-28 12:00:00", "2099-12-31 23:59:59"];
const PER_BASE = 60;

interface Resolved {
  normal: string;
  runs: string[];
}

/** What systemd makes of each expression, in order, and its next three starts. */
function systemd(expressions: string[], base: string): Resolved[] {
  const args = ["calendar", "--iterations=3", `--base-time=${base} UTC`, ...expressions];
  const said = execFileSync("systemd-analyze", args, {
    encoding: "utf8",
    env: { ...process.env, TZ: "UTC", LC_ALL: "C" },
  });
  return said.split(/\n\n(?= *(?:Original|Normalized) form:)|(?<=\n)\n(?= *(?:Original|Normalized))/).map((block) => ({
    normal: /Normalized form: (.*)/.exec(block)?.[1] ?? block,
    runs: [...block.matchAll(/(?:Next elapse|Iter\. #\d): \w{3} (\S+ \S+) UTC/g)].map((found) => found[1] as string),
  }));
}

const shown = (date: Date): string => date.toISOString().slice(0, 19).replace("T", " ");
const three = (schedule: Schedule, base: string): string[] =>
  nextRuns(schedule, new Date(`${base.replace(" ", "T")}Z`), 3).map(shown);

describe("a schedule, to systemd and to this program", () => {
  it.each([
    ["calendar expressions", calendar],
    ["cron lines", cron],
  ])("is the same: %s at random", (_, write) => {
    const next = random(20261123);
    for (const base of BASES) {
      const samples = Array.from({ length: PER_BASE }, (): Sample => write(next));
      const schedules = samples.map(({ text }) => scheduleSchema.parse(text));
      expect(schedules.map(({ text, times }) => ({ text, times }))).toEqual(samples);
      const ours = schedules.map((s) => ({ normal: s.onCalendar, runs: three(s, base) }));
      expect(ours).toEqual(
        systemd(
          schedules.map((s) => s.onCalendar),
          base,
        ),
      );
      // As written, systemd reads the same; but not with steps, of which it skips some (see calendar.ts).
      const plain = samples.filter(({ text }) => write === calendar && !text.includes("/"));
      if (plain.length > 0)
        expect(ours.filter((_, i) => plain.includes(samples[i] as Sample)).map(({ runs }) => runs)).toEqual(
          systemd(
            plain.map(({ text }) => text.replace(/ +/g, " ")),
            base,
          ).map(({ runs }) => runs),
        );
      // Both forms, read again, are the same schedule.
      for (const { times, onCalendar, cron: line } of schedules) {
        expect(scheduleSchema.parse(line), line).toMatchObject({ times, onCalendar, cron: line });
        expect(scheduleSchema.parse(onCalendar), onCalendar).toMatchObject({ times, onCalendar, cron: line });
      }
    }
  });
});

describe("nextRuns", () => {
  it.each([
    ["03:00", "2026-11-23T03:00:00Z", ["2026-11-24 03:00", "2026-11-25 03:00"]],
    ["*:0/30", "2026-11-23T23:45:00Z", ["2026-11-24 00:00", "2026-11-24 00:30"]],
    ["*-02-29 04:00", "2096-02-29T04:00:00Z", ["2104-02-29 04:00", "2108-02-29 04:00"]],
    ["monthly", "2026-12-31T23:59:59.999Z", ["2027-01-01 00:00", "2027-02-01 00:00"]],
    ["0 3 31 * *", "2026-11-23T00:00:00Z", ["2026-12-31 03:00", "2027-01-31 03:00"]],
  ])("%s after %s", (text, from, expected) => {
    const runs = nextRuns(scheduleSchema.parse(text), new Date(from), 2);
    expect(runs.map((run) => shown(run).slice(0, 16))).toEqual(expected);
  });
});
