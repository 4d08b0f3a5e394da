/** A database as it was at an exact instant, beside the live one, with what is different; switched and taken back. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { finished, keygen, type Cluster, type Result } from "./harness.js";
import { Continuous, shopCluster } from "./wal.js";

let cluster: Cluster;
let host: Continuous;
/** The moment before the accident, and what is true of the orders at it. */
let before = "";
let whole = "";
const count = "SELECT count(*), max(id) FROM orders";

/** Orders and customers; then an accident: some orders are deleted, one is changed, one is new, the customers are gone. */
beforeAll(async () => {
  cluster = shopCluster();
  cluster.sql("shop", "INSERT INTO orders (note) SELECT 'order ' || g FROM generate_series(1, 500) g");
  host = new Continuous(cluster, { GRANARY_BASE_ON_CALENDAR: "Sun *-*-* 02:00:00 UTC" });
  host.startService();
  await host.stateIs((state) => state.ok);
  cluster.sql(
    "shop",
    "CREATE TABLE customers (email text); INSERT INTO customers VALUES ('a@shop.example'); CREATE TABLE visits (page text); INSERT INTO visits VALUES ('/'), ('/')",
  );
  cluster.sql("shop", "INSERT INTO orders (note) VALUES ('the last good one')");
  whole = cluster.sql("shop", count);
  before = cluster.sql("shop", "SELECT clock_timestamp()");
  await sleep(1100);
  cluster.sql("shop", "DELETE FROM orders WHERE id <= 100; UPDATE orders SET note = 'x' WHERE id = 200");
  cluster.sql(
    "shop",
    "DROP TABLE customers; DELETE FROM visits WHERE ctid = '(0,1)'; CREATE TABLE odd (); INSERT INTO orders (note) VALUES ('new')",
  );
}, 300_000);
afterEach(() => {
  for (const name of databases()) cluster.sql("postgres", `DROP DATABASE "${name}" WITH (FORCE)`);
});
afterAll(async () => {
  await host.stopService();
  host.close();
  cluster.close();
});

const databases = (): string[] =>
  cluster
    .sql("postgres", "SELECT datname FROM pg_database WHERE datname !~ '^(postgres|template.|shop)$' ORDER BY 1")
    .split("\n")
    .filter(Boolean);
const restored = (result: Result): Record<string, unknown> & { database: string; old: string; kept: string } => {
  expect(result.stderr).not.toContain("event=error");
  expect(result.code).toBe(0);
  return JSON.parse(result.stdout) as ReturnType<typeof restored>;
};

function expectNothingLeft(): void {
  expect(readdirSync(join(host.root, "run/granary")).filter((name) => /^(restore|recover)\./.test(name))).toEqual([]);
  expect(existsSync(join(host.root, "var/lib/granary-scratch/orders"))).toBe(false);
  expect(existsSync(join(host.root, "var/lib/granary/restore/orders"))).toBe(false);
}

