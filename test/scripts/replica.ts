/**
 * What the tests of replicas share. To import this is to have, for each test of the file, a host whose job `orders` fills
 * directory `b` from directory `a` with the real rclone.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { Host, type Result } from "./harness.js";

export const DAY = 86_400_000;
export let host: Host;

/** 20261123T030000Z, some time ago. */
export const stamp = (ago: number): string =>
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

export function put(bucket: "a" | "b", key: string, text: string): void {
  const file = join(host.root, bucket, key);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

export const get = (bucket: "a" | "b", key: string): string => readFileSync(join(host.root, bucket, key), "utf8");
export const take = (bucket: "a" | "b", key: string): void => rmSync(join(host.root, bucket, key));

/** A backup with its manifest. */
export function backup(tier: string, when: string, text = `sealed ${when}`, bucket: "a" | "b" = "a"): string {
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
export function keys(bucket: "a" | "b"): string[] {
  const root = join(host.root, bucket);
  return (readdirSync(root, { recursive: true }) as string[])
    .filter((name) => statSync(join(root, name)).isFile() && !name.includes("replication/"))
    .sort();
}

export interface Facts {
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
export function records(prefix = "replication/a"): Facts[] {
  const dir = join(host.root, "b", prefix);
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .sort()
    .map((name) => JSON.parse(readFileSync(join(dir, name), "utf8")) as Facts);
}

export const run = (): Promise<Result> => host.run("granary-backup");

/** As if an earlier run had been complete that long ago. */
export function completeBefore(ago: number): void {
  const when = stamp(ago);
  put("b", `replication/a/${when}.json`, JSON.stringify({ schema: 1, stamp: when, lastComplete: when }));
}
