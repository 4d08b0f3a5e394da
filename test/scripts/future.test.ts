/** A backup that is dated in the future, by a wrong clock or by somebody: it stands for no month, and is not the latest. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { Cluster, Host } from "./harness.js";

let cluster: Cluster;
let host: Host;

beforeAll(() => {
  cluster = new Cluster();
  cluster.sql("postgres", "CREATE DATABASE shop");
  cluster.sql("shop", "CREATE TABLE orders (id int); INSERT INTO orders SELECT generate_series(1, 10)");
});
afterAll(() => cluster.close());
beforeEach(() => {
  host = new Host(cluster);
  host.writeEnv({ GRANARY_COPIES: "a" });
  host.promotes();
});
afterEach(() => host.close());

const now = (): string => new Date().toISOString().replace(/[-:]|\.\d+/g, "");
const directory = (tier: string): string => join(host.root, `a/${tier}/shop/orders`);
const manifests = (tier: string): string[] => readdirSync(directory(tier)).filter((name) => name.endsWith(".json"));

/** Gives the only backup of a tier another date, in its names and in its manifest. */
function date(tier: string, stamp: string): void {
  const [manifest] = manifests(tier) as [string];
  const before = manifest.slice(0, -".json".length);
  for (const name of readdirSync(directory(tier)))
    renameSync(join(directory(tier), name), join(directory(tier), name.replace(before, stamp)));
  const file = join(directory(tier), `${stamp}.json`);
  const created = `${stamp.slice(0, 4)}-${stamp.slice(4, 6)}-${stamp.slice(6, 11)}:${stamp.slice(11, 13)}:${stamp.slice(13)}`;
  const text = readFileSync(file, "utf8")
    .replaceAll(before, stamp)
    .replace(/"created": "[^"]*"/, `"created": "${created}"`);
  writeFileSync(file, text);
}

it("in the tier of its month and year, it does not stand for them: today's is kept too", async () => {
  const ahead = `${now().slice(0, 6)}31T235959Z`;
  for (const tier of ["monthly", "annual"]) {
    mkdirSync(directory(tier), { recursive: true });
    writeFileSync(join(directory(tier), `${ahead}.json`), "{}");
  }
  const result = await host.backup();
  expect(result.code, result.stderr).toBe(0);
  expect(result.stderr).toContain(`event=future-dated copy=a tier=monthly file=${ahead}.json`);
  const stamp = host.manifest("a").created.replace(/[-:]/g, "");
  for (const tier of ["monthly", "annual"]) expect(manifests(tier)).toEqual([`${stamp}.json`, `${ahead}.json`]);
});

it("what a fast clock remembered of a period is not believed when the clock is right again", async () => {
  const month = now().slice(0, 6);
  mkdirSync(join(host.root, "var/lib/granary"), { recursive: true });
  const seen = ["monthly", "annual"].map((tier) => `a ${tier} ${month}31T235959Z\n`).join("");
  writeFileSync(join(host.root, "var/lib/granary/orders.tiers"), seen);
  expect((await host.backup()).code).toBe(0);
  expect(manifests("monthly")).toHaveLength(1);
  expect(manifests("annual")).toHaveLength(1);
});

it("a period that has a backup gets no second one, and the copy is not asked again", async () => {
  expect((await host.backup()).code).toBe(0);
  host.fake("rclone", `[[ $* == *lsf*monthly* || $* == *lsf*annual* ]] && exit 1; exec "$REAL" "$@"`);
  const again = await host.backup();
  expect(again.code, again.stderr).toBe(0);
  expect(manifests("daily")).toHaveLength(2);
  expect(manifests("monthly")).toHaveLength(1);
  expect(manifests("annual")).toHaveLength(1);
});

it("it is not the latest that a restore takes; by its own stamp it can be had", async () => {
  expect((await host.backup()).code).toBe(0);
  date("daily", "20991231T000000Z");
  execFileSync("rm", ["-r", host.backups]);
  expect((await host.backup()).code).toBe(0);
  const [stamp] = manifests("daily").map((name) => name.slice(0, -".json".length));
  const latest = await host.restore(["--copy", "a", "--into", "latest"]);
  expect(latest.code, latest.stderr).toBe(0);
  expect(latest.stderr).toContain(`event=chosen job=orders copy=a stamp=${stamp}`);
  expect(latest.stderr).toContain("event=future-dated copy=a stamp=20991231T000000Z");
  const named = await host.restore(["--copy", "a", "--into", "named", "--at", "20991231T000000Z"]);
  expect(named.code, named.stderr).toBe(0);
  expect(cluster.sql("named", "SELECT count(*) FROM orders")).toBe("10");
});