describe("to an instant", () => {
  it("beside the live one: what was there, and what is different now", async () => {
    const result = restored(await host.restore(["--at", before]));
    expect(result).toMatchObject({
      switched: false,
      from: "log",
      copy: "a",
      at: before,
      compared: { tables: 3 },
      constraints: { all: 1, notValid: [] },
      difference: {
        tablesMissing: ["public.customers"],
        tablesExtra: ["public.odd"],
        tables: [
          { table: "public.orders", missing: 100, extra: 1, changed: 1 },
          { table: "public.visits", missing: 1, extra: 0, changed: 0 },
        ],
        equal: 0,
      },
    });
    expect(cluster.sql(result.database, count)).toBe(whole);
    expect(cluster.sql(result.database, "SELECT email FROM customers")).toBe("a@shop.example");
    expectNothingLeft();
  }, 60_000);

  it("of which the log is on its way: that is waited for", async () => {
    const soon = new Date(Date.now() + 2000).toISOString();
    const result = await host.restore(["--at", soon]);
    expect(result.stderr).toContain("event=waiting message=");
    expect(cluster.sql(restored(result).database, count)).toBe(cluster.sql("shop", count));
  }, 120_000);

  it("is taken live later without another recovery, taken back, and that only once", async () => {
    const damaged = cluster.sql("shop", count);
    const beside = restored(await host.restore(["--copy", "b", "--at", before]));
    const again = await host.restore(["--copy", "a", "--at", before, "--switch"]);
    expect(again.code).toBe(31); // another copy's: nothing proves that they are the same
    const live = restored(await host.restore(["--copy", "b", "--at", before, "--switch"]));
    expect(live).toMatchObject({ database: "shop", switched: true, reused: true });
    expect(live["seconds"]).not.toHaveProperty("recover");
    expect(databases()).toEqual([live.old]);
    expect(beside.database).not.toBe(live.old);
    expect(cluster.sql("shop", count)).toBe(whole);
    expect(cluster.sql(live.old, count)).toBe(damaged);
    const undone = restored(await host.run("granary-restore", ["orders", "--undo"]));
    expect(undone).toMatchObject({ undone: true, database: "shop", was: live.old });
    expect(cluster.sql("shop", count)).toBe(damaged);
    expect(cluster.sql(undone.kept, count)).toBe(whole);
    const twice = restored(await host.run("granary-restore", ["orders", "--undo"]));
    expect(twice).toMatchObject({ undone: false, kept: undone.kept });
    expect(cluster.sql("shop", count)).toBe(damaged);
    expectNothingLeft();
  }, 60_000);

  it.each([
    ["while it recovers, alone", "event=base ", 1],
    ["while it recovers, and all it started", "event=base ", -1],
    ["while it restores", "event=fetch ", -1],
  ])(
    "killed %s: the next run goes through",
    async (_, said, sign) => {
      const process = host.start(
        "granary-restore",
        ["orders", "--copy", "a", "--at", before, "--switch"],
        host.keys.identity,
      );
      const end = finished(process);
      await new Promise<void>((resolve) =>
        process.stderr?.on("data", (text: Buffer) => (text.toString().includes(said) ? resolve() : undefined)),
      );
      globalThis.process.kill(sign * (process.pid ?? 0), "SIGKILL");
      expect((await end).signal).toBe("SIGKILL");
      expect(cluster.sql("shop", "SELECT count(*) FROM orders WHERE note = 'new'")).toBe("1");
      const result = restored(await host.restore(["--copy", "a", "--at", before]));
      expect(cluster.sql(result.database, count)).toBe(whole);
      expectNothingLeft();
    },
    60_000,
  );
});

describe("what cannot be", () => {
  it("an own check that is not true: nothing goes live", async () => {
    const result = await host.restore(["--at", before, "--switch", "--check", "SELECT count(*) > 1000 FROM orders"]);
    expect(result.stderr).toMatch(
      /code=33 name=compare-failed message="the check 'SELECT count\(\*\) > 1000 FROM orders' printed 'f' and not t"/,
    );
    expect(result.code).toBe(33);
    expect(cluster.sql("shop", "SELECT count(*) FROM orders WHERE note = 'new'")).toBe("1");
  }, 60_000);

  it("with another identity", async () => {
    const result = await host.restore(["--at", before], keygen().identity);
    expect(result.stderr).toContain("name=identity-wrong");
    expect(result.code).toBe(30);
    expectNothingLeft();
  }, 60_000);

  it("from a copy whose base backup is gone: the other copy is offered", async () => {
    const dir = host.chainDir("a", "base");
    rmSync(join(dir, host.bases("a")[0]?.replace(".json", ".base.tar.zst.age") ?? ""));
    const result = await host.restore(["--at", before]);
    expect(result.stderr).toMatch(/name=fetch-failed/);
    expect(result.stderr).toContain(`event=next-best try="--copy b --at '${before}'"`);
    expect(result.code).toBe(24);
    expectNothingLeft();
  }, 60_000);

  it.each([
    [["--copy", "local", "--from", "log"], 10, /the log is in the copies and not on this host/],
    [["--from", "tape"], 10, /neither dump nor log/],
    [["--undo", "--switch"], 10, /--undo takes no other option/],
    [["--at", "2020-01-01 00:00"], 23, /no base backup of job orders that ended at or before/],
  ])("%j", async (args, code, message) => {
    const result = await host.restore(args);
    expect(result.stderr).toMatch(message);
    expect(result.code).toBe(code);
  });
});
