import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Cluster, finished, Host, keygen, scripts, type Result } from "./harness.js";

let cluster: Cluster;
let host: Host;

const SHOP = `
CREATE ROLE shop LOGIN PASSWORD 'first' CONNECTION LIMIT 7;
CREATE ROLE "Odd ""Role" NOLOGIN;
GRANT "Odd ""Role" TO shop;
CREATE DATABASE shop OWNER shop TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' CONNECTION LIMIT 42;
COMMENT ON DATABASE shop IS 'the shop''s own';
REVOKE CONNECT ON DATABASE shop FROM PUBLIC;
GRANT CONNECT ON DATABASE shop TO "Odd ""Role" WITH GRANT OPTION;
ALTER DATABASE shop SET search_path TO "$user", public, "Odd.Schema";
ALTER DATABASE shop SET "app.secret" TO 'it''s planted';
ALTER DATABASE shop SET default_transaction_read_only TO off;
ALTER ROLE shop IN DATABASE shop SET work_mem TO '8MB';
\\c shop
CREATE TABLE public.orders (id serial PRIMARY KEY, note text);
INSERT INTO public.orders (note) SELECT md5(g::text) FROM generate_series(1, 5000) g;
ALTER TABLE public.orders OWNER TO shop;
CREATE VIEW public.recent AS SELECT * FROM public.orders WHERE id > 4990;
CREATE FUNCTION public.double(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';
`;

/** The host that made the backup all tests restore: made once, copied for each. */
let template: Host;
/** Properties of the database and the role's password hash (its salt is new each time) as they were saved. */
let saved: string[];

beforeAll(async () => {
  cluster = new Cluster();
  cluster.sql("postgres", SHOP);
  template = new Host(cluster);
  template.writeEnv({ GRANARY_COPIES: "a" });
  const result = await template.backup();
  expect(result.code, result.stderr).toBe(0);
  saved = [PROPERTIES, CREDENTIALS].map((query) => cluster.sql("postgres", query));
  dropAll();
});
afterAll(() => {
  template.close();
  cluster.close();
});
beforeEach(() => {
  cluster.sql("postgres", SHOP);
  host = new Host(cluster, template.keys);
  host.writeEnv({ GRANARY_COPIES: "a" });
  execFileSync("cp", ["-a", ...["a", "var", "run"].map((dir) => join(template.root, dir)), host.root]);
});
afterEach(() => {
  host.close();
  dropAll();
});

const databases = (): string[] =>
  cluster
    .sql("postgres", "SELECT datname FROM pg_database WHERE datname !~ '^(postgres|template.)$' ORDER BY 1")
    .split("\n")
    .filter(Boolean);

function dropAll(): void {
  for (const name of databases()) cluster.sql("postgres", `DROP DATABASE "${name}" WITH (FORCE)`);
  cluster.sql("postgres", `DROP ROLE IF EXISTS shop; DROP ROLE IF EXISTS "Odd ""Role"`);
}

const PROPERTIES = `SELECT jsonb_build_array(pg_encoding_to_char(encoding), datcollate, datctype, pg_get_userbyid(datdba), datconnlimit,
  shobj_description(d.oid, 'pg_database'), (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(datacl) a),
  (SELECT jsonb_agg(jsonb_build_array(setrole::regrole, setconfig) ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = d.oid))
  FROM pg_database d WHERE datname = 'shop'`;
const CONTENT =
  "SELECT md5(string_agg(o::text, ',' ORDER BY id)) || currval_of FROM orders o, (SELECT last_value AS currval_of FROM orders_id_seq) s GROUP BY currval_of";
const CREDENTIALS = "SELECT rolpassword || rolconnlimit FROM pg_authid WHERE rolname = 'shop'";

interface Outcome {
  database: string;
  switched: boolean;
  old: string | null;
  copy: string;
  compared: { tables: number; rows: number };
  seconds: Record<string, number>;
}
const outcome = (result: Result): Outcome => {
  expect(result.stderr).not.toContain("event=error");
  expect(result.code).toBe(0);
  return JSON.parse(result.stdout) as Outcome;
};

function expectFailure(result: Result, code: number, name: string, message: RegExp): void {
  expect(result.stderr).toMatch(message);
  expect(result.stderr).toContain(`event=error code=${String(code)} name=${name} `);
  expect(result.stderr).toMatch(/ hint="[^"]{10,}"$/m);
  expect(result.code).toBe(code);
  expect(result.stdout).toBe("");
  expectClean();
}

