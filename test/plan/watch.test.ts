import { describe, expect, it } from "vitest";
import type { Colour, Finding, HostStatus } from "../../plan/status.js";
import { changes, coloursOf } from "../../plan/watch.js";

const finding = (colour: Colour, reason = "why"): Finding => ({ what: "backup", colour, reason });
const look = (colour: Colour, drill: Colour = "green") => ({
  hosts: [
    {
      ...{ host: "shop", colour, drill: finding(drill, "old") },
      rows: [
        { job: "orders", kind: "postgres", copy: "r2", colour, findings: [finding("green", "size"), finding(colour)] },
        { job: "spaces", kind: "replica", colour: "grey", findings: [finding("grey")] },
      ],
    } satisfies HostStatus,
  ],
});

describe("between two looks", () => {
  it.each<[string, Record<string, Colour>, ReturnType<typeof look>, string[]]>([
    ["a first one that is good", {}, look("green"), []],
    ["a first one that is red", {}, look("red"), ["RED: shop/orders in r2: why"]],
    ["red and red again", { "shop/orders in r2": "red" }, look("red"), []],
    ["green and red", { "shop/orders in r2": "green" }, look("red"), ["RED: shop/orders in r2: why"]],
    ["red and good again", { "shop/orders in r2": "red" }, look("green"), ["no longer red: shop/orders in r2"]],
    ["a drill too old", { "shop, drill": "green" }, look("green", "red"), ["RED: shop, drill: old"]],
    ["a red job that was removed", { "x/y in r2": "red" }, look("green"), ["no longer in the settings: x/y in r2"]],
    ["a good job that was removed", { "x/y in r2": "green" }, look("green"), []],
  ])("%s", (_, before, now, told) => expect(changes(before, now)).toEqual(told));

  it("is remembered by name", () => {
    const status = { ...look("yellow"), ok: true, colour: "yellow" as const, at: "" };
    expect(coloursOf(status)).toEqual({ "shop/orders in r2": "yellow", "shop/spaces": "grey", "shop, drill": "green" });
  });
});
