/** A replica of backups: what it copies, and in which order. And uploads, whose changes are kept. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { expectFailed } from "./failed.js";
import { backup, DAY, get, host, keys, put, records, run, stamp, take } from "./replica.js";

describe("a replica of backups", () => {
  it("has every backup, the log and the repositories, and not restic's locks", async () => {
    const now = stamp(DAY / 4);
    for (const tier of ["daily", "monthly", "annual"]) backup(tier, now);
    backup("base", now);
    put("a", `wal/shop/orders/77-15/000000010000000000000001.00000000-01000000.${now}.zst.age`, "piece");
    for (const part of ["config", "keys/k", "data/ab/abcd", "index/i", "snapshots/s", "locks/l"])
      put("a", `files/shop/media/${part}`, part);
    put("a", "files/shop/media.password.age", "escrow");
    put("a", "replication/other/x.json", "{}");
    put("a", "something/else", "not Granary's");
    const result = await run();
    expect(result.code, result.stderr).toBe(0);
    const left = ["files/shop/media/locks/l", "something/else"];
    expect(keys("b")).toEqual(keys("a").filter((key) => !left.includes(key)));
    for (const key of keys("b")) expect([key, get("b", key)]).toEqual([key, get("a", key)]);
    expect(records()).toMatchObject([
      {
        schema: 1,
        from: "a",
        to: "b",
        copied: keys("b").length,
        bytes: keys("b").reduce((sum, key) => sum + get("b", key).length, 0),
        missing: 0,
        lagSeconds: 0,
        sinceCompleteSeconds: null,
        newestSource: { "shop/orders": now },
        newestReplica: { "shop/orders": now },
        changedAtSource: { count: 0, first: [] },
        vanishedAtSource: { count: 0, first: [] },
      },
    ]);
    expect(host.lastState()).toMatchObject({ ok: true, copies: { ok: ["b"], failed: [] } });
  });

  it("gets the manifest of a files job once it has its snapshot", async () => {
    const when = stamp(DAY / 4);
    const snapshot = createHash("sha256").update("a snapshot").digest("hex");
    const repository = "files/shop/media";
    put("a", `daily/shop/media/${when}.json`, JSON.stringify({ artifacts: [], repository, snapshot }));
    expect((await run()).code).toBe(22);
    expect(keys("b")).toEqual([]);
    put("a", `${repository}/config`, "config");
    put("a", `${repository}/snapshots/${snapshot}`, "a snapshot");
    const result = await run();
    expect(result.code, result.stderr).toBe(0);
    expect(keys("b")).toEqual(keys("a"));
  });

  it("sends a second time only what is new, and remembers the run before", async () => {
    backup("daily", stamp(DAY / 2));
    expect((await run()).code).toBe(0);
    const key = backup("daily", stamp(DAY / 4));
    const result = await run();
    expect(result.code, result.stderr).toBe(0);
    expect(keys("b")).toEqual(keys("a"));
    const [first, second] = records();
    expect(second).toMatchObject({ copied: 2, missing: 0, newestReplica: { "shop/orders": key.split("/").at(-1) } });
    expect(second!.lastComplete).toBe(second!.stamp);
    expect(second!.sinceCompleteSeconds).toBeLessThan(60);
    expect(first!.stamp < second!.stamp).toBe(true);
  });

  it("gets a manifest last, and only when it gives back what the manifest says", async () => {
    const good = backup("daily", stamp(DAY / 4));
    const bad = backup("daily", stamp(DAY / 5));
    put("a", `${bad}.dump.zst.age`, "something else, before it was copied");
    put("a", "daily/shop/orders/20261101T000000Z.json", "no JSON at all");
    put("a", "daily/shop/orders/20261102T000000Z.json", '{"artifacts":[]}');
    const result = await run();
    expect(existsSync(join(host.root, "b", `${good}.json`))).toBe(true);
    expect(keys("b").filter((key) => key.endsWith(".json"))).toEqual([`${good}.json`]);
    expect(result.stderr).toContain(`event=unproved artifact=${bad}.dump.zst.age`);
    expect(records().at(-1)).toMatchObject({ missing: 3, lastComplete: null });
    expect(result.code).not.toBe(0);
  });

  it("never looks outside of a manifest's own directory", async () => {
    const key = backup("daily", stamp(DAY / 4));
    const manifest = JSON.parse(get("a", `${key}.json`)) as { artifacts: { name: string }[] };
    manifest.artifacts[0]!.name = `../orders/${manifest.artifacts[0]!.name}`;
    put("a", `${key}.json`, JSON.stringify(manifest));
    expectFailed(await run(), 22, "copy-failed");
    expect(keys("b")).toEqual([`${key}.dump.zst.age`]);
  });

  it("takes a changed escrow of a repository's password as a new version of it", async () => {
    put("a", "files/shop/media.password.age", "to two recipients");
    expect((await run()).code).toBe(0);
    put("a", "files/shop/media.password.age", "to three recipients");
    for (let again = 0; again < 2; again++) expect((await run()).code).toBe(0);
    expect(keys("b")).toHaveLength(2);
    const [version] = keys("b").filter((key) => key.startsWith("files/.changed/"));
    expect(version).toMatch(/^files\/\.changed\/\d{8}T\d{6}Z\/files\/shop\/media\.password\.age$/);
    expect(get("b", version!)).toBe("to three recipients");
    expect(get("b", "files/shop/media.password.age")).toBe("to two recipients");
  });
});

describe("a replica of uploads", () => {
  beforeEach(() => {
    host.writeEnv({
      GRANARY_REPLICA_HOLDS: "uploads",
      GRANARY_REPLICA_RECORDS: ".granary/replication/a",
      GRANARY_REPLICA_CHANGED: ".granary/changed",
      GRANARY_REPLICA_DAYS: undefined,
    });
  });

  it("has whatever the shop put there, names and all", async () => {
    const names = ["2026/é à.jpg", "a\ttab.png", "deep/er/#1 [x]*.pdf", "plain", "-n"];
    for (const name of names) put("a", name, `image ${name}`);
    put("a", ".granary/own", "not the shop's");
    const result = await run();
    expect(result.code, result.stderr).toBe(0);
    expect(keys("b")).toEqual([...names].sort());
    expect(records(".granary/replication/a")).toMatchObject([{ copied: 5, missing: 0, newestSource: {} }]);
  });

  it("keeps the first version of what changed, beside it each later one, and what was deleted", async () => {
    put("a", "logo.png", "first");
    put("a", "gone.png", "gone");
    expect((await run()).code).toBe(0);
    put("a", "logo.png", "second, and longer");
    take("a", "gone.png");
    for (let again = 0; again < 2; again++) expect((await run()).code).toBe(0);
    const versions = keys("b").filter((key) => key.startsWith(".granary/changed/"));
    expect(versions.map((key) => get("b", key))).toEqual(["second, and longer"]);
    expect([get("b", "logo.png"), get("b", "gone.png")]).toEqual(["first", "gone"]);
    put("a", "logo.png", "third");
    expect((await run()).code).toBe(0);
    const all = keys("b").filter((key) => key.startsWith(".granary/changed/"));
    expect(all.map((key) => get("b", key))).toEqual(["second, and longer", "third"]);
  });

  it("is behind when what it lacks has waited for a day", async () => {
    const when = stamp(2 * DAY);
    const record = JSON.stringify({ schema: 1, stamp: when, lastComplete: when });
    put("b", `.granary/replication/a/${when}.json`, record);
    put("a", "new.png", "new");
    host.fake(
      "rclone",
      `[[ " $* " == *" --checksum "* ]] && { echo "2026/01/01 00:00:00 no" >&2; exit 1; }; exec "$REAL" "$@"`,
    );
    expectFailed(await run(), 50, "replica-behind", "what is 48 hours old");
  });

  it("refuses a key with a line break, which no list could hold", async () => {
    host.fake(
      "rclone",
      `[[ " $* " == *" lsf "* ]] && { printf '5\\t\\ttwo\\nlines.png\\n'; exit; }; exec "$REAL" "$@"`,
    );
    expectFailed(await run(), 24, "fetch-failed", "a key in a has a line break in it");
  });
});