/** No identity and nothing in plain text is left anywhere on the host. */
function expectClean(): void {
  const secret = /AGE-SECRET-KEY-1\w+/.exec(host.keys.identity)?.[0] ?? "none";
  expect(
    execFileSync("bash", ["-c", `grep -rlE '${secret}|PGDMP|CREATE ROLE' "$0" || true`, host.root], {
      encoding: "utf8",
    }),
  ).toBe("");
  expect(readdirSync(join(host.root, "run/granary")).filter((name) => name.startsWith("restore."))).toEqual([]);
}

const restored = (): string[] => databases().filter((name) => name.startsWith("shop_restored_"));

describe("a restore with the real tools", () => {
  it.each(["native", "container"])("onto a server that has nothing: everything is as it was (%s)", async (door) => {
    if (door === "container") host.fakeDocker();
    const content = cluster.sql("shop", CONTENT);
    dropAll();
    const result = outcome(await host.restore(["--copy", "a"]));
    expect(result).toMatchObject({
      database: "shop",
      switched: true,
      old: null,
      copy: "a",
      compared: { tables: 1, rows: 5000 },
    });
    expect(databases()).toEqual(["shop"]);
    expect([PROPERTIES, CREDENTIALS].map((query) => cluster.sql("postgres", query))).toEqual(saved);
    expect(cluster.sql("shop", CONTENT)).toBe(content);
    expect(cluster.sql("shop", "SELECT double(21), count(*) FROM recent")).toBe("42|10");
    expect(cluster.sql("shop", "INSERT INTO orders (note) VALUES ('next') RETURNING id")).toContain("5001");
    expect(cluster.sql("postgres", `SELECT pg_has_role('shop', 'Odd "Role', 'member')`)).toBe("t");
    expect(cluster.sql("shop", "SELECT tableowner FROM pg_tables WHERE tablename = 'orders'")).toBe("shop");
    expectClean();
  });

  it("into a database of another name, from the local artifacts", async () => {
    expect(outcome(await host.restore(["--into", "look"]))).toMatchObject({
      database: "look",
      switched: false,
      copy: "local",
    });
    expect(cluster.sql("look", "SELECT count(*) FROM public.orders")).toBe("5000");
    expect(databases()).toEqual(["look", "shop"]);
  });

  it("beside a live database, which stays as it is, and with --switch in its place, which is kept", async () => {
    cluster.sql("shop", "DELETE FROM orders WHERE id > 100");
    const first = await host.restore();
    const beside = outcome(first);
    expect(beside).toMatchObject({ switched: false });
    expect(beside.database).toMatch(/^shop_restored_\d{8}t\d{6}z$/);
    expect(first.stderr).toMatch(
      /event=kept-beside .* next="granary-restore orders --copy local --at \d{8}T\d{6}Z --switch"/,
    );
    expect(cluster.sql("shop", "SELECT count(*) FROM orders")).toBe("100");
    const app = spawn("psql", ["-h", cluster.dir, "-U", "postgres", "-d", "shop", "-c", "SELECT pg_sleep(60)"], {
      stdio: "ignore",
    });
    const ended = finished(app);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const live = outcome(await host.restore(["--switch"]));
    expect((await ended).code).not.toBe(0);
    expect(live).toMatchObject({ database: "shop", switched: true });
    expect(live.seconds["restore"]).toBeUndefined(); // the one restored before is taken, after its rows were compared again
    expect(databases()).toEqual(["shop", live.old]);
    expect(cluster.sql("shop", "SELECT count(*) FROM orders")).toBe("5000");
    expect(cluster.sql(live.old ?? "", "SELECT count(*) FROM public.orders")).toBe("100");
  });

  it("in the place of an empty database, as a new container makes one", async () => {
    cluster.sql("postgres", "DROP DATABASE shop; CREATE DATABASE shop");
    expect(outcome(await host.restore())).toMatchObject({ database: "shop", switched: true });
    expect(cluster.sql("shop", "SELECT count(*) FROM orders")).toBe("5000");
  });

  it("roles that exist are left alone", async () => {
    dropAll();
    cluster.sql("postgres", "CREATE ROLE shop LOGIN PASSWORD 'newer'");
    const before = cluster.sql("postgres", CREDENTIALS);
    outcome(await host.restore());
    expect(cluster.sql("postgres", CREDENTIALS)).toBe(before);
    expect(cluster.sql("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'Odd%'")).toBe("1");
  });

  it("of the backup that is named", async () => {
    cluster.sql("shop", "DELETE FROM orders WHERE id > 3000");
    const first = host.manifest("a").created;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect((await host.backup()).code).toBe(0);
    const count = (database: string): string => cluster.sql(database, "SELECT count(*) FROM public.orders");
    outcome(await host.restore(["--copy", "a", "--into", "latest"]));
    outcome(await host.restore(["--copy", "a", "--at", first.replace(/[-:]/g, ""), "--into", "stamp"]));
    outcome(await host.restore(["--copy", "a", "--at", first, "--into", "time"]));
    expect([count("latest"), count("stamp"), count("time")]).toEqual(["3000", "5000", "5000"]);
  });
});

