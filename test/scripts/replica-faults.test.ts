/** What a replica does not report green: an attack at the source, lag, settings that cannot be right. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectFailed } from "./failed.js";
import { backup, completeBefore, DAY, get, host, keys, put, records, run, stamp, take } from "./replica.js";

describe("an attack at the source", () => {
  it("overwrites: the replica keeps what it has, the run is red and names the keys", async () => {
    const key = backup("daily", stamp(DAY / 4));
    const before = get("a", `${key}.dump.zst.age`);
    put("a", "files/shop/media/data/ab/abcd", "pack");
    expect((await run()).code).toBe(0);
    put("a", `${key}.dump.zst.age`, before.replace(/./g, "x")); // of the same size
    put("a", "files/shop/media/data/ab/abcd", "");
    const result = await run();
    expectFailed(result, 51, "source-changed", `${key}.dump.zst.age files/shop/media/data/ab/abcd`);
    expect(get("b", `${key}.dump.zst.age`)).toBe(before);
    expect(get("b", "files/shop/media/data/ab/abcd")).toBe("pack");
    expect(records().at(-1)?.changedAtSource).toEqual({
      count: 2,
      first: [`${key}.dump.zst.age`, "files/shop/media/data/ab/abcd"],
    });
  });

  it("deletes: the replica keeps what it has, and the run is red until it is back", async () => {
    const young = backup("daily", stamp(27 * DAY));
    const due = backup("daily", stamp(29 * DAY));
    const kept = backup("annual", stamp(400 * DAY));
    put("a", "files/shop/media/data/ab/pruned", "pack");
    expect((await run()).code).toBe(0);
    for (const key of [young, due, kept]) for (const end of [".json", ".dump.zst.age"]) take("a", `${key}${end}`);
    take("a", "files/shop/media/data/ab/pruned");
    const held = keys("b");
    const result = await run();
    expectFailed(result, 51, "source-changed", "0 objects have another content than was copied, and 4 are gone");
    expect(keys("b")).toEqual(held);
    expect(records().at(-1)?.vanishedAtSource).toEqual({
      count: 4,
      first: [`${kept}.dump.zst.age`, `${kept}.json`, `${young}.dump.zst.age`, `${young}.json`],
    });
    for (const key of [young, kept])
      for (const end of [".json", ".dump.zst.age"]) put("a", `${key}${end}`, get("b", `${key}${end}`));
    expect((await run()).code).toBe(0);
  });

  it("on everything: an empty source takes nothing away", async () => {
    backup("daily", stamp(DAY / 4));
    expect((await run()).code).toBe(0);
    const held = keys("b");
    rmSync(join(host.root, "a"), { recursive: true });
    mkdirSync(join(host.root, "a"));
    expectFailed(await run(), 51, "source-changed", "2 are gone");
    expect(keys("b")).toEqual(held);
  });

  it("is not seen in what went under shorter rules than those of today", async () => {
    const key = backup("daily", stamp(20 * DAY));
    host.writeEnv({ GRANARY_REPLICA_DAYS: '{"daily":14}' });
    expect((await run()).code).toBe(0);
    for (const end of [".json", ".dump.zst.age"]) take("a", `${key}${end}`);
    host.writeEnv({ GRANARY_REPLICA_DAYS: '{"daily":30,"monthly":372}' });
    const result = await run();
    expect(result.code, result.stderr).toBe(0);
    expect(records().at(-1)?.days).toEqual({ daily: 14, monthly: 372 });
  });
});

describe("a replica that is behind", () => {
  /** An rclone that does not send what has a word in its list. */
  const refuse = (word: string): void => {
    host.fake(
      "rclone",
      `list=; while (($# > 0)); do args+=("$1"); [[ $1 == --files-from-raw ]] && list=$2; shift; done
       if [[ " \${args[*]} " == *" copy "* && -f $list ]] && grep -q ${word} "$list"; then
         echo "2026/01/01 00:00:00 Failed to copy: quota exceeded" >&2; exit 1
       fi
       exec "$REAL" "\${args[@]}"`,
    );
  };

  it("by hours is a copy that failed: the next run may do it", async () => {
    backup("daily", stamp(DAY / 4));
    completeBefore(DAY);
    refuse("dump.zst.age");
    expectFailed(await run(), 22, "copy-failed");
    const { lagSeconds, missing, lastComplete } = records().at(-1)!;
    expect([missing, Math.round(lagSeconds! / 3600)]).toEqual([2, 6]);
    expect(lastComplete).toBe(records()[0]!.lastComplete);
    host.unfake("rclone");
    expect((await run()).code).toBe(0);
    expect(records().at(-1)).toMatchObject({ missing: 0, lagSeconds: 0 });
  });

  it("by a day is said with a code of its own, whatever rclone said", async () => {
    backup("daily", stamp(1.25 * DAY));
    refuse("dump.zst.age");
    const result = await run();
    expectFailed(result, 50, "replica-behind", "what is 30 hours old is not in the replica yet: .*quota exceeded");
    expect(host.lastState()).toMatchObject({ ok: false, code: 50, name: "replica-behind" });
  });

  it("counts from the oldest backup that waits, not from the newest", async () => {
    backup("daily", stamp(2 * DAY));
    backup("daily", stamp(DAY / 24));
    refuse("dump.zst.age");
    expectFailed(await run(), 50, "replica-behind", "what is 48 hours old");
  });

  it("and caught up is still red once: nobody ran it for a day", async () => {
    backup("daily", stamp(DAY / 4));
    completeBefore(2 * DAY);
    const result = await run();
    expectFailed(result, 50, "replica-behind", "has everything now, but was 48 hours behind");
    expect(keys("b")).toEqual(keys("a"));
    expect((await run()).code).toBe(0);
  });

  it("keeps back the snapshots of a repository whose packs did not arrive", async () => {
    for (const part of ["data/ab/abcd", "index/i", "snapshots/s"]) put("a", `files/shop/media/${part}`, part);
    refuse("files/shop/media/data");
    expectFailed(await run(), 22, "copy-failed");
    expect(keys("b")).toEqual(["files/shop/media/index/i"]);
    host.unfake("rclone");
    expect((await run()).code).toBe(0);
    expect(keys("b")).toEqual(keys("a"));
  });

  it("is not so because of an idle source: an old newest backup is the source's own alarm", async () => {
    backup("daily", stamp(9 * DAY));
    expect((await run()).code).toBe(0);
    expect(records().at(-1)).toMatchObject({ missing: 0, lagSeconds: 0 });
  });

  it("takes a record that is none for no record", async () => {
    put("b", "replication/a/20991231T000000Z.json", '{"schema":1,"lastComplete":"$(rm -rf /)"}');
    backup("daily", stamp(DAY / 4));
    const result = await run();
    expect(result.code, result.stderr).toBe(0);
  });
});

describe("settings of a replica", () => {
  it.each<[Record<string, string | undefined>, string]>([
    [{ GRANARY_REPLICA_FROM: undefined }, "GRANARY_REPLICA_FROM is missing"],
    [{ GRANARY_REPLICA_TO: "c" }, "names 'c', which is none of: a b"],
    [{ GRANARY_REPLICA_HOLDS: "things" }, "is neither backups nor uploads"],
    [{ GRANARY_REPLICA_MAX_LAG: "a day" }, "is no number of seconds"],
    [{ GRANARY_REPLICA_DAYS: "[30]" }, "is no JSON map"],
  ])("%j are refused", async (change, message) => {
    host.writeEnv(change);
    expectFailed(await run(), 11, "config", message);
  });

  it("a copy that cannot be listed ends the run before anything is sent", async () => {
    backup("daily", stamp(DAY / 4));
    rmSync(join(host.root, "b"), { recursive: true });
    expectFailed(await run(), 24, "fetch-failed", "copy b could not be listed");
  });
});
