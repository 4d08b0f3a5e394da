/** A server that cannot go on where it was: an alarm, or a new chain with a base backup of its own; never a silent gap. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Cluster } from "./harness.js";
import { Continuous, control, shopCluster, until } from "./wal.js";

let cluster: Cluster;
let host: Continuous;
const spool = (...parts: string[]): string => join(host.root, "var/lib/granary/wal/orders", ...parts);
const insert = (rows = 3000): string =>
  cluster.sql("shop", `INSERT INTO orders (note) SELECT md5(random()::text) FROM generate_series(1, ${String(rows)})`);

/** A stall is known after 8 s instead of 120. */
beforeAll(async () => {
  cluster = shopCluster();
  host = new Continuous(cluster, { GRANARY_WAL_STALL: "8" });
  host.startService();
  await host.stateIs((state) => state.ok);
});
afterAll(async () => {
  await host.stopService();
  host.close();
  cluster.close();
});
afterEach(async () => {
  await host.stateIs((state) => state.ok);
});

describe("the server", () => {
  it("that is away is an alarm after a while", async () => {
    const data = join(cluster.dir, "data");
    control(data, cluster.dir, "stop", "-m", "fast");
    try {
      const state = await host.stateIs(({ code }) => code !== 0);
      expect(state.name).toBe("wal-stalled");
      expect(state.message).toContain("the database does not answer: psql: error: ");
    } finally {
      control(data, cluster.dir, "start");
    }
    await host.shipped();
    expect(host.said).not.toContain("event=wal-gap");
  });

  it("with a tablespace is refused, with the remedy", async () => {
    const dir = join(cluster.dir, "space");
    execFileSync("install", ["-d", "-o", "postgres", dir]);
    cluster.sql("postgres", `CREATE TABLESPACE elsewhere LOCATION '${dir}'`);
    const check = await host.run("granary-wal", ["orders", "--check"]);
    expect(check.stderr).toContain("tablespace elsewhere is not handled: move what is in it to pg_default");
    expect(check.code).toBe(36);
    const base = await host.run("granary-base");
    expect(base.code).toBe(36);
    cluster.sql("postgres", "DROP TABLESPACE elsewhere");
    expect((await host.run("granary-wal", ["orders", "--check"])).code).toBe(0);
  });

  it("that lost the slot: a gap is told until a new base backup is in every copy", async () => {
    const { chain } = await host.stateIs((state) => state.ok);
    const bases = host.bases("a").length;
    await host.stopService();
    cluster.sql("postgres", "ALTER SYSTEM SET max_slot_wal_keep_size = '16MB'; SELECT pg_reload_conf()");
    for (let i = 0; i < 6; i++) {
      insert(100);
      cluster.sql("postgres", "SELECT pg_switch_wal()");
    }
    cluster.sql("postgres", "CHECKPOINT");
    expect(cluster.sql("postgres", "SELECT wal_status FROM pg_replication_slots")).toBe("lost");
    cluster.sql("postgres", "ALTER SYSTEM SET max_slot_wal_keep_size = '1GB'; SELECT pg_reload_conf()");
    host.startService();
    const gap = await host.stateIs((state) => state.chain !== chain && state.code === 27);
    expect(gap.chainReason).toBe("slot granary_orders was lost");
    expect(gap.message).toContain("(slot granary_orders was lost)");
    expect(host.said).toMatch(/event=wal-gap .*message="slot granary_orders was lost"/);
    await host.shipped();
    expect(host.bases("a").length).toBe(bases + 1);
    expect(cluster.sql("postgres", "SHOW max_slot_wal_keep_size")).toBe("1GB"); // a limit of the user's own stays
    const verify = await host.run("granary-wal", ["orders", "--verify"]);
    expect(verify.code).toBe(0); // the new chain is whole, and the old one's end is known
    expect(
      verify.stdout
        .trim()
        .split("\n")
        .some((line) => line.includes('"missing":"0')),
    ).toBe(true);
  });

  it("whose slot somebody dropped: the same", async () => {
    const { chain } = await host.stateIs((state) => state.ok);
    cluster.sql(
      "postgres",
      `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots;
       SELECT pg_sleep(0.3); SELECT pg_drop_replication_slot('granary_orders')`,
    );
    const gap = await host.stateIs((state) => state.chain !== chain);
    expect(gap.chainReason).toBe("slot granary_orders was absent");
    await host.shipped();
  });
});

describe("the spool", () => {
  it("in which a segment is missing is a gap", async () => {
    const { chain } = await host.stateIs((state) => state.ok);
    await host.stopService();
    const last = readdirSync(spool("receive")).sort().at(-1)?.replace(".partial", "") ?? "";
    const next = (parseInt(last.slice(16), 16) + 2).toString(16).toUpperCase().padStart(8, "0");
    for (const name of readdirSync(spool("receive"))) rmSync(spool("receive", name));
    execFileSync("truncate", ["-s", "16M", spool("receive", last.slice(0, 16) + next)]);
    host.startService();
    const gap = await host.stateIs((state) => state.chain !== chain);
    expect(gap.chainReason).toMatch(/^segment [0-9A-F]{24} does not follow/);
    await host.shipped();
  });

  it("is freed of what a killed service was cutting, and a killed receiver was making", async () => {
    const { chain } = await host.stateIs((state) => state.ok);
    await host.stopService("SIGKILL");
    writeFileSync(spool("cut", "half"), "x");
    const partial = readdirSync(spool("receive")).find((name) => name.endsWith(".partial")) ?? "";
    execFileSync("truncate", ["-s", "5M", spool("receive", partial)]); // pg_receivewal never starts on such a file
    host.startService();
    await until(
      () => !existsSync(spool("cut", "half")),
      () => host.said,
    );
    await host.shipped();
    expect(host.said).toContain(`receive/${partial} bytes=5242880`);
    expect(host.state?.chain).toBe(chain);
  });
});
