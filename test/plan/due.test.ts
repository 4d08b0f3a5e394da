import { describe, expect, it } from "vitest";
import { gapAround, lastDue } from "../../plan/due.js";
import { rpoSeconds } from "../../plan/targets.js";
import { parseSettings } from "../../settings/parse.js";
import { scheduleSchema } from "../../settings/schedule.js";
import type { BackupJob } from "../../settings/schema.js";
import { example } from "../settings/example.js";

const at = new Date("2026-11-25T12:00:00Z"); // a Wednesday
const schedule = (text: string) => scheduleSchema.parse(text);

describe("when a schedule was due last", () => {
  it.each([
    ["03:00", "2026-11-25T03:00:00Z"],
    ["12:00", "2026-11-25T12:00:00Z"],
    ["13:00", "2026-11-24T13:00:00Z"],
    ["Sun 02:00", "2026-11-22T02:00:00Z"],
    ["0 4 1 * *", "2026-11-01T04:00:00Z"],
    ["0 4 29 2 *", "2024-02-29T04:00:00Z"],
  ])("%s", (text, expected) => expect(lastDue(schedule(text), at)).toEqual(new Date(expected)));

  it("between 1896 and 1904 the 29th of February was away the longest", () => {
    const due = lastDue(schedule("0 4 29 2 *"), new Date("1904-02-01T00:00:00Z"));
    expect(due).toEqual(new Date("1896-02-29T04:00:00Z"));
  });

  it.each([
    ["03:00", 24],
    ["0 */6 * * *", 6],
    ["Sun 02:00", 168],
  ])("the gap around now of %s is %d hours", (text, hours) => {
    expect(gapAround(schedule(text), at)).toBe(hours * 3_600_000);
  });
});

describe("how old the data of a job may be", () => {
  const [job] = Object.values(parseSettings(example()).hosts["shop"]!.jobs) as [BackupJob];
  it("a minute with a continuous log, else what its schedule leaves", () => {
    expect(rpoSeconds({ ...job, kind: "postgres", continuous: true } as BackupJob, schedule("03:00"), at)).toBe(60);
    expect(rpoSeconds({ ...job, kind: "postgres", continuous: false } as BackupJob, schedule("03:00"), at)).toBe(
      86_400,
    );
    expect(
      rpoSeconds({ kind: "files", paths: [], exclude: [], schedule: schedule("weekly") }, schedule("weekly"), at),
    ).toBe(604_800);
  });
});
