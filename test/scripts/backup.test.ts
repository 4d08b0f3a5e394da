import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Cluster, Host } from "./harness.js";

let cluster: Cluster;
let host: Host;

const SHOP = `
CREATE ROLE shop LOGIN PASSWORD 'planted';
CREATE DATABASE shop OWNER shop;
\\c shop
CREATE TABLE orders (id int PRIMARY KEY, note text);
INSERT INTO orders SELECT g, md5(g::text) FROM generate_series(1, 20000) g;
CREATE SCHEMA "Odd.Schema";
CREATE TABLE "Odd.Schema"."it's ""odd""" (id int);
INSERT INTO "Odd.Schema"."it's ""odd""" VALUES (1), (2);
CREATE TABLE events (day int) PARTITION BY RANGE (day);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
INSERT INTO events VALUES (3), (4), (5);
CREATE TABLE parent (id int);
CREATE TABLE child () INHERITS (parent);
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (2), (3);
CREATE VIEW recent AS SELECT * FROM orders;
`;
const ROWS = {
  "public.orders": 20000,
  '"Odd.Schema"."it\'s ""odd"""': 2,
  "public.events_1": 3,
  "public.parent": 1,
  "public.child": 2,
};

beforeAll(() => {
  cluster = new Cluster();
  cluster.sql("postgres", SHOP);
});
afterAll(() => cluster.close());
beforeEach(() => {
  host = new Host(cluster);
  host.writeEnv({ GRANARY_COPIES: "a" }); // what is asked of every copy says so itself
});
afterEach(() => host.close());

const sha256 = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

function decrypt(file: string): Buffer {
  const key = join(host.root, "key");
  writeFileSync(key, host.keys.identity);
  return execFileSync("age", ["-d", "-i", key, file], { maxBuffer: 1 << 28 });
}

