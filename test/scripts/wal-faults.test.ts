/** What goes wrong with a continuous log: each fault is an alarm with its own code, and none is lost when it is over. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Cluster } from "./harness.js";
import { Continuous, shopCluster } from "./wal.js";

let cluster: Cluster;
let host: Continuous;
const insert = (rows = 3000): string =>
  cluster.sql("shop", `INSERT INTO orders (note) SELECT md5(random()::text) FROM generate_series(1, ${String(rows)})`);
const status = async (): Promise<number | null> => (await host.run("granary-wal", ["orders", "--status"])).code;

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
  host.unfake("rclone", "df");
  await host.stateIs((state) => state.ok);
});

/** An rclone that fails whatever concerns copy b. */
const NO_B = `[[ " $* " == *" b:"* ]] && { echo "b: network is unreachable" >&2; exit 5; }; exec "$REAL" "$@"`;

describe("a copy", () => {
  it("that cannot be reached holds up no other, is an alarm, and has everything when it is back", async () => {
    host.fake("rclone", NO_B);
    insert();
    const state = await host.stateIs(({ code }) => code === 26);
    expect(state.message).toMatch(/^the newest log in copy b is \d+ s old$/);
    expect(state.copies["b"]?.pending).toBeGreaterThan(0);
    expect(state.copies["a"]?.ok).toBe(true);
    await host.shipped("a");
    expect(await status()).toBe(26);
    expect(host.said).toContain('event=send-failed copy=b message="b: network is unreachable"');
    expect(host.said).toMatch(/event=error code=26 name=wal-stalled message="the newest log in copy b/);
    host.unfake("rclone");
    await host.shipped();
    expect(host.said).toContain("event=alarm-over name=wal-stalled");
    expect(host.state?.chainReason).toBe("");
  });

  it("that stays away too long is given up, and whole again with a base backup of its own", async () => {
    host.writeEnv({ GRANARY_SPOOL_LIMIT: "100000" });
    await host.stopService();
    host.startService();
    const before = host.bases("b").length;
    host.fake("rclone", NO_B);
    insert(6000);
    const state = await host.stateIs(({ copies }) => typeof copies["b"]?.brokenSince === "string");
    expect(host.said).toMatch(/event=copy-broken copy=b bytes=\d+ limit=100000/);
    expect(state.copies["b"]?.pendingBytes).toBeLessThan(100000);
    const alarm = await host.stateIs(({ code }) => code === 27);
    expect(alarm.message).toContain("copy b has no base backup to which its log belongs");
    expect(await status()).toBe(27);
    host.writeEnv({ GRANARY_SPOOL_LIMIT: undefined });
    await host.stopService();
    host.startService();
    host.unfake("rclone");
    await host.shipped();
    expect(host.bases("b").length).toBe(before + 1);
  });

  it("that gives back something else than was sent is no copy of it", async () => {
    // What comes back from b has another last byte.
    host.fake(
      "rclone",
      `[[ $* == *" b:"*/back* ]] || exec "$REAL" "$@"
       "$REAL" "$@"; for f in "\${@: -1}"/*; do printf x >>"$f"; done`,
    );
    insert();
    await host.stateIs(({ code }) => code === 26);
    expect(host.said).toContain("event=read-back-differs copy=b");
    expect(host.state?.copies["a"]?.ok).toBe(true);
  });
});

describe("the host", () => {
  it("whose disk is nearly full receives no more, says so, and goes on when there is room", async () => {
    host.fake("df", `[[ $* == *size* ]] || exec "$REAL" "$@"; echo "Avail 1B-blocks"; echo "900000000 100000000000"`);
    const state = await host.stateIs(({ code }) => code === 15);
    expect(state.message).toContain("receiving stopped");
    expect(state.receiving).toBe(false);
    expect(await status()).toBe(15);
    insert();
    host.unfake("df");
    await host.shipped();
    expect(host.said).not.toContain("event=wal-gap");
  });

  it("that does not run the service says so", async () => {
    await host.stopService();
    await sleep(9000);
    const result = await host.run("granary-wal", ["orders", "--status"]);
    expect(result.code).toBe(26);
    expect(result.stderr).toContain("granary-wal@orders.service does not run");
    host.startService();
  });
});
