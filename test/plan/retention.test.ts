import { describe, expect, it } from "vitest";
import * as retention from "../../plan/retention.js";
import { periodOf, promotions, stampOf, stampTime } from "../../plan/stamps.js";
import { parseSettings } from "../../settings/parse.js";
import type { R2Copy } from "../../settings/schema.js";
import { example } from "../settings/example.js";

const settings = parseSettings(example());
const r2 = settings.copies["r2"] as R2Copy;

describe("retention", () => {
  it("expires each tier by its prefix, and no repository", () => {
    expect(retention.lifecycleRules(settings.retention)).toEqual([
      { tier: "daily", prefix: "daily/", expireDays: 30 },
      { tier: "monthly", prefix: "monthly/", expireDays: 372 },
      { tier: "annual", prefix: "annual/", expireDays: 1830 },
      { tier: "base", prefix: "base/", expireDays: 45 },
      { tier: "wal", prefix: "wal/", expireDays: 45 },
      { tier: "replication", prefix: "replication/", expireDays: 30 },
    ]);
    expect([retention.ABORT_MULTIPART_DAYS, retention.NONCURRENT_DAYS]).toEqual([7, 30]);
  });

  it("locks every tier, and of a repository what restic never rewrites", () => {
    const repositories = [{ host: "shop", job: "media" }];
    expect(retention.lockRules({ ...r2, lockDays: 20 }, settings.retention, repositories)).toEqual([
      { id: "daily", prefix: "daily/", lockDays: 20 },
      { id: "monthly", prefix: "monthly/", lockDays: 20 },
      { id: "annual", prefix: "annual/", lockDays: 20 },
      { id: "base", prefix: "base/", lockDays: 20 },
      { id: "wal", prefix: "wal/", lockDays: 20 },
      { id: "files shop media data", prefix: "files/shop/media/data/", lockDays: 20 },
      { id: "files shop media snapshots", prefix: "files/shop/media/snapshots/", lockDays: 20 },
      { id: "files shop media keys", prefix: "files/shop/media/keys/", lockDays: 20 },
      { id: "files shop media config", prefix: "files/shop/media/config", lockDays: 20 },
    ]);
  });

  it("never locks longer than a tier is kept", () => {
    const rules = retention.lockRules({ ...r2, lockDays: 100 }, settings.retention, []);
    expect(rules.map(({ id, lockDays }) => [id, lockDays])).toEqual([
      ["daily", 30],
      ["monthly", 100],
      ["annual", 100],
      ["base", 45],
      ["wal", 45],
    ]);
  });

  it("gives the rules of two jobs different names, whatever hyphens are in theirs", () => {
    const repositories = [
      { host: "a-b", job: "c" },
      { host: "a", job: "b-c" },
    ];
    const ids = retention.lockRules(r2, settings.retention, repositories).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("moves the two long tiers", () => {
    expect(retention.infrequentAccessRules({ ...r2, infrequentAccessAfterDays: 40 })).toEqual([
      { tier: "monthly", prefix: "monthly/", afterDays: 40 },
      { tier: "annual", prefix: "annual/", afterDays: 40 },
    ]);
  });

  it("finds the repositories: one for each job that saves files", () => {
    const jobs = { orders: { kind: "postgres" }, media: { kind: "files" }, configs: { kind: "configs" } };
    expect(retention.repositories({ shop: { jobs }, web: { jobs: { media: { kind: "files" } } } })).toEqual([
      { host: "shop", job: "media" },
      { host: "web", job: "media" },
    ]);
  });
});

describe("stamps", () => {
  it("are UTC times that sort by time", () => {
    const time = Date.UTC(2028, 1, 29, 3, 4, 5, 678);
    expect(stampOf(time)).toBe("20280229T030405Z");
    expect(stampTime("20280229T030405Z")).toBe(time - 678);
  });

  it.each(["", "20261123", "20261123T030000", "20260231T030000Z", "20261123T246000Z", "x20261123T030000Z"])(
    "%j is none",
    (text) => {
      expect(stampTime(text)).toBeUndefined();
    },
  );

  it("name their month and year", () => {
    expect([periodOf("monthly", "20261123T030000Z"), periodOf("annual", "20261123T030000Z")]).toEqual([
      "202611",
      "2026",
    ]);
  });

  it("are promoted where their period is still without one", () => {
    const held = { monthly: ["20261101T030000Z"], annual: ["20250102T030000Z"] };
    const has = (tier: string, period: string) => held[tier as "monthly"].filter((stamp) => stamp.startsWith(period));
    expect(promotions("20261123T030000Z", has)).toEqual(["annual"]);
    expect(promotions("20251223T030000Z", has)).toEqual(["monthly"]);
    expect(promotions("20270101T000000Z", has)).toEqual(["monthly", "annual"]);
  });

  it("are promoted where their period has only one that is dated later: a wrong clock wrote it", () => {
    const held = () => ["20261130T030000Z"];
    expect(promotions("20261123T030000Z", held)).toEqual(["monthly", "annual"]);
    expect(promotions("20261130T030000Z", held)).toEqual([]);
    expect(promotions("20261201T030000Z", held)).toEqual([]);
  });
});
