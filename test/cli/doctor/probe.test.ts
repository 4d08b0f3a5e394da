/** The probe itself, run here, and what the program believes of units against what the scripts make of a job. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cronLines, expectedJobs, readProgram } from "../../../cli/doctor/program.js";
import { readProbe } from "../../../cli/doctor/read.js";
import { directoryHash } from "../../../components/scripts-hash.js";
import { parseSettings } from "../../../settings/parse.js";
import { raw } from "./well.js";

const ROOT = join(import.meta.dirname, "../../..");
const probe = readFileSync(join(ROOT, "cli/doctor/probe.sh"), "utf8");

describe("the probe", () => {
  it("prints what can be read, of a machine without Granary too", () => {
    const { status, stdout } = spawnSync("bash", ["--norc", "-s", "--", "Id", "granary@x.timer"], {
      input: cronLines() + probe,
      encoding: "utf8",
    });
    expect(status).toBe(0);
    const seen = readProbe(stdout);
    expect(Object.keys(seen.tools)).toEqual(expect.arrayContaining(Object.keys(readProgram().tools)));
    expect(seen.tools["age"]).toMatchObject({ path: "/usr/bin/age", package: "age" });
    expect(Math.abs(seen.clock.now - Date.now())).toBeLessThan(60_000);
  });

  it("asks for every program that host/install installs", () => {
    const asked = /^readonly TOOLS="(.*)"$/m.exec(probe)?.[1]?.split(" ") ?? [];
    expect(asked.sort()).toEqual(Object.keys(readProgram().tools).sort());
  });
});

describe("the program", () => {
  it("knows its scripts by the hash that is deployed", () => {
    expect(readProgram().scripts).toBe(directoryHash(`${ROOT}/scripts/`));
    expect(Object.keys(readProgram().files).length).toBeGreaterThan(50);
    expect(readProgram().links).toContain("granary-restore");
    expect(readProgram().rules.length).toBeGreaterThan(40);
  });

  it.each([
    ["orders", "postgres"],
    ["blog", "mariadb"],
    ["media", "files"],
  ])("expects the units that the scripts make of %s", (job, kind) => {
    const expected = expectedJobs("shop", parseSettings(raw()))[job]!;
    const settings = { KIND: kind, CONTINUOUS: expected.continuous ? "yes" : "no" };
    const pairs = Object.entries(settings).map(([key, value]) => `conf_set GRANARY_${key} ${value}`);
    const calendars = Object.entries(expected.calendars).map(([key, value]) => `conf_set ${key} '${value}'`);
    const script = [
      `LIB=${ROOT}/scripts/lib; source "$LIB/exit-codes.sh"; source "$LIB/log.sh"; source "$LIB/env.sh"`,
      `source "$LIB/kind.sh"; source "$LIB/kinds/${kind}.sh"; source "$LIB/schedule/systemd.sh"`,
      ...pairs,
      ...calendars,
      `job_units ${job}`,
    ];
    const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", script.join("\n")], { encoding: "utf8" });
    expect(stderr).toBe("");
    const made = stdout
      .trim()
      .split("\n")
      .map((line) => line.trim());
    const wanted = Object.entries(expected.units).map(([unit, key]) =>
      `${unit} ${expected.calendars[key ?? ""] ?? ""}`.trim(),
    );
    expect(made.sort()).toEqual(wanted.sort());
  });
});
