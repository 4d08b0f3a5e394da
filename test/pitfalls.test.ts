/** Every pitfall has its guard and a test of it that exists. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { copies } from "./pitfalls/copies.js";
import { deploying } from "./pitfalls/deploying.js";
import { keeping } from "./pitfalls/keeping.js";
import { making } from "./pitfalls/making.js";
import { missing, page } from "./pitfalls/named.js";
import { restoring } from "./pitfalls/restoring.js";
import { running } from "./pitfalls/running.js";
import { vendors } from "./pitfalls/vendors.js";

const root = join(import.meta.dirname, "..");
const areas = [making, running, copies, keeping, restoring, deploying, vendors];
const pitfalls = areas.flatMap((area) => area.pitfalls);

describe("every pitfall", () => {
  it("has a guard that is there, and a test that is there", () => {
    expect(pitfalls.flatMap((pitfall) => missing(root, pitfall))).toEqual([]);
  });

  it("is told once", () => {
    const told = pitfalls.map(({ pitfall }) => pitfall);
    expect(told.filter((text, i) => told.indexOf(text) !== i)).toEqual([]);
  });

  it("is in docs/pitfalls.md as it is here", async () => {
    await expect(page(areas)).toMatchFileSnapshot("../docs/pitfalls.md");
  });
});

describe("what is not there", () => {
  const own = "test/pitfalls.test.ts";
  const of = (guard: string[], ...tests: [string, string, string?][]): string[] =>
    missing(root, { pitfall: "p", guard, tests: tests });

  it("is told: a guard, a file, a test, a case, and none at all", () => {
    expect(of(["package.json"], [own, "is told once"])).toEqual([]);
    expect(of(["scripts/none"], [own, "is told once"])).toEqual(["p: no file scripts/none"]);
    expect(of(["package.json"], ["test/none.test.ts", "x"])).toEqual(["p: no file test/none.test.ts"]);
    expect(of(["package.json"], [own, "is told onc"])).toEqual([`p: no test "is told onc" in ${own}`]);
    const absent = ["no ", "such"].join("");
    expect(of(["package.json"], [own, "is told once", absent])).toEqual([`p: no case "${absent}" in ${own}`]);
    expect(of([])).toEqual(["p: no guard", "p: no test"]);
  });

  it("a text that is no title is no test, nor is the name of a group", () => {
    expect(of(["package.json"], [own, "every pitfall"])).toEqual([`p: no test "every pitfall" in ${own}`]);
  });
});
