/** The continuous log while all is well, and through restarts: what is in the copies is what the server wrote. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cluster } from "./harness.js";
import { Continuous, control, server, shopCluster, until } from "./wal.js";

let cluster: Cluster;
let host: Continuous;
const data = (): string => join(cluster.dir, "data");
const sha = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
const insert = (rows: number): string =>
  cluster.sql("shop", `INSERT INTO orders (note) SELECT md5(random()::text) FROM generate_series(1, ${String(rows)})`);

beforeAll(async () => {
  cluster = shopCluster();
  cluster.sql("postgres", "ALTER SYSTEM SET wal_keep_size = '1GB'; SELECT pg_reload_conf()");
  host = new Continuous(cluster);
  host.startService();
  await host.stateIs((state) => state.ok);
});
afterAll(async () => {
  await host.stopService();
  host.close();
  cluster.close();
});

describe("the first minute", () => {
  it("bounds the slot, ships to both copies and makes a base backup that counts", () => {
    expect(cluster.sql("postgres", "SHOW max_slot_wal_keep_size")).toBe("4GB");
    expect(cluster.sql("postgres", "SELECT slot_name, slot_type, wal_status FROM pg_replication_slots")).toBe(
      "granary_orders|physical|reserved",
    );
    const { state } = host;
    expect(state).toMatchObject({ ok: true, code: 0, name: "ok", message: "", receiving: true, chainReason: "" });
    const system = cluster.sql("postgres", "SELECT system_identifier FROM pg_control_system()");
    expect(state?.system).toBe(`${system}-15`);
    for (const copy of ["a", "b"] as const) {
      expect(host.chainDir(copy).endsWith(`wal/shop/orders/${system}-15`)).toBe(true);
      expect(host.bases(copy)).toHaveLength(1);
      expect(state?.copies[copy]).toMatchObject({ ok: true, brokenSince: null });
    }
  });

  it("is told by --status, which ends with 0", async () => {
    const status = await host.run("granary-wal", ["orders", "--status"]);
    expect(status).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(status.stdout)).toMatchObject({ job: "orders", ok: true });
  });
});

/** Every finished segment of the newest timeline that is in a copy, put together by hand, is the server's own. */
function expectSegmentsEqual(copy: "a" | "b"): number {
  const wal = join(data(), "pg_wal");
  const ends = new Map<string, number>();
  for (const { file, end } of host.pieces(copy)) ends.set(file, Math.max(ends.get(file) ?? 0, end));
  const whole = [...ends].filter(([file, end]) => end === 1 << 24 && existsSync(join(wal, file))).map(([file]) => file);
  for (const file of whole)
    expect([file, sha(host.segment(copy, file))]).toEqual([file, sha(readFileSync(join(wal, file)))]);
  return whole.length;
}

describe("the pieces", () => {
  it("make the very bytes of the server's segments, while it writes", async () => {
    for (let round = 0; round < 10; round++) {
      insert(4000);
      if (round % 4 === 3) cluster.sql("postgres", "SELECT pg_switch_wal()");
      await sleep(300);
    }
    cluster.sql("postgres", "SELECT pg_switch_wal()");
    await host.shipped();
    for (const copy of ["a", "b"] as const) expect(expectSegmentsEqual(copy)).toBeGreaterThanOrEqual(3);
    const parts = host.pieces("a").filter(({ end }) => end < 1 << 24);
    expect(parts.length).toBeGreaterThan(2);
    for (const { start, end } of parts) expect([start % 8192, end % 8192]).toEqual([0, 0]);
  });

  it("go on while the database is quiet: a heartbeat has a time", async () => {
    const before = host.pieces("a").length;
    const newest = host.state?.copies["a"]?.newest ?? "";
    await until(
      () => host.pieces("a").length > before + 1,
      () => host.said,
      15,
    );
    await host.stateIs((state) => (state.copies["a"]?.newest ?? "") > newest);
    const stamps = new Set(host.pieces("a").map(({ file, start, stamp }) => `${file}.${String(start)}.${stamp}`));
    expect(stamps.size).toBe(host.pieces("a").length);
  });

  it("leave nothing in the clear and no more than two segments on the host", async () => {
    cluster.sql("shop", "INSERT INTO orders (note) VALUES ('the quick brown fox')");
    await host.shipped();
    const spool = join(host.root, "var/lib/granary/wal/orders");
    expect(readdirSync(join(spool, "receive")).length).toBeLessThanOrEqual(3);
    expect(readdirSync(join(spool, "cut"))).toEqual([]);
    for (const { name } of host.pieces("a"))
      expect(readFileSync(join(host.chainDir("a"), name)).includes("the quick brown fox")).toBe(false);
  });
});

describe("restarts", () => {
  it("of the server: the same chain goes on", async () => {
    const chain = host.state?.chain;
    control(data(), cluster.dir, "restart", "-m", "fast");
    insert(100);
    await host.shipped();
    expect(host.state?.chain).toBe(chain);
    expect(host.said).toContain("event=receiver-ended");
    expect(host.said).not.toContain("event=wal-gap");
  });

  it("of the service, killed at any moment while the server writes: the same chain, no gap", async () => {
    const chain = host.state?.chain;
    for (const wait of [150, 700, 1300]) {
      insert(3000);
      await sleep(wait);
      await host.stopService("SIGKILL");
      insert(3000);
      cluster.sql("postgres", "SELECT pg_switch_wal()");
      host.startService();
    }
    await host.shipped();
    expect(host.state?.chain).toBe(chain);
    for (const copy of ["a", "b"] as const) expect(expectSegmentsEqual(copy)).toBeGreaterThanOrEqual(6);
  });

  it("of the server on another timeline: both are shipped, with the history between them", async () => {
    const chain = host.state?.chain;
    control(data(), cluster.dir, "stop", "-m", "fast");
    writeFileSync(join(data(), "standby.signal"), "");
    control(data(), cluster.dir, "start");
    server("pg_ctl", "-D", data(), "-w", "promote");
    insert(1000);
    cluster.sql("postgres", "SELECT pg_switch_wal()");
    await host.shipped();
    expect(host.state?.chain).toBe(chain);
    const files = host.pieces("b").map(({ file }) => file);
    expect(files).toContain("00000002.history");
    expect(files.some((file) => /^00000002[0-9A-F]{16}$/.test(file))).toBe(true);
    expect(expectSegmentsEqual("b")).toBeGreaterThanOrEqual(3);
    const to = join(host.root, "after/data");
    const result = await host.recover(["--copy", "a", "--data-dir", to]);
    expect(result.stderr).toContain("timeline=2");
    expect(result.code).toBe(0);
    const count = "SELECT count(*) FROM orders";
    expect(host.ask(to, count)).toBe(cluster.sql("shop", count));
  });
});
