import { describe, expect, it } from "vitest";
import { heldAddress, recordType } from "../../plan/dns.js";

describe("recordType", () => {
  it.each([
    ["203.0.113.10", "A"],
    ["2001:db8::1", "AAAA"],
    ["shop.provider.example", "CNAME"],
  ])("of %s is %s", (address, type) => expect(recordType(address)).toBe(type));
});

describe("heldAddress", () => {
  const recovery = { host: "shop", since: "2026-11-23T18:00:00Z", dns: "203.0.113.10", sells: false };
  it("is that of the lost server while its host is brought back, and of no other host", () => {
    expect(heldAddress("shop", recovery)).toBe("203.0.113.10");
    expect(heldAddress("blog", recovery)).toBeUndefined();
    expect(heldAddress("shop", { ...recovery, sells: true })).toBeUndefined();
    expect(heldAddress("shop", undefined)).toBeUndefined();
  });
});
