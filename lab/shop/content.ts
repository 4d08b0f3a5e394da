// What is in a shop's database, as hashes: taken in the very snapshot that a backup dumped, and compared after a restore.
import { readFileSync } from "node:fs";
import type { Check } from "../../plan/check.js";

export type { Check } from "../../plan/check.js";

/** Number of rows of a table or view, and the hash over all of them in key order. */
export interface RowsFingerprint {
  rows: number;
  hash: string;
}

/** `lastValue` is null for a sequence never used; `highest` is the highest value in the columns that draw on it, null if none. */
export interface SequenceFingerprint {
  lastValue: number | null;
  highest: number | null;
}

/** The JSON that `fingerprint.sql` prints. Names are qualified by schema. Roles and definitions are name → md5. */
export interface Fingerprint {
  tables: Record<string, RowsFingerprint>;
  views: Record<string, RowsFingerprint>;
  sequences: Record<string, SequenceFingerprint>;
  roles: Record<string, string>;
  definitions: Record<string, string>;
}

/** PostgreSQL's own form of an exported snapshot's id. */
const SNAPSHOT_ID = /^[0-9A-F]{8}-[0-9A-F]{8}-[0-9]+$/;

const sqlFile = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

/**
 * SQL for `psql -XAtq` as superuser that prints a {@link Fingerprint} as one JSON line.
 * @param snapshotId an exported snapshot to look at; without it, the database as it is now
 * @throws Error if the id is not one of PostgreSQL's
 */
export function fingerprintSql(snapshotId?: string): string {
  if (snapshotId !== undefined && !SNAPSHOT_ID.test(snapshotId)) {
    throw new Error(
      `not a snapshot id: ${JSON.stringify(snapshotId)}; pg_export_snapshot() returns one such as 00000003-0000001B-1`,
    );
  }
  return inTransaction(
    snapshotId === undefined ? "" : `SET TRANSACTION SNAPSHOT '${snapshotId}';\n`,
    "fingerprint.sql",
  );
}

/** SQL for `psql -XAtq` as superuser that uses the shop (an order, its view, its sequences, its role) and prints {@link Check}s as one JSON line. */
export function useSql(): string {
  return inTransaction("", "use.sql");
}

function inTransaction(first: string, file: string): string {
  return `\\set ON_ERROR_STOP on\nBEGIN ISOLATION LEVEL REPEATABLE READ;\n${first}${sqlFile(file)}ROLLBACK;\n`;
}

/**
 * SQL for one `psql -XAtq` session as superuser that waits until some session exports a snapshot (as a backup does), joins it at once
 * and prints its {@link Fingerprint}. On stderr: `waiting` when it is ready (start the backup then), `snapshot ID` when it has joined.
 * It looks every 20 ms. It must find the snapshot while its owner still holds it; once joined, the owner may go.
 * @param timeoutSeconds gives up with an error after this long
 */
export function heldSnapshotSql(timeoutSeconds: number): string {
  return `\\set ON_ERROR_STOP on
CREATE FUNCTION pg_temp.wait_for_snapshot() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  id text;
BEGIN
  FOR look IN 1 .. ${Math.ceil(timeoutSeconds * 50)} LOOP
    SELECT f INTO id FROM pg_ls_dir('pg_snapshots') AS f WHERE f !~ '\\.tmp$' LIMIT 1;
    IF id IS NOT NULL THEN
      RETURN id;
    END IF;
    PERFORM pg_sleep(0.02);
  END LOOP;
  RAISE EXCEPTION 'no snapshot was exported within ${timeoutSeconds} s: did the backup start?';
END $$;
\\warn waiting
SELECT pg_temp.wait_for_snapshot() AS snapshot_id \\gset
BEGIN ISOLATION LEVEL REPEATABLE READ;
SET TRANSACTION SNAPSHOT :'snapshot_id';
\\warn snapshot :snapshot_id
${sqlFile("fingerprint.sql")}ROLLBACK;
`;
}

/**
 * Bash that runs {@link heldSnapshotSql} where the database is. Its stdout is the fingerprint's JSON.
 * @param psql the command that reaches the database, e.g. `docker exec -i postgres_container psql -U postgres -d mydb`
 * @param timeoutSeconds as in {@link heldSnapshotSql}, default 300
 */
export function holdSnapshotScript(psql: string, timeoutSeconds = 300): string {
  return `${psql} -XAtq <<'GRANARY_SNAPSHOT_SQL'\n${heldSnapshotSql(timeoutSeconds)}GRANARY_SNAPSHOT_SQL\n`;
}

/**
 * Compares what the dump's snapshot held with what a restore brought back: every table and view by rows and hash, every definition and role.
 * Sequences don't take part in transactions, so a dump holds their value of some later moment: a restored one must not lie below
 * the highest value in use.
 * Anything that is on one side only is a failed check.
 */
export function compareFingerprints(expected: Fingerprint, actual: Fingerprint): Check[] {
  const rows = (r: RowsFingerprint): string => `${r.rows} rows ${r.hash}`;
  return [
    ...compareEach("table", expected.tables, actual.tables, rows),
    ...compareEach("view", expected.views, actual.views, rows),
    ...compareEach(
      "sequence",
      expected.sequences,
      actual.sequences,
      () => "not below the highest value in use",
      sequenceState,
    ),
    ...compareEach("role", expected.roles, actual.roles, (hash) => hash),
    ...compareEach("definition of", expected.definitions, actual.definitions, (hash) => hash),
  ];
}

function sequenceState(s: SequenceFingerprint): string {
  const fine = s.highest === null || (s.lastValue !== null && s.lastValue >= s.highest);
  return fine ? "not below the highest value in use" : `${s.lastValue ?? "never used"}, below ${s.highest}`;
}

function compareEach<T>(
  kind: string,
  expected: Record<string, T>,
  actual: Record<string, T>,
  show: (value: T) => string,
  showActual = show,
): Check[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(actual)])].sort();
  return names.map((name) => {
    const [e, a] = [expected[name], actual[name]];
    const texts = {
      expected: e === undefined ? "absent" : show(e),
      actual: a === undefined ? "absent" : showActual(a),
    };
    return { name: `${kind} ${name}`, ok: texts.expected === texts.actual, ...texts };
  });
}

/** Reads a fingerprint from what `psql` printed. @throws Error if it isn't one, or holds no table (a fingerprint of nothing proves nothing) */
export function parseFingerprint(text: string): Fingerprint {
  const parsed = JSON.parse(text) as Partial<Record<keyof Fingerprint, object | null>>;
  const part = (name: keyof Fingerprint): object => parsed[name] ?? {};
  if (Object.keys(part("tables")).length === 0)
    throw new Error("the fingerprint holds no table: was it taken in the right database?");
  return {
    tables: part("tables"),
    views: part("views"),
    sequences: part("sequences"),
    roles: part("roles"),
    definitions: part("definitions"),
  } as Fingerprint;
}
