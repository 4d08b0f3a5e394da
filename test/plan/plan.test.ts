import { describe, expect, it } from "vitest";
import { s3Endpoint } from "../../plan/endpoints.js";
import { prefix } from "../../plan/keys.js";
import { SPACES_REGIONS } from "../../plan/places.js";
import * as retention from "../../plan/retention.js";
import { parseSettings } from "../../settings/parse.js";
import type { R2Copy, SpacesCopy } from "../../settings/schema.js";
import { ACCOUNT, example } from "../settings/example.js";

const settings = parseSettings(example());
const r2 = settings.copies["r2"] as R2Copy;
const spaces = settings.copies["spaces"] as SpacesCopy;

describe("keys", () => {
  it("puts the tier first", () => {
    expect(prefix("daily", "shop", "orders")).toBe("daily/shop/orders/");
    expect(prefix("annual", "shop", "orders")).toBe("annual/shop/orders/");
  });
});

describe("retention", () => {
  it("expires each tier by its prefix", () => {
    expect(retention.lifecycleRules(settings.retention)).toEqual([
      { tier: "daily", prefix: "daily/", expireDays: 30 },
      { tier: "monthly", prefix: "monthly/", expireDays: 372 },
      { tier: "annual", prefix: "annual/", expireDays: 1830 },
    ]);
    expect([retention.ABORT_MULTIPART_DAYS, retention.NONCURRENT_DAYS]).toEqual([7, 30]);
  });

  it("locks every tier, and moves the two long ones", () => {
    expect(retention.lockRules({ ...r2, lockDays: 20 })).toEqual([
      { tier: "daily", prefix: "daily/", lockDays: 20 },
      { tier: "monthly", prefix: "monthly/", lockDays: 20 },
      { tier: "annual", prefix: "annual/", lockDays: 20 },
    ]);
    expect(retention.infrequentAccessRules({ ...r2, infrequentAccessAfterDays: 40 })).toEqual([
      { tier: "monthly", prefix: "monthly/", afterDays: 40 },
      { tier: "annual", prefix: "annual/", afterDays: 40 },
    ]);
  });
});

describe("endpoints", () => {
  it.each([
    [spaces, "https://fra1.digitaloceanspaces.com"],
    [{ ...spaces, endpoint: "http://fra1.spaces.lab" }, "http://fra1.spaces.lab"],
    [r2, `https://${ACCOUNT}.r2.cloudflarestorage.com`],
    [{ ...r2, jurisdiction: "eu" as const }, `https://${ACCOUNT}.eu.r2.cloudflarestorage.com`],
  ])("of %j", (copy, endpoint) => {
    expect(s3Endpoint(copy)).toBe(endpoint);
  });

  it("knows the eleven Spaces regions", () => {
    expect(Object.keys(SPACES_REGIONS)).toHaveLength(11);
  });
});