describe("a run with the real tools", () => {
  it.each(["native", "container"])("publishes verified artifacts in every copy (%s)", async (door) => {
    host.writeEnv({ GRANARY_COPIES: "a b" });
    if (door === "container") host.fakeDocker();
    const result = await host.backup();
    expect(result.stderr).toContain("event=finished job=orders");
    expect(result.code).toBe(0);
    const manifest = host.manifest("local");
    expect(manifest.rows).toEqual(ROWS);
    const stamp = manifest.created.replace(/[-:]/g, "");
    const names = [`${stamp}.dump.zst.age`, `${stamp}.globals.sql.zst.age`, `${stamp}.json`];
    for (const copy of ["a", "b", "local"] as const) {
      expect(host.files(copy)).toEqual(names);
      expect(host.manifest(copy).copy).toMatchObject({ name: copy, verified: true });
    }
    for (const artifact of manifest.artifacts) {
      const file = join(host.root, "a/daily/shop/orders", artifact.name);
      expect(statSync(file).size).toBe(artifact.encrypted.bytes);
      expect(sha256(file)).toBe(artifact.encrypted.sha256);
      const plain = decrypt(file);
      expect(plain.length).toBe(artifact.plain.bytes);
      expect(createHash("sha256").update(plain).digest("hex")).toBe(artifact.plain.sha256);
    }
    const dump = execFileSync("zstd", ["-dc"], {
      input: decrypt(join(host.backups, names[0] ?? "")),
      maxBuffer: 1 << 28,
    });
    expect(dump.length).toBe(manifest.dumpBytes);
    expect(dump.subarray(0, 5).toString()).toBe("PGDMP");
    const globals = execFileSync("zstd", ["-dc"], {
      input: decrypt(join(host.backups, names[1] ?? "")),
      encoding: "utf8",
    });
    expect(globals).toMatch(/ALTER ROLE shop .* PASSWORD 'SCRAM-SHA-256/);
    expect(host.lastState()).toMatchObject({ ok: true, code: 0, name: "ok", copies: { ok: ["a", "b"], failed: [] } });
  });

  it("records which database it was", async () => {
    expect((await host.backup()).code).toBe(0);
    expect(host.manifest("a").database).toMatchObject({
      name: "shop",
      owner: "shop",
      encoding: "UTF8",
      collate: "C.UTF-8",
      ctype: "C.UTF-8",
      localeProvider: "c",
      systemIdentifier: cluster.sql("postgres", "SELECT system_identifier FROM pg_control_system()"),
      serverVersion: cluster.sql("postgres", "SHOW server_version"),
    });
  });

  it("encrypts to every recipient", async () => {
    const second = new Host(cluster);
    host.writeEnv({ GRANARY_RECIPIENTS: `${host.keys.recipient} ${second.keys.recipient}` });
    expect((await host.backup()).code).toBe(0);
    expect(host.manifest("a").recipients).toBe(2);
    host.keys.identity = second.keys.identity;
    const dump = host.manifest("a").artifacts[0];
    expect(decrypt(join(host.backups, dump?.name ?? "")).length).toBe(dump?.plain.bytes);
    second.close();
  });

  it("takes rows, dump and snapshot of one instant while writes go on", async () => {
    host.fake(
      "pg_dump",
      `
      [[ $* == *--version* ]] && exec "$REAL" "$@"
      psql -XqAt -U postgres -d shop -c 'INSERT INTO orders SELECT g FROM generate_series(20001, 20100) g' >&2
      exec "$REAL" "$@"`,
    );
    expect((await host.backup()).code).toBe(0);
    cluster.sql("shop", "DELETE FROM orders WHERE id > 20000");
    expect(host.manifest("a").rows).toEqual(ROWS);
    const file = join(host.root, "dump");
    writeFileSync(
      file,
      execFileSync("zstd", ["-dc"], {
        input: decrypt(join(host.backups, host.files("local")[0] ?? "")),
        maxBuffer: 1 << 28,
      }),
    );
    const text = execFileSync("pg_restore", ["--data-only", "-t", "orders", "-f", "-", file], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    expect(text.split("\n").filter((line) => /^\d+\t/.test(line)).length).toBe(20000);
  });

  it("leaves no session behind in the server", async () => {
    expect((await host.backup()).code).toBe(0);
    expect(
      cluster.sql("postgres", "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'granary%'"),
    ).toBe("0");
  });

  it("says so when roles cannot be saved with their passwords", async () => {
    cluster.sql("postgres", "CREATE ROLE plain LOGIN; GRANT pg_read_all_data TO plain");
    host.fakeDocker();
    host.writeEnv({ GRANARY_PG_USER: "plain" });
    const result = await host.backup();
    expect(result.code).toBe(0);
    expect(result.stderr).toContain("event=no-role-passwords");
    const globals = execFileSync("zstd", ["-dc"], {
      input: decrypt(join(host.backups, host.files("local")[1] ?? "")),
      encoding: "utf8",
    });
    expect(globals).toContain("CREATE ROLE shop;");
    expect(globals).not.toContain("SCRAM");
  });
});

describe("old local artifacts", () => {
  async function withOld(stamps: string[], synced: string): Promise<string[]> {
    host.fake("timedatectl", `echo ${synced}`);
    return pruned(stamps);
  }

  async function pruned(stamps: string[]): Promise<string[]> {
    expect((await host.backup()).code).toBe(0);
    const stamp = host.manifest("local").created.replace(/[-:]/g, "");
    for (const old of stamps)
      for (const file of host.files("local").filter((name) => name.startsWith(stamp)))
        writeFileSync(join(host.backups, file.replace(stamp, old)), readFileSync(join(host.backups, file)));
    expect((await host.backup()).code).toBe(0);
    return host.files("local").filter((name) => name.endsWith(".json") && stamps.includes(name.slice(0, 16)));
  }
  const old = ["20250101T030000Z", "20250102T030000Z"];

  it("go after the days of the settings", async () => {
    expect(await withOld(old, "yes")).toEqual([]);
  });

  it("stay while the clock is not synchronised", async () => {
    expect(await withOld(old, "no")).toEqual(old.map((stamp) => `${stamp}.json`));
  });

  it.each([
    ["go if the kernel knows its clock to be right", 0, []],
    ["stay if it does not", 1, old.map((stamp) => `${stamp}.json`)],
  ])("where systemd does not run, %s", async (_, code, left) => {
    host.fake("timedatectl", "exit 1");
    host.fake("perl", `exit ${String(code)}`);
    expect(await pruned(old)).toEqual(left);
  });

  it("never become fewer than two", async () => {
    host.fake("timedatectl", "echo yes");
    expect((await host.backup()).code).toBe(0);
    for (const file of host.files("local"))
      execFileSync("mv", [
        join(host.backups, file),
        join(host.backups, file.replace(/^\d{8}T\d{6}Z/, "20250101T030000Z")),
      ]);
    expect((await host.backup()).code).toBe(0);
    expect(host.files("local").filter((name) => name.startsWith("20250101T030000Z")).length).toBe(3);
  });
});
