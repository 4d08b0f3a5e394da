import { describe, expect, it } from "vitest";
import { s3Endpoint } from "../../plan/endpoints.js";
import { prefix } from "../../plan/keys.js";
import { SPACES_REGIONS } from "../../plan/places.js";
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
    expect(prefix("files", "shop", "media")).toBe("files/shop/media/");
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
