/** A MariaDB database saved and brought back by the real tools: everything is as it was. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { content, databases, dropAll, expectFailure, MariaHost, MariaServer, outcome, SHOP, users } from "./mariadb.js";

let server: MariaServer;
let template: MariaHost;
let host: MariaHost;
let saved: { content: string; users: string };

beforeAll(async () => {
  server = await MariaServer.start();
  server.sql(SHOP);
  template = new MariaHost(server);
  const result = await template.backup();
  expect(result.code, result.stderr).toBe(0);
  saved = { content: content(server, "shop"), users: users(server) };
  dropAll(server);
});
afterAll(() => {
  template.close();
  server.close();
});
beforeEach(() => {
  host = new MariaHost(server, template.keys);
  execFileSync("cp", ["-a", ...["a", "var", "run"].map((dir) => join(template.root, dir)), host.root]);
});
afterEach(() => {
  host.close();
  dropAll(server);
});

describe("a backup of MariaDB", () => {
  it("says in its manifest what is in it", () => {
    const manifest = host.manifest("a") as unknown as Record<string, unknown>;
    expect(manifest).toMatchObject({
      kind: "mariadb",
      rows: { customers: 5, orders: 3000, "odd `\"name'": 2, nothing: 0, changes: 0 },
      content: {
        views: ["recent"],
        sequences: ["invoices"],
        triggers: ["noticed"],
        events: ["asleep", "nightly"],
        routines: ["busy", "twice"],
      },
      database: { name: "shop", characterSet: "utf8mb4", collation: "utf8mb4_unicode_ci", family: "mariadb" },
      notTransactional: [],
      wal: null,
    });
    expect(host.files("a")).toHaveLength(3);
  });

  it("reports tables that are not of the same instant", async () => {
    server.sql(`${SHOP} CREATE TABLE shop.old (a INT) ENGINE=MyISAM; INSERT INTO shop.old VALUES (1);`);
    const result = await host.backup();
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toMatch(/event=not-transactional tables=old /);
    expect(host.manifest("a")).toMatchObject({ notTransactional: ["old"], rows: { old: 1 } });
  });

  it("keeps the password out of every argument and file", async () => {
    server.sql(
      `${SHOP} CREATE USER saver@localhost IDENTIFIED BY 'planted-secret'; GRANT ALL ON *.* TO saver@localhost;`,
    );
    host.fakeDocker();
    host.writeEnv({ GRANARY_DB_USER: "saver", GRANARY_DB_PASSWORD: "planted-secret" });
    host.fake("mariadb-dump", `printf '%s\\n' "$@" >>${host.root}/arguments\nexec "$REAL" "$@"`);
    const result = await host.backup();
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr + readFileSync(join(host.root, "arguments"), "utf8")).not.toContain("planted");
    const found = execFileSync("bash", ["-c", `grep -rl planted-secret ${host.root} || true`], { encoding: "utf8" });
    expect(found.trim()).toBe(join(host.root, "etc/granary/orders.env"));
    server.sql("DROP USER saver@localhost");
  });
});

describe("a restore of MariaDB", () => {
  it.each(["native", "container"])("onto a server that has nothing: everything is as it was (%s)", async (door) => {
    if (door === "container") host.fakeDocker();
    const result = outcome(await host.restore(["--copy", "a"]));
    expect(result).toMatchObject({
      database: "shop",
      switched: true,
      compared: { tables: 5, rows: 3007 },
      replayed: null,
    });
    expect(content(server, "shop")).toBe(saved.content);
    expect(users(server)).toBe(saved.users);
    expect(databases(server)).toEqual(["shop"]);
    expect(server.sql("INSERT INTO orders (customer) VALUES (1); SELECT n FROM changes; SELECT twice(4)", "shop")).toBe(
      "4096\n8",
    );
  });

  it("in the place of an empty database", async () => {
    server.sql("CREATE DATABASE shop CHARACTER SET latin1");
    expect(outcome(await host.restore())).toMatchObject({ database: "shop", switched: true });
    expect(content(server, "shop")).toBe(saved.content);
  });

  it("beside a live database, which stays as it is; its events do not run there", async () => {
    server.sql(`${SHOP} DELETE FROM shop.orders WHERE id > 10;`);
    const before = content(server, "shop");
    const first = await host.restore();
    const result = outcome(first);
    expect(result.database).toMatch(/^shop_restored_\d{8}t\d{6}z$/);
    expect(result.switched).toBe(false);
    expect(first.stderr).toContain("event=kept-beside ");
    expect(content(server, "shop")).toBe(before);
    expect(server.sql("SELECT COUNT(*) FROM orders", result.database)).toBe("3000");
    const states = `SELECT CONCAT(event_name, ' ', status) FROM information_schema.events WHERE event_schema = '${result.database}' ORDER BY 1`;
    expect(server.sql(states)).toBe("asleep DISABLED\nnightly SLAVESIDE_DISABLED");
    expectFailure(await host.restore(), 31, "target-live", /database 'shop_restored_\w+' exists/);
  });

  it("into a database of another name", async () => {
    expect(outcome(await host.restore(["--into", "look"]))).toMatchObject({ database: "look", switched: false });
    expectFailure(await host.restore(["--into", "look"]), 31, "target-live", /database 'look' exists/);
  });

  it("leaves users alone that exist", async () => {
    server.sql("CREATE USER app@'%' IDENTIFIED BY 'newer'");
    const before = server.sql("SHOW CREATE USER app@'%'; SHOW GRANTS FOR app@'%'");
    outcome(await host.restore());
    expect(server.sql("SHOW CREATE USER app@'%'; SHOW GRANTS FOR app@'%'")).toBe(before);
    expect(server.sql("SHOW GRANTS FOR sellers")).toContain("GRANT SELECT ON `shop`.`orders`");
  });

  it("refuses --switch and says what to do", async () => {
    expectFailure(await host.restore(["--switch"]), 10, "usage", /--switch is for postgres.*docs\/mariadb\.md/);
  });
});

describe("a restore of MariaDB that fails", () => {
  const artifact = (): string => {
    const name = readdirSync(join(host.root, "a/daily/shop/orders")).find((file) => file.endsWith("Z.sql.zst.age"));
    return join(host.root, "a/daily/shop/orders", name ?? "none");
  };

  it.each<[string, () => void, number, string, RegExp]>([
    [
      "a damaged artifact",
      () => {
        const bytes = readFileSync(artifact());
        bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
        writeFileSync(artifact(), bytes);
      },
      25,
      "artifact-corrupt",
      /differs from its manifest/,
    ],
    [
      "the client stops midway",
      () => {
        host.fakeClient(
          "mariadb",
          `[[ $* == *allowed-packet* ]] || exec "$REAL" "$@"\nhead -n 80 | "$REAL" "$@"; echo 'ERROR 2013 (HY000): Lost connection' >&2; exit 1`,
        );
      },
      32,
      "restore-failed",
      /ERROR 2013/,
    ],
    [
      "a row is lost on the way",
      () =>
        host.fakeClient("mariadb", `[[ $* == *allowed-packet* ]] || exec "$REAL" "$@"\nsed "/^(17,/d" | "$REAL" "$@"`),
      33,
      "compare-failed",
      /saved: rows 3000 orders, restored: rows 2999 orders/,
    ],
    [
      "an event is lost on the way",
      () =>
        host.fakeClient(
          "mariadb",
          `[[ $* == *allowed-packet* ]] || exec "$REAL" "$@"\nsed 's/EVENT .nightly. ON SCHEDULE.*/EVENT other ON SCHEDULE EVERY 1 DAY DO DELETE FROM nothing/' | "$REAL" "$@"`,
        ),
      33,
      "compare-failed",
      /saved: event nightly/,
    ],
  ])("%s; the next one brings all back", async (_, prepare, code, name, message) => {
    const whole = readFileSync(artifact());
    prepare();
    expectFailure(await host.restore(["--copy", "a"]), code, name, message);
    expect(databases(server)).toEqual(["shop"]);
    expect(server.sql("SELECT job FROM granary_incomplete_restore", "shop")).toBe("orders");
    host.unfake("mariadb");
    writeFileSync(artifact(), whole);
    const result = await host.restore(["--copy", "a"]);
    expect(result.stderr).toContain("event=leftover-dropped database=shop");
    outcome(result);
    expect(content(server, "shop")).toBe(saved.content);
    expect(users(server)).toBe(saved.users);
  });

  it("a wrong identity, before anything is made", async () => {
    const other = execFileSync("age-keygen", { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    expectFailure(await host.restore([], other), 30, "identity-wrong", /no identity matched/);
    expect(databases(server)).toEqual([]);
  });
});
