/**
 * What the tests of a restore share. To import this is to have, for each test of the file, a host with the backup of a
 * database, made once a file, and a cluster with that database.
 */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { Cluster, Host, type Result } from "./harness.js";

export let cluster: Cluster;
export let host: Host;

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
export let saved: string[];

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

export const databases = (): string[] =>
  cluster
    .sql("postgres", "SELECT datname FROM pg_database WHERE datname !~ '^(postgres|template.)$' ORDER BY 1")
    .split("\n")
    .filter(Boolean);

export function dropAll(): void {
  for (const name of databases()) cluster.sql("postgres", `DROP DATABASE "${name}" WITH (FORCE)`);
  cluster.sql("postgres", `DROP ROLE IF EXISTS shop; DROP ROLE IF EXISTS "Odd ""Role"`);
}

export const PROPERTIES = `SELECT jsonb_build_array(pg_encoding_to_char(encoding), datcollate, datctype, pg_get_userbyid(datdba), datconnlimit,
  shobj_description(d.oid, 'pg_database'), (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(datacl) a),
  (SELECT jsonb_agg(jsonb_build_array(setrole::regrole, setconfig) ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = d.oid))
  FROM pg_database d WHERE datname = 'shop'`;
export const CONTENT =
  "SELECT md5(string_agg(o::text, ',' ORDER BY id)) || currval_of FROM orders o, (SELECT last_value AS currval_of FROM orders_id_seq) s GROUP BY currval_of";
export const CREDENTIALS = "SELECT rolpassword || rolconnlimit FROM pg_authid WHERE rolname = 'shop'";

interface Outcome {
  database: string;
  switched: boolean;
  old: string | null;
  copy: string;
  compared: { tables: number; rows: number };
  seconds: Record<string, number>;
}
export const outcome = (result: Result): Outcome => {
  expect(result.stderr).not.toContain("event=error");
  expect(result.code).toBe(0);
  return JSON.parse(result.stdout) as Outcome;
};

export function expectFailure(result: Result, code: number, name: string, message: RegExp): void {
  expect(result.stderr).toMatch(message);
  expect(result.stderr).toContain(`event=error code=${String(code)} name=${name} `);
  expect(result.stderr).toMatch(/ hint="[^"]{10,}"$/m);
  expect(result.code).toBe(code);
  expect(result.stdout).toBe("");
  expectClean();
}

/** No identity and nothing in plain text is left anywhere on the host. */
export function expectClean(): void {
  const secret = /AGE-SECRET-KEY-1\w+/.exec(host.keys.identity)?.[0] ?? "none";
  expect(
    execFileSync("bash", ["-c", `grep -rlE '${secret}|PGDMP|CREATE ROLE' "$0" || true`, host.root], {
      encoding: "utf8",
    }),
  ).toBe("");
  expect(readdirSync(join(host.root, "run/granary")).filter((name) => name.startsWith("restore."))).toEqual([]);
}

export const restored = (): string[] => databases().filter((name) => name.startsWith("shop_restored_"));
