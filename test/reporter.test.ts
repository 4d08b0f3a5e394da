/** The runner itself: what fails must be counted, or a green run means nothing. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");

/** Runs these files as tests of their own; gives back the exit code and the counts. */
function run(files: Record<string, string>): [number | null, string] {
  const dir = mkdtempSync(join(tmpdir(), "granary-reporter-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, `${name}.test.js`), text);
    const counts = join(dir, "counts");
    const args = ["run", "--globals", `--root=${dir}`, `--reporter=${root}/test/reporter.ts`];
    const { status } = spawnSync("node", [join(root, "node_modules/vitest/vitest.mjs"), ...args], {
      cwd: root,
      env: { ...process.env, GRANARY_TEST_COUNTS: counts },
    });
    return [status, readFileSync(counts, "utf8")];
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const good = `it("one", () => {}); it("two", () => {}); it.skip("three", () => {});`;

describe("the counts", { timeout: 60_000 }, () => {
  it.each<[string, Record<string, string>, [number, string]]>([
    ["tests that pass", { good }, [0, "2 passed, 0 failed\n"]],
    ["a test that fails", { good, bad: `it("x", () => expect(1).toBe(2));` }, [1, "2 passed, 1 failed\n"]],
    ["a file that cannot be loaded", { good, bad: `import "./nowhere.js";` }, [1, "2 passed, 1 failed\n"]],
    [
      "a set-up that fails",
      { good, bad: `describe("d", () => { beforeAll(() => { throw new Error("no"); }); it("x", () => {}); });` },
      [1, "2 passed, 1 failed\n"],
    ],
    [
      "an error outside of any test",
      {
        good,
        bad: `it("x", () => void setTimeout(() => { throw new Error("late"); })); it("y", () => new Promise((r) => setTimeout(r, 100)));`,
      },
      [1, "4 passed, 1 failed\n"],
    ],
  ])("%s", (_what, files, expected) => {
    expect(run(files)).toEqual(expected);
  });
});
