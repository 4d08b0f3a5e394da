/** The report: complete in itself, and nothing from outside gets into it as markup. */
import { describe, expect, it } from "vitest";
import { duration, size } from "../../../cli/evidence/duration.js";
import { htmlReport } from "../../../cli/evidence/html.js";
import type { EvidenceRecord } from "../../../cli/evidence/record.js";

const record = (changes: Partial<EvidenceRecord> = {}): EvidenceRecord => ({
  ...{ schema: 1, kind: "drill", host: "shop", ok: true, outcome: "the shop came back", copy: "r2" },
  ...{ started: "2026-11-25T03:00:00.000Z", finished: "2026-11-25T03:08:00.000Z", seconds: 480 },
  targets: [{ name: "time to recovery", target: 7200, found: 480, ok: true }],
  phases: [
    { name: "server", what: "is made", from: 0, seconds: 60, ok: true },
    { name: "restore", what: "orders", from: 60, seconds: 120, ok: true },
  ],
  restored: [
    { job: "orders", kind: "postgres", copy: "r2", stamp: "20261125T030000Z", rows: { a: 3, b: 4 }, bytes: 5_000_000 },
    { job: "media", kind: "files", copy: "r2", stamp: "20261125T032000Z", files: 20 },
  ],
  checks: [{ name: "rows", ok: true, expected: "7", actual: "7" }],
  steps: [{ name: "keys replaced", at: "2026-11-25T03:05:00.000Z" }],
  versions: { postgres: "15.18" },
  ...changes,
});

describe("the report", () => {
  it("says at once how it ended, in time and from where", () => {
    const html = htmlReport(record());
    expect(html).toContain("Restore drill of shop");
    expect(html).toMatch(/class="verdict">✓ PASSED</);
    expect(html).toContain("<strong>8 min</strong>");
    expect(html).toContain("at most 2 h");
    expect(html).toContain("7 rows in 2 tables");
    expect(html).toContain("5.0 MB");
    expect(html).not.toContain("What failed");
  });

  it("shows each phase where it was on the way", () => {
    const html = htmlReport(record());
    expect(html).toContain('class="good" style="left:0.00%;width:max(3px,12.50%)"');
    expect(html).toContain('class="good" style="left:12.50%;width:max(3px,25.00%)"');
    expect(html).toContain('<span style="left:12.50%">1 min</span>');
  });

  it("shows what failed first, and what was not measured as missed", () => {
    const html = htmlReport(
      record({
        ok: false,
        targets: [{ name: "time to recovery", target: 7200, found: null, ok: false }],
        checks: [{ name: "rows", ok: false, expected: "7", actual: "0" }],
        phases: [{ name: "restore", what: "orders", from: 0, seconds: 1, ok: false }],
      }),
    );
    expect(html).toMatch(/✗ FAILED/);
    expect(html).toContain("<b>rows</b>: expected <q>7</q>, found <q>0</q>");
    expect(html).toContain("not measured");
    expect(html).toContain('<i class="bad"');
  });

  it("needs nothing from anywhere, and runs nothing", () => {
    const html = htmlReport(record());
    expect(html).not.toMatch(/<(script|link|img|iframe)|src=|href=|url\(|@import/);
    expect(html).toContain("default-src 'none'");
  });

  it("escapes whatever it was told", () => {
    const evil = `<b onclick="x">&'`;
    const html = htmlReport(
      record({
        ...{ host: evil, outcome: evil, copy: evil, versions: { [evil]: evil } },
        targets: [{ name: evil, target: 1, found: 1, ok: true }],
        phases: [{ name: evil, what: evil, from: 0, seconds: 1, ok: true }],
        restored: [{ job: evil, kind: evil, copy: evil, stamp: evil }],
        checks: [{ name: evil, ok: false, expected: evil, actual: evil }],
        steps: [{ name: evil, at: "2026-11-25T03:05:00.000Z", note: evil }],
      }),
    );
    expect(html).not.toContain("<b onclick");
    expect(html.match(/&lt;b onclick=&quot;x&quot;&gt;&amp;&#39;/g)?.length).toBeGreaterThan(15);
  });
});

describe("durations and sizes", () => {
  it.each([
    [0, "0 s"],
    [0.44, "0.4 s"],
    [9.97, "10 s"],
    [12.3, "12 s"],
    [59.7, "1 min"],
    [483, "8 min 3 s"],
    [7200, "2 h"],
    [7259, "2 h"],
    [9000, "2 h 30 min"],
    [273_600, "3 d 4 h"],
  ])("%d seconds are %s", (seconds, text) => expect(duration(seconds)).toBe(text));

  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1500, "1.5 kB"],
    [5_003_121, "5.0 MB"],
    [2e12, "2.0 TB"],
  ])("%d bytes are %s", (bytes, text) => expect(size(bytes)).toBe(text));
});
