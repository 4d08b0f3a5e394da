# shellcheck shell=bash
# Making a database again: its roles, itself with its old properties, its contents, and the proof.
#
# While a restore goes on, the database carries a comment that says so; a later run drops such a database, and no other.

readonly RESTORE_MARK="granary: incomplete restore"

# database_state NAME: prints absent, marked (an interrupted restore), empty or tables.
database_state() {
  local comment
  comment=$(sql "$MAINTENANCE" <<SQL
SELECT coalesce(shobj_description(oid, 'pg_database'), '-') FROM pg_database WHERE datname = $(sql_literal "$1");
SQL
  )
  if [[ -z $comment ]]; then
    printf 'absent'
  elif [[ $comment == "$RESTORE_MARK"* ]]; then
    printf 'marked'
  elif [[ $(sql "$1" -c "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.deptype = 'e')" </dev/null) == 0 ]]; then
    printf 'empty'
  else
    printf 'tables'
  fi
}

# leftovers_drop: the half-made databases of earlier restores of this job.
leftovers_drop() {
  local name
  while IFS= read -r name; do
    log leftover-dropped "database=$name"
    sql "$MAINTENANCE" <<<"DROP DATABASE $(sql_name "$name");"
  done < <(sql "$MAINTENANCE" <<SQL
SELECT datname FROM pg_database
WHERE starts_with(shobj_description(oid, 'pg_database'), $(sql_literal "$RESTORE_MARK of $JOB "));
SQL
  )
}

