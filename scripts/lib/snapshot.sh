# shellcheck shell=bash
# One transaction that exports its snapshot, so that the dump, the row counts and the properties of the database
# are of one instant. psql is held open on two fifos; closing its input ends it and with it the transaction.
# When it ends by itself, it takes the dump with it: $WORK/produce.pid names the process.

SNAPSHOT_PID=
SESSION_STDIN=
SESSION_STDOUT=
SNAPSHOT_ID=
DATABASE_INFO= # JSON, one line
ROW_COUNTS=    # JSON {"schema.table": rows}

# The tables whose rows a dump holds: ordinary ones (leaf partitions are that), but no table of an extension.
readonly TABLES_SQL="FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')"

# count_sql: one statement a table is made and run (\gexec); each prints {"schema.table": rows}. ONLY: a parent table
# counts its own rows, its children theirs.
count_sql() {
  cat <<SQL
SELECT format('SELECT jsonb_build_object(%L, count(*)) FROM ONLY %I.%I',
  format('%I.%I', n.nspname, c.relname), n.nspname, c.relname)
$TABLES_SQL ORDER BY c.relpages DESC \\gexec
SQL
}

# info_sql: what CREATE DATABASE and ALTER DATABASE need to make this database again. to_jsonb(d) hides which columns
# a version has.
info_sql() {
  cat <<'SQL'
SELECT jsonb_build_object('name', d.datname, 'serverVersion', current_setting('server_version'),
 'systemIdentifier', (SELECT system_identifier::text FROM pg_control_system()),
 'superuser', (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
 'encoding', pg_encoding_to_char(d.encoding), 'collate', d.datcollate, 'ctype', d.datctype,
 'localeProvider', coalesce(to_jsonb(d) ->> 'datlocprovider', 'c'),
 'locale', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'),
 'owner', pg_get_userbyid(d.datdba), 'connectionLimit', d.datconnlimit,
 'comment', shobj_description(d.oid, 'pg_database'),
 'acl', (SELECT jsonb_agg(jsonb_build_object(
   'grantee', CASE a.grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(a.grantee) END,
   'privilege', a.privilege_type, 'grantable', a.is_grantable)) FROM aclexplode(d.datacl) a),
 'settings', coalesce((SELECT jsonb_agg(jsonb_build_object(
   'role', CASE s.setrole WHEN 0 THEN NULL ELSE pg_get_userbyid(s.setrole) END,
   'name', split_part(c, '=', 1), 'value', substr(c, strpos(c, '=') + 1)))
   FROM pg_db_role_setting s, unnest(s.setconfig) c WHERE s.setdatabase = d.oid), '[]'::jsonb))
FROM pg_database d WHERE d.datname = current_database();
SQL
}

# snapshot_sql: the tables are locked first, as pg_dump locks them: a TRUNCATE in between would be seen by one of the two.
snapshot_sql() {
  cat <<SQL
SET client_encoding = 'UTF8';
SET idle_in_transaction_session_timeout = 0;
SET statement_timeout = 0;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot();
$(info_sql)
SELECT format('LOCK TABLE ONLY %I.%I IN ACCESS SHARE MODE', n.nspname, c.relname) $TABLES_SQL \\gexec
\\echo granary:locked
$(count_sql)
\\echo granary:counted
SQL
}

# snapshot_session: psql, and after it, should the dump still run, the end of the dump.
snapshot_session() {
  pg psql -XqAt -v ON_ERROR_STOP=1 -U "$PG_USER" -d "$PG_DATABASE" || true
  if [[ -e $WORK/produce.pid ]]; then kill -KILL "$(<"$WORK/produce.pid")" || true; fi
}

# snapshot_read: the next line of the session, in REPLY.
snapshot_read() {
  IFS= read -r REPLY <&"$SESSION_STDOUT" ||
    fail dump-failed "the snapshot session ended: $(last_line "$WORK/snapshot.err")"
}

# snapshot_open: needs WORK, a directory of this run. Counting goes on in the session while the dump runs.
snapshot_open() {
  mkfifo -m 600 "$WORK/snapshot.in" "$WORK/snapshot.out"
  snapshot_session <"$WORK/snapshot.in" >"$WORK/snapshot.out" 2>"$WORK/snapshot.err" &
  SNAPSHOT_PID=$!
  exec {SESSION_STDIN}>"$WORK/snapshot.in" {SESSION_STDOUT}<"$WORK/snapshot.out"
  stages_enter snapshot_leave
  trap '' PIPE # a session that ended at once is reported by the read that follows
  snapshot_sql >&"$SESSION_STDIN" || true
  trap - PIPE
  snapshot_read
  SNAPSHOT_ID=$REPLY
  snapshot_read
  DATABASE_INFO=$REPLY
  snapshot_read
  [[ $REPLY == granary:locked ]] || fail dump-failed "the snapshot session did not lock the tables: $REPLY"
  log snapshot "id=$SNAPSHOT_ID" "database=$PG_DATABASE"
}

# database_by_superuser: whether the user of the job is one, and so may read the roles' password hashes.
database_by_superuser() { [[ $DATABASE_INFO == *'"superuser": true'* ]]; }

# snapshot_close: takes the counts and ends the transaction.
snapshot_close() {
  local lines=()
  while snapshot_read && [[ $REPLY != granary:counted ]]; do lines+=("$REPLY"); done
  ROW_COUNTS=$(printf '%s\n' "${lines[@]}" | jq -cs 'add // {}')
  log counted "tables=$(jq length <<<"$ROW_COUNTS")"
  snapshot_end
}

# snapshot_leave: in a process that was started beside the session and would keep it open.
snapshot_leave() { exec {SESSION_STDIN}>&- {SESSION_STDOUT}<&-; }

# snapshot_end: lets the session go, whatever its state.
snapshot_end() {
  [[ -n $SNAPSHOT_PID ]] || return 0
  snapshot_leave
  stages_enter :
  wait "$SNAPSHOT_PID" || true
  SNAPSHOT_PID=
}
