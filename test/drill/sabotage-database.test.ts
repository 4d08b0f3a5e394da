/** A drill that should fail does: databases. Real scripts, real PostgreSQL, one way to spoil a backup each. */
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { Cluster, Host, keygen } from "../scripts/harness.js";
import { artifact, changeManifest, drill, newest, remove, reseal, restamp, stamps } from "./sabotage.js";

const SHOP = `
CREATE ROLE shop LOGIN PASSWORD 'first';
CREATE DATABASE shop OWNER shop;
\\c shop
CREATE TABLE public.orders (id serial PRIMARY KEY, note text);
INSERT INTO public.orders (note) SELECT md5(g::text) FROM generate_series(1, 2000) g;
CREATE TABLE public.customers (id serial PRIMARY KEY);
INSERT INTO public.customers SELECT generate_series(1, 100);
ALTER TABLE public.orders OWNER TO shop;
`;
const JOB = { kind: "postgres", database: "shop" };

let cluster: Cluster;
let template: Host;
let host: Host;

/** A failed restore leaves what it was about. */
function drop(): void {
  const all = cluster.sql("postgres", "SELECT datname FROM pg_database WHERE datname !~ '^(postgres|template.)$'");
  for (const name of all.split("\n").filter(Boolean)) cluster.sql("postgres", `DROP DATABASE "${name}" WITH (FORCE)`);
  cluster.sql("postgres", "DROP ROLE IF EXISTS shop");
}

beforeAll(async () => {
  cluster = new Cluster();
  cluster.sql("postgres", SHOP);
  template = new Host(cluster);
  template.promotes();
  template.writeEnv({ GRANARY_COPIES: "a" });
  for (let i = 0; i < 2; i += 1) {
    const { code, stderr } = await template.backup();
    expect(code, stderr).toBe(0);
    await sleep(1000);
  }
  drop();
});
afterAll(() => {
  template.close();
  cluster.close();
});
beforeEach(() => {
  host = new Host(cluster, template.keys);
  host.writeEnv({ GRANARY_COPIES: "a" });
  execFileSync("cp", ["-a", ...["a", "var", "run"].map((dir) => join(template.root, dir)), host.root]);
});
afterEach(() => {
  host.close();
  drop();
});

/** One more backup of a database that was changed, and the database gone. */
async function backupOf(change: string, database = "shop"): Promise<void> {
  cluster.sql("postgres", SHOP);
  cluster.sql("postgres", change);
  host.writeEnv({ GRANARY_PG_DATABASE: database });
  const { code, stderr } = await host.backup();
  expect(code, stderr).toBe(0);
  host.writeEnv({ GRANARY_PG_DATABASE: "shop" });
  drop();
}

async function red(expected: RegExp, identity?: string): Promise<void> {
  const failed = await drill(host, JOB, identity);
  expect(failed.join("\n")).toMatch(expected);
}

it("what is as it should be is green", async () => {
  expect(await drill(host, JOB)).toEqual([]);
  expect(cluster.sql("shop", "SELECT count(*) FROM orders")).toBe("2000");
});

it("truncated", async () => {
  truncateSync(artifact(host, newest(host), "dump"), 5000);
  await red(/^orders: restored: .*name=artifact-corrupt/);
});

it("one bit flipped", async () => {
  const file = artifact(host, newest(host), "dump");
  const data = readFileSync(file);
  data[data.length >> 1]! ^= 1;
  writeFileSync(file, data);
  await red(/^orders: restored: .*name=artifact-corrupt/);
});

it("the artifact of another backup under its name", async () => {
  const [older, newer] = stamps(host) as [string, string];
  copyFileSync(artifact(host, older, "dump"), artifact(host, newer, "dump"));
  await red(/^orders: restored: .*name=artifact-corrupt/);
});

it("an older backup with a new date", async () => {
  const [older, newer] = stamps(host) as [string, string];
  remove(host, newer);
  for (const role of ["dump", "globals.sql"])
    copyFileSync(artifact(host, older, role), artifact(host, `x${older}`, role).replace(`x${older}`, newer));
  const manifest = join(artifact(host, older, "dump"), "..", `${older}.json`);
  copyFileSync(manifest, manifest.replace(older, newer));
  changeManifest(host, newer, (it) => {
    it.created = newer.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z");
    for (const one of it.artifacts) one.name = one.name.replace(older, newer);
  });
  await red(/^orders: is not an older backup with a new date: /);
});

it("older than its schedule claims", async () => {
  const [older, newer] = stamps(host) as [string, string];
  remove(host, newer);
  restamp(host, older, new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 19).replace(/[-:]/g, "") + "Z");
  await red(/^orders: as new as its schedule: /m);
});

it("a table is missing in the dump, and the manifest claims it", async () => {
  await backupOf("\\c shop\nDROP TABLE customers");
  changeManifest(host, newest(host), ({ rows }) => (rows["public.customers"] = 100));
  await red(/^orders: restored: .*name=compare-failed .*public.customers: 100 saved, null restored/);
});

it("a table is missing, and the manifest fits", async () => {
  await backupOf("\\c shop\nDROP TABLE customers");
  await red(/^orders: every table of the backup before: public.customers$/);
});

it("rows are missing, and the manifest fits", async () => {
  await backupOf("\\c shop\nDELETE FROM orders WHERE id > 500");
  await red(/^orders: did not shrink to less than half: 600 rows$/);
});

it("an empty dump with a valid manifest", async () => {
  await backupOf("\\c shop\nDROP TABLE orders, customers");
  await red(/^orders: is not empty: 0 rows$/m);
});

it("of another database", async () => {
  await backupOf("CREATE DATABASE other TEMPLATE shop", "other");
  await red(/^orders: is of its database: other$/m);
});

it("the shop's role is missing", async () => {
  reseal(host, "globals.sql", host.keys.recipient, (text) =>
    text
      .split("\n")
      .filter((line) => !/^(CREATE|ALTER) ROLE shop\b/.test(line))
      .join("\n"),
  );
  await red(/^orders: restored: .*name=restore-failed .*shop/);
});

it("encrypted to somebody else", async () => {
  reseal(host, "dump", keygen().recipient, (text) => text);
  await red(/^orders: restored: .*name=identity-wrong/);
});

it("an identity that nobody encrypted to", async () => {
  await red(/^orders: restored: .*name=identity-wrong/, keygen().identity);
});

it("no manifest", async () => {
  for (const stamp of stamps(host)) rmSync(join(artifact(host, stamp, "dump"), "..", `${stamp}.json`));
  await red(/^orders: there is a backup: none with a valid manifest$/);
});

it("no backup of this month is kept for the year", async () => {
  rmSync(join(host.root, "a/monthly"), { recursive: true });
  await red(/^orders: this month's backup is kept for the year: none$/);
});