describe("a restore that cannot be", () => {
  const dump = (copy: string): string =>
    join(host.root, copy, "daily/shop/orders", host.files("a").find((name) => name.includes(".dump.")) ?? "");
  const flip = (file: string): void => {
    const bytes = readFileSync(file);
    bytes[600] = (bytes[600] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  };

  it("with another's identity", async () => {
    expectFailure(
      await host.restore(["--copy", "a"], keygen().identity),
      30,
      "identity-wrong",
      /no identity matched any of the recipients/,
    );
    expect(restored()).toEqual([]);
  });

  it.each([
    ["", /no age identity on standard input/],
    ["AGE-SECRET-KEY-1BROKEN\n", /age: .*malformed secret key/],
  ])("with no identity: %j", async (text, message) => {
    const result = await host.restore([], text);
    expectFailure(result, 30, "identity-wrong", message);
  });

  it("with a bit flipped in a stored artifact, which --verify finds too", async () => {
    flip(dump("a"));
    expectFailure(
      await host.restore(["--copy", "a"]),
      25,
      "artifact-corrupt",
      /dump.zst.age in copy a differs from its manifest/,
    );
    expect(restored()).toEqual([]);
    const verify = await host.run("granary-artifacts", ["orders", "--copy", "a", "--verify"]);
    expect(verify.code).toBe(25);
    expect(verify.stderr).toMatch(/event=corrupt copy=a artifact=\d{8}T\d{6}Z.dump.zst.age/);
    expect(JSON.parse(verify.stdout)).toMatchObject({ intact: false });
    const local = await host.run("granary-artifacts", ["orders", "--verify"]);
    expect(local.code).toBe(0);
    expect(JSON.parse(local.stdout)).toMatchObject({ intact: true, copy: { name: "local" } });
  });

  it("without a manifest: what has none does not exist", async () => {
    execFileSync("bash", ["-c", `rm "$0"/*.json`, join(host.root, "a/daily/shop/orders")]);
    expectFailure(await host.restore(["--copy", "a"]), 23, "manifest", /copy a has no backup of job orders/);
  });

  it.each([
    ["of another job", `s/"job": "orders"/"job": "other"/`],
    ["that names a file elsewhere", `s#"name": "#"name": "../../#`],
    ["cut short", `10q`],
  ])("with a manifest %s", async (_, edit) => {
    execFileSync("bash", ["-c", `sed -i '${edit}' "$0"/*.json`, join(host.root, "a/daily/shop/orders")]);
    const result = await host.restore(["--copy", "a"]);
    expectFailure(result, 23, "manifest", /event=manifest-ignored copy=a/);
  });

  it("from a copy that cannot be read", async () => {
    host.fake("rclone", "echo 'Failed: 403 Forbidden' >&2; exit 1");
    expectFailure(
      await host.restore(["--copy", "a"]),
      24,
      "fetch-failed",
      /copy a could not be listed: Failed: 403 Forbidden/,
    );
  });

  it.each([["shop"], ["taken"]])("into %s, which exists", async (name) => {
    if (name === "taken") cluster.sql("postgres", "CREATE DATABASE taken");
    expectFailure(await host.restore(["--into", name]), 31, "target-live", new RegExp(`database '${name}' exists`));
  });

  it("when pg_restore fails: the half-made database goes at the next run", async () => {
    host.fake(
      "pg_restore",
      `[[ $* == *--version* ]] && exec "$REAL" "$@"\necho 'pg_restore: error: out of memory' >&2; exit 1`,
    );
    expectFailure(
      await host.restore(),
      32,
      "restore-failed",
      /pg_restore ended with 1: pg_restore: error: out of memory/,
    );
    expect(restored().length).toBe(1);
    host.unfake("pg_restore");
    const again = await host.restore();
    expect(again.stderr).toContain("event=leftover-dropped database=shop_restored_");
    expect(outcome(again).switched).toBe(false);
  });

  it("when the rows differ: it never goes live", async () => {
    dropAll();
    host.fake(
      "pg_restore",
      `"$REAL" "$@" || exit; [[ $* == *--version* ]] || psql -XqAt -U postgres -d "$(sed 's/.* -d \\([^ ]*\\).*/\\1/' <<<"$*")" -c 'DELETE FROM public.orders WHERE id = 7'`,
    );
    expectFailure(await host.restore(), 33, "compare-failed", /public.orders: 5000 saved, 4999 restored/);
    expect(databases().filter((name) => name === "shop")).toEqual([]);
  });

  it.each([
    ["granary-restore", ["orders", "--copy", "z"], /copy 'z' is none of: local a/],
    ["granary-restore", ["orders", "--at"], /--at needs a value/],
    ["granary-restore", ["orders", "--into", "x", "--switch"], /exclude each other/],
    ["granary-restore", ["orders", "--at", "someday"], /neither latest, nor a stamp, nor a time/],
    ["granary-artifacts", ["orders", "--all"], /'--all' is no option/],
  ])("%s %j", async (script, args, message) => {
    const result = await host.run(script, args, host.keys.identity);
    expectFailure(result, 10, "usage", message);
  });

  it("where the identity would touch a disk", async () => {
    const disk = execFileSync("mktemp", ["-d", "/tmp/granary-disk-XXXXXX"], { encoding: "utf8" }).trim();
    execFileSync("cp", ["-r", join(host.root, "etc"), join(host.root, "var"), disk]);
    const child = spawn("bash", [join(scripts, "granary-restore"), "orders"], {
      env: { ...host.processEnv, GRANARY_ROOT: disk },
    });
    child.stdin.end(host.keys.identity);
    const result = await finished(child);
    expect(result.code).toBe(11);
    expect(result.stderr).toMatch(/and not in memory \(tmpfs\)/);
    expect(
      execFileSync("bash", ["-c", `grep -rl AGE-SECRET-KEY "$0" || true; rm -rf "$0"`, disk], { encoding: "utf8" }),
    ).toBe("");
  });
});

describe("killed with -9 and run again", () => {
  const kill = "kill -9 0; sleep 5";
  it.each([
    ["while fetching", "rclone", `[[ $* == *cat*dump* ]] && { ${kill}; }; exec "$REAL" "$@"`],
    [
      "while opening",
      "zstd",
      `[[ $* == *-dcq* && -e $STATE ]] && { head -c 9 | "$REAL" "$@"; ${kill}; }; touch "$STATE"; exec "$REAL" "$@"`,
    ],
    ["while restoring", "pg_restore", `[[ $* == *--version* ]] || { "$REAL" "$@" -s; ${kill}; }; exec "$REAL" "$@"`],
    ["while comparing", "psql", `[[ $* == *shop_restored* ]] && { ${kill}; }; exec "$REAL" "$@"`],
    ["while switching", "psql", `[[ $* == *-d\\ shop\\ -c* ]] && { ${kill}; }; exec "$REAL" "$@"`],
  ])("%s", async (_, program, fake) => {
    host.fakeDocker(); // its clients run in the process group of the script, as its user: kill 0 reaches them all
    cluster.sql("shop", "DELETE FROM orders WHERE id > 4000");
    host.fake(program, fake);
    expect((await host.restore(["--copy", "a", "--switch"])).signal).toBe("SIGKILL");
    expect(cluster.sql("shop", "SELECT count(*) FROM orders")).toBe("4000");
    host.unfake(program);
    const again = outcome(await host.restore(["--copy", "a", "--switch"]));
    expect(again).toMatchObject({ database: "shop", switched: true, compared: { rows: 5000 } });
    expect(databases()).toEqual(["shop", again.old]);
    expect(existsSync("/tmp/granary-restore-orders.dump")).toBe(false);
    expectClean();
  });

  it("two restores at once: the second does nothing", async () => {
    host.fake("pg_restore", `[[ $* == *--version* ]] || sleep 1.5; exec "$REAL" "$@"`);
    const first = host.start("granary-restore", ["orders"], host.keys.identity);
    const end = finished(first);
    await new Promise((resolve) =>
      first.stderr?.on("data", (text: Buffer) => (text.toString().includes("event=chosen") ? resolve(0) : 0)),
    );
    const second = await host.restore();
    expect(second.code).toBe(12);
    expect(second.stderr).toContain("name=locked");
    expect((await end).code).toBe(0);
  });
});