# roles_missing: passes on the globals without what would change a role that exists on this server: those are left alone.
roles_missing() {
  awk '
    NR == FNR { have[$0] = 1; next }
    match($0, /^(CREATE|ALTER) ROLE /) {
      rest = substr($0, RLENGTH + 1)
      if (!match(rest, /^"([^"]|"")*"/)) match(rest, /^[^ ;]+/)
      if (substr(rest, 1, RLENGTH) in have) next
    }
    { print }' <(sql "$MAINTENANCE" -c 'SELECT quote_ident(rolname) FROM pg_roles
      UNION SELECT format('\''"%s"'\'', replace(rolname, '\''"'\'', '\''""'\'')) FROM pg_roles' </dev/null) -
}

# roles_restore GLOBALS: in one transaction, so that no role is left without its password.
roles_restore() {
  roles_missing <<<"$1" >"$WORK/roles.sql"
  sql "$MAINTENANCE" -1 -f - <"$WORK/roles.sql" >/dev/null 2>"$WORK/roles.err" ||
    fail restore-failed "the roles could not be restored: $(last_line "$WORK/roles.err")"
  rm -f "$WORK/roles.sql"
}

# create_sql NAME: from the properties in DATABASE_INFO. template0, or the locale could not be chosen.
create_sql() {
  jq -r --arg name "$1" '
    def name: "\"" + gsub("\""; "\"\"") + "\"";
    def literal: "\u0027" + gsub("\u0027"; "\u0027\u0027") + "\u0027";
    "CREATE DATABASE \($name | name) TEMPLATE template0 OWNER \(.owner | name) ENCODING \(.encoding | literal)"
    + " LC_COLLATE \(.collate | literal) LC_CTYPE \(.ctype | literal)"
    + (if .localeProvider == "i" then " LOCALE_PROVIDER icu ICU_LOCALE \(.locale | literal)"
       elif .localeProvider == "b" then " LOCALE_PROVIDER builtin BUILTIN_LOCALE \(.locale | literal)" else "" end) + ";"
  ' <<<"$DATABASE_INFO"
}

# database_create NAME STAMP
database_create() {
  { create_sql "$1" && printf 'COMMENT ON DATABASE %s IS %s;\n' "$(sql_name "$1")" "$(sql_literal "$RESTORE_MARK of $JOB $2")"; } |
    sql "$MAINTENANCE" 2>"$WORK/create.err" ||
    fail restore-failed "database '$1' could not be created: $(last_line "$WORK/create.err")"
}

# properties_sql NAME: the rights, the settings and the comment (which takes the mark away), in one transaction. A setting
# is set in the session and taken from there, because a list like search_path cannot be given as one literal.
properties_sql() {
  jq -r --arg database "$1" '
    def name: "\"" + gsub("\""; "\"\"") + "\"";
    def literal: if . == null then "NULL" else "\u0027" + gsub("\u0027"; "\u0027\u0027") + "\u0027" end;
    ($database | name) as $db | (.owner | name) as $owner |
    "BEGIN;", "ALTER DATABASE \($db) CONNECTION LIMIT \(.connectionLimit);",
    (select(.acl) | "REVOKE ALL ON DATABASE \($db) FROM PUBLIC, \($owner);", (.acl[] |
      "GRANT \(.privilege) ON DATABASE \($db) TO \(if .grantee then .grantee | name else "PUBLIC" end)"
      + (if .grantable then " WITH GRANT OPTION;" else ";" end))),
    (.settings[] | (.name | split(".") | map(name) | join(".")) as $key |
      "SELECT set_config(\(.name | literal), \(.value | literal), false);",
      (if .role then "ALTER ROLE \(.role | name) IN DATABASE \($db)" else "ALTER DATABASE \($db)" end) + " SET \($key) FROM CURRENT;",
      "RESET \($key);"),
    "COMMENT ON DATABASE \($db) IS \(.comment | literal);", "COMMIT;"' <<<"$DATABASE_INFO"
}

# properties_restore NAME
properties_restore() {
  properties_sql "$1" | sql "$MAINTENANCE" >/dev/null 2>"$WORK/properties.err" ||
    fail restore-failed "the properties of database '$1' could not be restored: $(last_line "$WORK/properties.err")"
}

# dump_place COPY MANIFEST: opens the dump where the server's own pg_restore can read it; a parallel restore needs a file.
dump_place() {
  if [[ -n $PG_CONTAINER ]]; then
    artifact_open "$1" "$2" dump docker exec -i "$PG_CONTAINER" sh -c "umask 077; cat >\"\$0\"" "$DUMP"
  else
    artifact_open "$1" "$2" dump --to "$DUMP"
    if ((${#PG_CLIENT[@]} > 0)); then chown postgres "$DUMP"; fi
  fi
}

# dump_drop: the opened dump is plain text; it goes as soon as it is restored, and in every case at the end.
dump_drop() {
  [[ -n $DUMP ]] || return 0
  if [[ -n $PG_CONTAINER ]]; then docker exec "$PG_CONTAINER" rm -f "$DUMP"; else rm -f "$DUMP"; fi
  DUMP=
}

# restore_settings JOBS: prints what the sessions of a restore are set to. synchronous_commit=off is safe, since the commit
# that takes the mark away flushes all before it. Statements run once and over all rows: to compile them costs more than it
# saves. On a small host the jobs keep every core busy: more workers inside of them only wait for each other.
restore_settings() {
  printf '%s' '-c synchronous_commit=off -c maintenance_work_mem=256MB -c jit=off'
  if (($1 <= 2)); then printf '%s' ' -c max_parallel_maintenance_workers=0 -c max_parallel_workers_per_gather=0'; fi
}

# dump_restore NAME
dump_restore() {
  local jobs status=0 args
  jobs=$(nproc)
  args=(-U "$PG_USER" -j "$jobs" --exit-on-error --no-tablespaces -d "$1")
  PGOPTIONS=$(restore_settings "$jobs")
  export PGOPTIONS
  if [[ -n $PG_CONTAINER ]]; then
    pg pg_restore "${args[@]}" "$DUMP" </dev/null 2>"$WORK/restore.err" || status=$?
  else
    # By its open file and not by name: the user postgres may not enter the directory.
    pg pg_restore "${args[@]}" /dev/stdin <"$DUMP" 2>"$WORK/restore.err" || status=$?
  fi
  unset PGOPTIONS
  ((status == 0)) || fail restore-failed "pg_restore ended with $status: $(sed -n '/error:/{p;q}' "$WORK/restore.err")"
}

# rows_compare NAME MANIFEST: exact counts of every table.
rows_compare() {
  local rows different
  rows=$(count_sql | sql "$1" | jq -cs 'add // {}')
  different=$(jq -r --argjson found "$rows" '.rows as $want | [($want + $found | keys[]) | select($want[.] != $found[.])
    | "\(.): \($want[.]) saved, \($found[.]) restored"] | join("; ")' "$2")
  [[ -z $different ]] || fail compare-failed "$different" "database=$1"
}
