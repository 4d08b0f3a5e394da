import { describe, expect, it } from "vitest";
import { bech32 } from "../../settings/bech32.js";
import { problemAt } from "../../settings/errors.js";
import { RECIPIENTS } from "./example.js";

describe("bech32", () => {
  // Made with BIP 173's reference checksum: right checksums throughout, so that only the padding or the length differs.
  it.each([
    [RECIPIENTS[0], { prefix: "age", bytes: 32 }],
    ["age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqar9jk6", { prefix: "age", bytes: 31 }],
    ["age1yubikey1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqjrljxx", { prefix: "age1yubikey", bytes: 33 }],
    ["age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqpfwgqrs", undefined],
    ["age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqzhlqeg", { prefix: "age", bytes: 33 }],
    ["AGE1QQQQ", undefined],
    ["1qqqqqqq", undefined],
  ])("%s", (text, expected) => {
    expect(bech32(text as string)).toEqual(expected);
  });

  it("knows a whole group of padding for one too many", () => {
    expect(bech32("a1q3g6mn3")).toBeUndefined();
  });
});

describe("problemAt", () => {
  it("shows nothing for a path that leads nowhere", () => {
    expect(problemAt("text", ["a", "b"], "wrong")).toEqual({ path: "a.b", value: "nothing", message: "wrong" });
  });
});
