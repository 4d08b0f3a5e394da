/** Base backups: one that does not count anywhere is a failure, and a killed one leaves nothing. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, type Result } from "./harness.js";
import { Continuous, shopCluster } from "./wal.js";

let cluster: Cluster;
let host: Continuous;

beforeAll(async () => {
  cluster = shopCluster();
  cluster.sql("shop", "INSERT INTO orders (note) SELECT md5(random()::text) FROM generate_series(1, 20000)");
  host = new Continuous(cluster);
  host.startService();
  await host.stateIs((state) => state.ok);
});
afterAll(async () => {
  await host.stopService();
  host.close();
  cluster.close();
});
afterEach(() => {
  host.unfake("rclone", "pg_basebackup", "age", "mv", "sync", "zstd");
  const dir = join(host.root, "var/lib/granary/base/orders");
  expect(readdirSync(dir).filter((name) => !name.startsWith(".work"))).toEqual([]);
});

const base = (): Promise<Result> => host.run("granary-base");
const counts = (): number[] => [host.bases("a").length, host.bases("b").length];
const state = (): Record<string, { stamp: string }> =>
  (
    JSON.parse(readFileSync(join(host.root, "var/lib/granary/orders.base.json"), "utf8")) as {
      copies: Record<string, { stamp: string }>;
    }
  ).copies;

describe("a base backup", () => {
  it("counts in each copy once its log is there, and says what it is", async () => {
    const before = counts();
    const result = await base();
    expect(result.stderr).toMatch(/event=finished job=orders tier=base .*copies="a b" failed="" /);
    expect(result.code).toBe(0);
    expect(counts()).toEqual(before.map((count) => count + 1));
    const name = host.bases("a").at(-1) ?? "";
    const manifest = JSON.parse(readFileSync(join(host.chainDir("a", "base"), name), "utf8")) as Record<
      string,
      unknown
    >;
    expect(manifest).toMatchObject({ schema: 1, tier: "base", kind: "postgres", copy: { name: "a", verified: true } });
    expect(manifest["wal"]).toMatchObject({ timeline: 1, segmentBytes: 1 << 24, chain: host.state?.chain });
    expect(state()["a"]?.stamp).toBe(name.slice(0, 16));
    expect(existsSync(join(host.chainDir("a", "base"), `${name.slice(0, 16)}.base.tar.zst.age`))).toBe(true);
  });

  it("that one copy does not take counts in the other, and is a failure", async () => {
    host.fake("rclone", `[[ " $* " == *" b:"*base* ]] && exit 5; exec "$REAL" "$@"`);
    const [a = 0, b = 0] = counts();
    const before = state()["b"]?.stamp;
    const result = await base();
    expect(result.stderr).toMatch(/name=copy-failed message="no base backup that counts in: b" copies=b/);
    expect(result.code).toBe(22);
    expect(counts()).toEqual([a + 1, b]);
    expect(state()["b"]?.stamp).toBe(before);
  });

  it("that a copy gives back changed does not count there", async () => {
    host.fake("rclone", `if [[ $* == *" cat b:"*base.tar* ]]; then "$REAL" "$@" && echo x; else exec "$REAL" "$@"; fi`);
    const [a = 0, b = 0] = counts();
    const result = await base();
    expect(result.stderr).toContain("copy b gave back something else than was sent");
    expect(result.code).toBe(22);
    expect(counts()).toEqual([a + 1, b]);
  });

  it("whose log lacks a segment in a copy does not count there", async () => {
    host.fake(
      "rclone",
      `[[ $* == *"lsf "*" b:"* ]] && { "$REAL" "$@" | grep -v '\\.00000000-'; exit; }; exec "$REAL" "$@"`,
    );
    const [a = 0, b = 0] = counts();
    const result = await base();
    expect(result.stderr).toMatch(/name=wal-gap message="segment [0-9A-F]{24} is missing or not whole in copy b"/);
    expect(result.code).toBe(22);
    expect(counts()).toEqual([a + 1, b]);
  });

  it.each<[string, string, string, number, RegExp]>([
    [
      "that the server breaks off",
      "pg_basebackup",
      `"$REAL" "$@" | head -c 3000000; echo "server closed" >&2; exit 1`,
      19,
      /server closed/,
    ],
    ["that is no tar of a server", "pg_basebackup", "echo something else", 21, /does not begin as it must/],
    [
      "that cannot be encrypted",
      "age",
      `[[ $* == *-o* ]] && exec "$REAL" "$@"; head -c 1000; exit 1`,
      20,
      /stage encrypt/,
    ],
  ])("%s is none", async (_, program, fake, code, message) => {
    host.fake(program, fake);
    const before = counts();
    const result = await base();
    expect(result.stderr).toMatch(message);
    expect(result.code).toBe(code);
    expect(counts()).toEqual(before);
  });

  it.each<[string, string, string]>([
    ["reading", "zstd", `[[ $* == *-vv* ]] || exec "$REAL" "$@"; head -c 500000 | "$REAL" "$@"; kill -9 0; sleep 5`],
    ["flushing", "sync", `[[ $* == *base.tar* ]] && { kill -9 0; sleep 5; }; exec "$REAL" "$@"`],
    ["sending", "rclone", `[[ $* == *immutable*base* ]] && { kill -9 0; sleep 5; }; exec "$REAL" "$@"`],
    ["saying so", "mv", `[[ $* == *base.json* ]] && { kill -9 0; sleep 5; }; exec "$REAL" "$@"`],
  ])("killed while %s: the next one is whole", async (_, program, fake) => {
    host.fake(program, fake);
    expect((await base()).signal).toBe("SIGKILL");
    host.unfake(program);
    const result = await base();
    expect(result.code, result.stderr).toBe(0);
    const names = [state()["a"]?.stamp, state()["b"]?.stamp];
    expect(names).toEqual([host.bases("a").at(-1)?.slice(0, 16), host.bases("b").at(-1)?.slice(0, 16)]);
  });

  it("needs the log to be coming", async () => {
    await host.stopService();
    const file = join(host.root, "var/lib/granary/orders.wal.json");
    expect((JSON.parse(readFileSync(file, "utf8")) as { receiving: boolean }).receiving).toBe(true); // as it was
    const result = await base();
    expect(result.stderr).toContain("start granary-wal@orders.service first");
    expect(result.code).toBe(26);
  });
});
