/** Each difference from a host that is well is one finding, with its fix. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../../../cli/doctor/state.js";
import { answer, findings, names, setUp, tearDown } from "./asked.js";
import { HOST_CASES } from "./cases-host.js";
import { TOOL_CASES } from "./cases-tools.js";
import { UNIT_CASES } from "./cases-units.js";
import { added, change, property, UNITS, UP, without } from "./spoil.js";
import { wellText } from "./well.js";

beforeEach(setUp);
afterEach(tearDown);

describe("each difference is found, with its fix", () => {
  it.each([...UNIT_CASES, ...HOST_CASES, ...TOOL_CASES])("%s", async (_, spoil, expected, fix) => {
    const text = spoil(wellText());
    expect(text).not.toBe(wellText());
    answer(text);
    const found = await findings();
    expect(names(found.findings)).toEqual([expected]);
    expect(found.findings[0]!.fix.map(({ command }) => command)).toEqual(fix);
    expect(found.findings[0]!.colour).toBe("red");
    expect(found.code).toBe(1);
  });

  it("what is no fault is to be looked at, and changes no exit code", async () => {
    answer(
      wellText()
        .replace("synchronized yes", "synchronized no")
        .replace(/^age\t.*$/m, "age\t/usr/bin/age\tage 1.0.9\tage\t")
        .replace(/^jq\t.*$/m, "jq\t/opt/jq\tjq-1.7\t\t"),
    );
    const found = await findings();
    expect(found.code).toBe(0);
    expect(names(found.findings)).toEqual(["tool-older age", "tool-foreign jq", "clock-unsynchronized clock"]);
  });

  it("a timer whose service runs has no next start, and no fault", async () => {
    const running = property("granary@media.timer", "NextElapseUSecRealtime", "\nSubState=running")(wellText());
    answer(running);
    expect((await findings()).code).toBe(0);
  });

  it("a masked timer is one finding and its mask another", async () => {
    let text = added(`777 0:0 symbolic link\t'${UNITS}/granary@media.timer' -> '/dev/null'`)(wellText());
    for (const [name, value] of [
      ["LoadState", "masked"],
      ["UnitFileState", "masked"],
      ["ActiveState", "inactive"],
      ["Persistent", "no"],
      ["FragmentPath", `${UNITS}/granary@media.timer`],
    ] as const)
      text = property("granary@media.timer", name, value)(text);
    answer(text);
    expect(names((await findings()).findings)).toEqual([
      `override ${UNITS}/granary@media.timer`,
      "unit-off granary@media.timer",
    ]);
  });
});

describe("a host without systemd", () => {
  const LINES = "# The backup of job media\n15 3 * * * root granary-backup media\n";
  const cron = (text: string): string =>
    ["orders", "blog", "media"].reduce(
      (all, job) =>
        added(`644 0:0 regular file\t'/etc/cron.d/granary-${job}'`)(all)
          .replace("@@ hashes \n", `@@ hashes \n${sha256(LINES)}  /etc/cron.d/granary-${job}\n`)
          .replace(`@@ cron ${job}\n`, `@@ cron ${job}\n${LINES}`),
      text.replace("@@ manager systemd", "@@ manager cron"),
    );

  it("is judged by the files of cron, and not by units", async () => {
    answer(property("granary@media.timer", "ActiveState", "inactive")(cron(wellText())));
    expect(await findings()).toMatchObject({ code: 0, findings: [] });
  });

  it.each([
    [
      "a file that cron reads is another one",
      change("/etc/cron.d/granary-media"),
      "cron-file /etc/cron.d/granary-media",
      UP,
    ],
    ["a file that cron reads is gone", without("/etc/cron.d/granary-media"), "cron-file /etc/cron.d/granary-media", UP],
    [
      "cron passes over a file",
      (text: string) =>
        text.replace(
          "644 0:0 regular file\t'/etc/cron.d/granary-media'",
          "666 0:0 regular file\t'/etc/cron.d/granary-media'",
        ),
      "cron-file /etc/cron.d/granary-media",
      UP,
    ],
    [
      "a file of no job",
      added("644 0:0 regular file\t'/etc/cron.d/granary-old'"),
      "cron-left /etc/cron.d/granary-old",
      "rm -f /etc/cron.d/granary-old",
    ],
    [
      "the last run failed",
      (text: string) => text.replace('{"code": 0, "name": "ok"}', '{"code": 22, "name": "copy-failed"}'),
      "last-run orders",
      "grep granary /var/log/syslog /var/log/granary.log | tail -n 30",
    ],
    [
      "its zone is not UTC",
      (text: string) => text.replace("zone +0000", "zone +0200"),
      "zone clock",
      "ln -sf /usr/share/zoneinfo/Etc/UTC /etc/localtime; service cron restart",
    ],
  ])("%s", async (_, spoil, expected, fix) => {
    answer(spoil(cron(wellText())));
    const { code, findings: found } = await findings();
    expect([code, names(found), found[0]!.fix[0]!.command]).toEqual([1, [expected], fix]);
  });
});
