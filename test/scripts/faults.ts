/**
 * What the tests of the faults of a backup share. To import this is to have, for each test of the file, a host of its own
 * and a cluster with one table. What must hold after each fault: its own exit code, a message that names it, nothing
 * published, nothing older lost.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { Cluster, Host, type Result } from "./harness.js";

export let cluster: Cluster;
export let host: Host;

beforeAll(() => {
  cluster = new Cluster();
  cluster.sql(
    "postgres",
    `CREATE DATABASE shop; CREATE ROLE nobody LOGIN;
     \\c shop
     CREATE TABLE orders (id int PRIMARY KEY, note text);
     INSERT INTO orders SELECT g, md5(random()::text) || md5(random()::text) FROM generate_series(1, 60000) g;`,
  );
});
afterAll(() => cluster.close());
beforeEach(() => {
  host = new Host(cluster);
});
afterEach(() => host.close());

export const OLD = "20260101T030000Z";

/** Puts an older, verified backup everywhere, without a run. */
export function withOlder(): void {
  const manifest = {
    schema: 1,
    host: "shop",
    job: "orders",
    created: "2026-01-01T03:00:00Z",
    rows: {},
    copy: { name: "x", verified: true },
    artifacts: ["dump.zst", "globals.sql.zst"].map((role) => ({
      name: `${OLD}.${role}.age`,
      plain: { bytes: 1, sha256: "0".repeat(64) },
      encrypted: { bytes: 3, sha256: "0".repeat(64) },
    })),
  };
  for (const dir of [host.backups, join(host.root, "a/daily/shop/orders"), join(host.root, "b/daily/shop/orders")]) {
    execFileSync("mkdir", ["-p", dir]);
    writeFileSync(join(dir, `${OLD}.json`), JSON.stringify(manifest));
    for (const { name } of manifest.artifacts) writeFileSync(join(dir, name), "old");
  }
}

export const older = [`${OLD}.dump.zst.age`, `${OLD}.globals.sql.zst.age`, `${OLD}.json`];

/** Nothing new anywhere, the older backup untouched, no leftovers. */
export function expectNothingPublished(): void {
  for (const copy of ["local", "a", "b"] as const) expect(host.files(copy)).toEqual(older);
}

export function expectFailure(result: Result, code: number, name: string, message: string | RegExp): void {
  expect(result.stderr).toMatch(message);
  expect(result.stderr).toContain(`event=error code=${String(code)} name=${name} `);
  expect(result.stderr).toMatch(/ hint="[^"]{10,}"$/m);
  expect(result.code).toBe(code);
}
