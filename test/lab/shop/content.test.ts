// The demo shop and its fingerprints against a real server: a snapshot held while orders go on, dumped, restored elsewhere, equal.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Check,
  compareFingerprints,
  type Fingerprint,
  fingerprintSql,
  holdSnapshotScript,
  parseFingerprint,
  useSql,
} from "../../../lab/shop/content.js";
import { Cluster, ended, shown } from "./cluster.js";

const SHOP = join(import.meta.dirname, "../../../lab/shop");
const failed = (checks: Check[]): string[] => checks.filter((c) => !c.ok).map((c) => c.name);

let shop: Cluster;
let other: Cluster;
let held: Fingerprint;

const now = (cluster: Cluster): Fingerprint => parseFingerprint(cluster.sql("mydb", fingerprintSql()));

/** What a backup does, while orders come in: export a snapshot, dump it. Meanwhile the rehearsal's session joins the same snapshot. */
async function backUpUnderLoad(dump: string): Promise<void> {
  const load = shop.start("bash", [join(SHOP, "load.sh"), "mydb", "4"]);
  const loadEnded = ended(load);
  const hold = shop.start("bash", ["-c", holdSnapshotScript("psql -d mydb", 20)]);
  const holdEnded = ended(hold);
  await shown(hold, "stderr", /waiting/);
  await new Promise((resolve) => setTimeout(resolve, 1000));

  const exporter = shop.start("psql", ["-XAtq", "-d", "mydb"]);
  exporter.stdin?.write("BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT pg_export_snapshot();\n");
  const id = (await shown(exporter, "stdout", /\d\n/)).trim();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  shop.run("pg_dump", ["-Fc", "-Z0", `--snapshot=${id}`, "-f", dump, "mydb"]);
  exporter.stdin?.end();
  held = parseFingerprint(await holdEnded);
  expect(await loadEnded).toMatch(/^placed=\d+\n$/);
}

beforeAll(async () => {
  shop = new Cluster();
  other = new Cluster();
  shop.run("createdb", ["mydb"]);
  shop.run("psql", ["-X", "-v", "orders=3000", "-d", "mydb", "-f", join(SHOP, "sql/shop.sql")], "", {
    SHOP_APP_PASSWORD: "it's a secret",
  });

  const dump = join(shop.dir, "dump");
  await backUpUnderLoad(dump);
  const globals = shop.run("pg_dumpall", ["--globals-only"]).replace(/^CREATE ROLE postgres;$/m, "");
  other.sql("postgres", globals);
  other.run("pg_restore", ["--exit-on-error", "--create", "-d", "postgres", dump]);
}, 90_000);

afterAll(() => {
  shop.stop();
  other.stop();
});

describe("a snapshot held during a backup", () => {
  it("holds a whole shop", () => {
    expect(held.tables["shop.customers"]?.rows).toBe(300);
    expect(held.tables["shop.orders"]?.rows).toBeGreaterThan(3000);
    expect(Object.keys(held.sequences)).toHaveLength(5);
    expect(Object.keys(held.roles)).toEqual(["shop_app", "shop_reports"]);
    expect(held.definitions).toHaveProperty(["function shop.place_order(bigint)"]);
  });

  it("equals what its dump brings back on another server", () => {
    const checks = compareFingerprints(held, now(other));
    expect(failed(checks)).toEqual([]);
    expect(checks.length).toBeGreaterThan(70);
  });

  it("differs from the shop that went on selling", () => {
    expect(failed(compareFingerprints(held, now(shop)))).toEqual(
      expect.arrayContaining(["table shop.orders", "table shop.products", "view shop.daily_sales"]),
    );
  });

  it("is restored fit for use", () => {
    const checks = JSON.parse(other.sql("mydb", useSql())) as Check[];
    expect(failed(checks)).toEqual([]);
    expect(checks).toHaveLength(15);
  });
});

describe("a restore that lost something", () => {
  const damage: [what: string, sql: string, repair: string, finds: string[]][] = [
    [
      "one character of one note",
      "UPDATE shop.products SET description = description || ' ' WHERE id = 7",
      "UPDATE shop.products SET description = rtrim(description) WHERE id = 7",
      ["table shop.products"],
    ],
    ["a row without a key", "INSERT INTO shop.search_terms VALUES (NULL, NULL, NULL)", "", ["table shop.search_terms"]],
    [
      "a sequence's place",
      "SELECT setval('shop.invoice_number', 100001)",
      "SELECT setval('shop.invoice_number', max(invoice)) FROM shop.orders",
      ["sequence shop.invoice_number"],
    ],
    ["a role's password", "ALTER ROLE shop_app PASSWORD 'other'", "", ["role shop_app"]],
    ["an index", "DROP INDEX shop.orders_open_idx", "", ["definition of index shop.orders_open_idx"]],
    [
      "a setting of the database",
      "ALTER DATABASE mydb RESET default_text_search_config",
      "",
      ["definition of the database"],
    ],
    ["a right", "REVOKE INSERT ON shop.customers FROM shop_app", "", ["definition of rights on shop.customers"]],
  ];

  it.each(damage)("is found: %s", (_what, sql, repair, finds) => {
    const before = now(other);
    other.sql("mydb", sql);
    expect(failed(compareFingerprints(before, now(other)))).toEqual(finds);
    if (repair !== "") other.sql("mydb", repair);
  });
});

describe("the inputs", () => {
  it("refuses what is not a snapshot's id", () => {
    expect(() => fingerprintSql("x'; DROP TABLE orders; --")).toThrow("not a snapshot id");
  });

  it("refuses the fingerprint of an empty database", () => {
    expect(() => parseFingerprint(other.sql("postgres", fingerprintSql()))).toThrow("holds no table");
  });

  it("gives up when nobody exports a snapshot", () => {
    expect(() => shop.run("bash", ["-c", holdSnapshotScript("psql -d mydb", 0.1)])).toThrow(
      "no snapshot was exported within 0.1 s",
    );
  });

  it("refuses a shop without a password for its role", () => {
    const create = (): string =>
      shop.run("psql", ["-X", "-d", "postgres", "-f", join(SHOP, "sql/shop.sql")], "", { SHOP_APP_PASSWORD: "" });
    expect(create).toThrow("SHOP_APP_PASSWORD is empty");
  });
});
