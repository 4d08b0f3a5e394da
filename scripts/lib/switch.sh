# shellcheck shell=bash
# Giving the restored database the name of the live one.

# short_name NAME SUFFIX: prints both, the name cut so that PostgreSQL's 63 bytes are enough.
short_name() { printf '%s%s' "${1:0:$((63 - ${#2}))}" "$2"; }

# terminate_sql RESTORED LIVE (literals): ends the sessions of both databases until the rename is done, for 8 s at most.
# The rename that waits meanwhile holds the lock that keeps new ones out.
terminate_sql() {
  cat <<SQL
DO \$\$ BEGIN
  FOR i IN 1..80 LOOP
    EXIT WHEN NOT EXISTS (SELECT FROM pg_database WHERE datname = $1);
    PERFORM pg_stat_clear_snapshot();
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ($1, $2);
    PERFORM pg_sleep(0.1);
  END LOOP;
END \$\$;
SQL
}

# rename_sql RESTORED LIVE OLD: both names change in one transaction, or none does. Without OLD there is none to keep.
rename_sql() {
  printf 'BEGIN;\n'
  if [[ -n $3 ]]; then printf 'ALTER DATABASE %s RENAME TO %s;\n' "$(sql_name "$2")" "$(sql_name "$3")"; fi
  printf 'ALTER DATABASE %s RENAME TO %s;\nCOMMIT;\n' "$(sql_name "$1")" "$(sql_name "$2")"
}

# database_switch RESTORED LIVE OLD: needs no flag that a kill could leave behind: the lock of the rename is the fence.
database_switch() {
  local rename status=0
  rename_sql "$1" "$2" "$3" | sql "$MAINTENANCE" 2>"$WORK/switch.err" &
  rename=$!
  sleep 0.1
  terminate_sql "$(sql_literal "$1")" "$(sql_literal "$2")" | sql "$MAINTENANCE" 2>"$WORK/terminate.err" || status=$?
  wait "$rename" || fail switch-failed "the rename failed: $(last_line "$WORK/switch.err")"
  ((status == 0)) || log terminate-failed "message=$(last_line "$WORK/terminate.err")"
}
