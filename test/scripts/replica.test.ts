/** A replica with the real rclone: what it copies, in which order, what never travels, and what it does not report green. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectFailed } from "./failed.js";
import { Host, type Result } from "./harness.js";

const DAY = 86_400_000;
let host: Host;

/** 20261123T030000Z, some time ago. */
const stamp = (ago: number): string =>
  `${new Date(Date.now() - ago).toISOString().slice(0, 19).replaceAll("-", "").replaceAll(":", "")}Z`;

beforeEach(() => {
  host = new Host({ dir: "/nonexistent" });
  const postgres = Object.keys(host.env).filter((key) => key.startsWith("GRANARY_PG_"));
  host.writeEnv({
    ...Object.fromEntries(postgres.map((key) => [key, undefined])),
    GRANARY_KIND: "replica",
    GRANARY_REPLICA_FROM: "a",
    GRANARY_REPLICA_TO: "b",
    GRANARY_REPLICA_HOLDS: "backups",
    GRANARY_REPLICA_MAX_LAG: "93600",
    GRANARY_REPLICA_RECORDS: "replication/a",
    GRANARY_REPLICA_CHANGED: "files/.changed",
    GRANARY_REPLICA_DAYS: '{"daily":30,"monthly":372,"annual":1830,"base":45,"wal":45}',
  });
});
afterEach(() => host.close());

function put(bucket: "a" | "b", key: string, text: string): void {
  const file = join(host.root, bucket, key);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

const get = (bucket: "a" | "b", key: string): string => readFileSync(join(host.root, bucket, key), "utf8");
const take = (bucket: "a" | "b", key: string): void => rmSync(join(host.root, bucket, key));

/** A backup with its manifest. */
function backup(tier: string, when: string, text = `sealed ${when}`, bucket: "a" | "b" = "a"): string {
  const key = `${tier}/shop/orders/${when}`;
  const sha256 = createHash("sha256").update(text).digest("hex");
  put(bucket, `${key}.dump.zst.age`, text);
  put(
    bucket,
    `${key}.json`,
    JSON.stringify({ artifacts: [{ name: `${when}.dump.zst.age`, encrypted: { sha256, bytes: text.length } }] }),
  );
  return key;
}

/** Every key of a bucket but the records. */
function keys(bucket: "a" | "b"): string[] {
  const root = join(host.root, bucket);
  return (readdirSync(root, { recursive: true }) as string[])
    .filter((name) => statSync(join(root, name)).isFile() && !name.includes("replication/"))
    .sort();
}

interface Facts {
  stamp: string;
  copied: number;
  bytes: number;
  missing: number;
  lagSeconds: number | null;
  sinceCompleteSeconds: number | null;
  lastComplete: string | null;
  newestSource: Record<string, string>;
  newestReplica: Record<string, string>;
  changedAtSource: { count: number; first: string[] };
  vanishedAtSource: { count: number; first: string[] };
  days: Record<string, number>;
}

/** The records in the replica, oldest first. */
function records(prefix = "replication/a"): Facts[] {
  const dir = join(host.root, "b", prefix);
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .sort()
    .map((name) => JSON.parse(readFileSync(join(dir, name), "utf8")) as Facts);
}

const run = (): Promise<Result> => host.run("granary-backup");

/** As if an earlier run had been complete that long ago. */
function completeBefore(ago: number): void {
  const when = stamp(ago);
  put("b", `replication/a/${when}.json`, JSON.stringify({ schema: 1, stamp: when, lastComplete: when }));
}

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
