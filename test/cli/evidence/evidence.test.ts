/** What a drill or a recovery writes, and when it may say that it passed. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Evidence } from "../../../cli/evidence/evidence.js";
import { newestEvidence, readEvidence } from "../../../cli/evidence/read.js";
import type { EvidenceRecord, Kind } from "../../../cli/evidence/record.js";

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "evidence-"))));
afterEach(() => rmSync(directory, { recursive: true }));

const NOW = new Date("2026-11-25T03:00:00Z");
const evidence = (kind: Kind = "drill", say?: (text: string) => void, now = NOW) =>
  new Evidence(kind, "shop", directory, { ...(say ? { say } : {}), now: () => now });
const text = (name: string): string => readFileSync(join(directory, name), "utf8");
const rows = (): string[] =>
  text("docs/runbook.md")
    .split("\n")
    .filter((line) => line.startsWith("| 2026"));

describe("evidence", () => {
  it("is a file with everything that happened, a report, and a line in the runbook", async () => {
    const said: string[] = [];
    const it = evidence("drill", (line) => said.push(line));
    it.copy("r2");
    it.version("postgres", "15.18");
    expect(await it.phase("restore", "the database comes back", () => Promise.resolve(7))).toBe(7);
    it.restored({ job: "orders", kind: "postgres", copy: "r2", stamp: "20261125T030000Z", rows: { "public.a": 3 } });
    expect(it.check("rows", 3, 3)).toBe(true);
    it.lost("orders", 12, 60);
    it.step("payment keys replaced", "both");
    const { record, json, html } = await it.finish("the shop came back");
    expect(said).toEqual(["restore            the database comes back\n", "                   0.0 s\n"]);
    expect([json, html]).toEqual(["evidence/2026-11-25-drill.json", "evidence/2026-11-25-drill.html"]);
    expect(JSON.parse(text(json))).toEqual(record);
    expect(record).toMatchObject({
      ...{ schema: 1, kind: "drill", host: "shop", ok: true, outcome: "the shop came back", copy: "r2" },
      ...{ started: NOW.toISOString(), finished: NOW.toISOString(), versions: { postgres: "15.18" } },
      targets: [
        { name: "data lost: orders", target: 60, found: 12, ok: true },
        { name: "time to recovery", target: 7200, ok: true },
      ],
      phases: [{ name: "restore", what: "the database comes back", from: 0, seconds: 0, ok: true }],
      restored: [{ job: "orders", rows: { "public.a": 3 } }],
      checks: [{ name: "rows", ok: true, expected: "3", actual: "3" }],
      steps: [{ name: "payment keys replaced", at: NOW.toISOString(), note: "both" }],
    });
    expect(rows()).toEqual([
      "| 2026-11-25 03:00 | drill | shop | passed | r2 | 0 s | orders 12 s | [report](../evidence/2026-11-25-drill.html) |",
    ]);
    expect(readdirSync(join(directory, "evidence")).sort()).toEqual(["2026-11-25-drill.html", "2026-11-25-drill.json"]);
  });

  it("passes only with a check, and with none that failed", async () => {
    expect((await evidence().finish("nothing was compared")).record.ok).toBe(false);
    const said: string[] = [];
    const it = evidence("recover", (line) => said.push(line));
    it.check("rows", 3, 3);
    expect(it.check("tables", 2, 1)).toBe(false);
    expect((await it.finish("done")).record.ok).toBe(false);
    expect(said.join("")).toContain("FAILED tables: expected 2, got 1");
  });

  it("does not pass when a phase or the whole ended with an error, which is told", async () => {
    const it = evidence();
    it.check("rows", 3, 3);
    await expect(it.phase("fetch", "a copy", () => Promise.reject(new Error("gone")))).rejects.toThrow("gone");
    const { record } = await it.finish("went on all the same");
    expect(record.ok).toBe(false);
    expect(record.phases).toMatchObject([{ name: "fetch", ok: false }]);
    const other = evidence();
    other.check("rows", 3, 3);
    const failed = (await other.finish(new Error("copy r2 | does not answer\nat all"))).record;
    expect(failed).toMatchObject({ ok: false, outcome: "copy r2 | does not answer\nat all" });
    expect(failed.targets).toMatchObject([{ name: "time to recovery", found: null, ok: false }]);
    expect(rows()[1]).toContain("| **FAILED**: copy r2 \\| does not answer at all |");
  });

  it("a missed target fails a drill, and not a real recovery", async () => {
    for (const [kind, ok] of [["drill", false], ["recover", true]] as const) {
      const it = evidence(kind);
      it.check("rows", 3, 3);
      it.lost("orders", 61, 60);
      it.lost("media", null, 86_400);
      const { record } = await it.finish("done");
      expect(record.ok).toBe(ok);
      expect(record.targets.map((target) => target.ok)).toEqual([false, false, true]);
    }
  });

  it("never goes over an earlier one, and keeps what else is in the runbook", async () => {
    mkdirSync(join(directory, "docs"));
    writeFileSync(join(directory, "docs/runbook.md"), "# Ours\n\nCall the boss.\n");
    for (let i = 0; i < 3; i += 1) await evidence().finish(`number ${i}`);
    expect(readEvidence(directory).map(({ outcome }) => outcome).sort()).toEqual(["number 0", "number 1", "number 2"]);
    expect(existsSync(join(directory, "evidence/2026-11-25-drill-3.json"))).toBe(true);
    expect(rows()).toHaveLength(3);
    expect(rows()[2]).toContain("2026-11-25-drill-3.html");
    expect(text("docs/runbook.md")).toMatch(/^# Ours\n\nCall the boss\.\n/);
  });

  it("the runbook of the project takes the line into its table", async () => {
    mkdirSync(join(directory, "docs"));
    const runbook = readFileSync(join(import.meta.dirname, "../../../docs/runbook.md"), "utf8");
    writeFileSync(join(directory, "docs/runbook.md"), runbook);
    await evidence().finish("done");
    const lines = text("docs/runbook.md").split("\n");
    const at = lines.findIndex((line) => line.includes("2026-11-25-drill.html"));
    expect(lines[at - 1]).toMatch(/^\|/);
    expect(lines.filter((_, i) => i !== at).join("\n")).toBe(runbook);
  });
});

describe("reading evidence", () => {
  const save = (name: string, content: unknown): void => {
    mkdirSync(join(directory, "evidence"), { recursive: true });
    writeFileSync(join(directory, "evidence", name), typeof content === "string" ? content : JSON.stringify(content));
  };
  const made = async (finished: string, kind: Kind): Promise<EvidenceRecord> =>
    (await evidence(kind, undefined, new Date(finished)).finish("done")).record;

  it("finds the newest of a host and kind, and none where there is none", async () => {
    expect(newestEvidence(directory, "shop")).toBeUndefined();
    await made("2026-11-25T03:00:00Z", "drill");
    await made("2026-11-25T01:00:00Z", "drill");
    await made("2026-12-01T03:00:00Z", "clean-room");
    expect(newestEvidence(directory, "shop", "drill")?.finished).toBe("2026-11-25T03:00:00.000Z");
    expect(newestEvidence(directory, "shop")?.kind).toBe("clean-room");
    expect(newestEvidence(directory, "other")).toBeUndefined();
  });

  it("what is damaged, of another schema or has more in it than it should proves nothing", async () => {
    const good = await made("2026-11-25T03:00:00Z", "drill");
    save("2026-12-01-drill.json", JSON.stringify({ ...good, finished: "2026-12-01T03:00:00.000Z" }).slice(0, -9));
    save("2026-12-02-drill.json", { ...good, schema: 2 });
    save("2026-12-03-drill.json", { ...good, extra: 1 });
    save("2026-12-04-drill.json", { ...good, ok: "yes" });
    save("notes.json", good);
    expect(readEvidence(directory)).toEqual([good]);
  });
});
