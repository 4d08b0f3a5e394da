# shellcheck shell=bash
# The server of a continuous job: what it says about itself, its replication slot, and the heartbeat.

SLOT=           # granary_<job>
SERVER_SYSTEM=  # system identifier, a decimal number
SERVER_VERSION= # 150004
SERVER_TIMELINE=
SERVER_LSN=     # bytes since the beginning of the log, as far as it is on the server's disk
SERVER_PORT=
SERVER_SEGMENT= # bytes of a segment
SLOT_STATUS=    # reserved, extended, unreserved, lost, or absent
SLOT_RETAINED=  # bytes the server keeps for the slot
SLOT_LIMIT=     # bytes the server keeps at most; -1: no limit

# wal_setup JOB
wal_setup() {
  SLOT=granary_${1//-/_}
  pg_setup "granary-wal/$1"
  export PGCONNECT_TIMEOUT=10 PGOPTIONS="-c statement_timeout=15s -c lock_timeout=15s"
}

# sql_bounded: sql that ends: a server that hangs must be reported and not waited for.
sql_bounded() {
  local client=(timeout -k 5 30 "${PG_CLIENT[@]}")
  local PG_CLIENT=("${client[@]}")
  sql "$PG_DATABASE"
}

# heartbeat_sql: a transaction that changes nothing and is yet in the log with its time. synchronous_commit: on the
# server's disk at once, but never waiting for a standby.
heartbeat_sql() {
  cat <<'SQL'
SET synchronous_commit = local;
SELECT pg_logical_emit_message(true, 'granary', 'heartbeat') WHERE NOT pg_is_in_recovery() \g /dev/null
SQL
}

# facts_sql: one row, in the order server_facts reads it.
facts_sql() {
  cat <<SQL
SELECT (SELECT system_identifier FROM pg_control_system()), current_setting('server_version_num'),
 (SELECT timeline_id FROM pg_control_checkpoint()),
 pg_wal_lsn_diff(w.lsn, '0/0'), current_setting('port'), coalesce(s.wal_status, 'absent'),
 coalesce(pg_wal_lsn_diff(w.lsn, s.restart_lsn), 0),
 (SELECT setting FROM pg_settings WHERE name = 'wal_segment_size'),
 (SELECT CASE WHEN setting::bigint < 0 THEN -1 ELSE setting::bigint * 1048576 END
  FROM pg_settings WHERE name = 'max_slot_wal_keep_size')
FROM (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_flush_lsn() END AS lsn) w
LEFT JOIN (SELECT to_jsonb(r) ->> 'wal_status' AS wal_status, restart_lsn FROM pg_replication_slots r
  WHERE slot_name = $(sql_literal "$SLOT")) s ON true;
SQL
}

# server_facts [heartbeat]: fills the above; with a heartbeat before, if asked for. Fails when the server does not answer.
server_facts() {
  local said
  said=$({ if [[ ${1-} == heartbeat ]]; then heartbeat_sql; fi; facts_sql; } | sql_bounded 2>"$WORK/facts.err") || return 1
  IFS='|' read -r SERVER_SYSTEM SERVER_VERSION SERVER_TIMELINE SERVER_LSN SERVER_PORT SLOT_STATUS SLOT_RETAINED \
    SERVER_SEGMENT SLOT_LIMIT \
    <<<"${said##*$'\n'}"
  [[ $SERVER_SYSTEM:$SERVER_VERSION:$SERVER_TIMELINE:$SERVER_LSN:$SERVER_PORT:$SLOT_RETAINED:$SERVER_SEGMENT:$SLOT_LIMIT =~ ^[0-9:-]+$ &&
    -n $SLOT_STATUS && -n $SLOT_LIMIT ]] || return 1
}

# settings_sql: one line a setting that is in the way.
settings_sql() {
  cat <<SQL
SELECT 'the server is older than PostgreSQL 13, which cannot bound a slot: upgrade it, or set continuous: false'
WHERE current_setting('server_version_num')::int < 130000
UNION ALL SELECT 'wal_level is minimal: set it to replica and restart the server' WHERE current_setting('wal_level') = 'minimal'
UNION ALL SELECT 'WAL pages of ' || current_setting('wal_block_size') || ' bytes are not handled'
WHERE current_setting('wal_block_size') <> '8192'
UNION ALL SELECT format('no replication slot is free: raise max_replication_slots above %s and restart the server',
  current_setting('max_replication_slots'))
WHERE (SELECT count(*) FROM pg_replication_slots WHERE slot_name <> $(sql_literal "$SLOT"))
  >= current_setting('max_replication_slots')::int
UNION ALL SELECT format('no WAL sender is free: raise max_wal_senders above %s and restart the server',
  current_setting('max_wal_senders'))
WHERE (SELECT count(*) FROM pg_stat_replication WHERE application_name NOT LIKE 'granary%')
  >= current_setting('max_wal_senders')::int
UNION ALL SELECT format('user %I may not replicate: ALTER ROLE %I REPLICATION', rolname, rolname)
FROM pg_roles WHERE rolname = current_user AND NOT (rolreplication OR rolsuper)
UNION ALL SELECT format('tablespace %I is not handled: move what is in it to pg_default, or set continuous: false', spcname)
FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global');
SQL
}

# settings_said: prints the first thing that is in the way of streaming, with its remedy; nothing when nothing is.
settings_said() {
  local said
  said=$(settings_sql | sql_bounded 2>"$WORK/settings.err") || said="the server does not answer: $(last_line "$WORK/settings.err")"
  printf '%s' "${said%%$'\n'*}"
}

# slot_bound: a slot without a limit can fill the disk of the database. A limit of the user's own is left alone. Prints
# why it could not be set.
slot_bound() {
  local keep
  ((SLOT_LIMIT < 0)) || return 0
  keep=$(conf GRANARY_SLOT_KEEP 4GB)
  if [[ ! $keep =~ ^[1-9][0-9]*(MB|GB|TB)$ ]]; then
    printf "GRANARY_SLOT_KEEP '%s' is not of the form 4GB" "$keep"
  elif sql_bounded >/dev/null 2>"$WORK/settings.err" <<<"ALTER SYSTEM SET max_slot_wal_keep_size = '$keep';
SELECT pg_reload_conf();"; then
    log slot-bounded "setting=max_slot_wal_keep_size" "value=$keep"
  else
    printf 'max_slot_wal_keep_size has no limit and could not be set to %s: %s' "$keep" "$(last_line "$WORK/settings.err")"
  fi
}

# slot_release: ends the session that holds the slot: the receiver of a killed service.
slot_release() {
  sql_bounded >/dev/null 2>"$WORK/slot.err" <<<"SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots
WHERE slot_name = $(sql_literal "$SLOT") AND active;"
}

# slot_create: anew, and the server keeps the log from this moment on. A session needs a moment to let go of a slot.
slot_create() {
  local try
  for try in {1..20}; do
    slot_release || return 1
    if sql_bounded >/dev/null 2>"$WORK/slot.err" <<<"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
WHERE slot_name = $(sql_literal "$SLOT");
SELECT pg_create_physical_replication_slot($(sql_literal "$SLOT"), true);"; then
      SLOT_STATUS=reserved
      log slot-created "slot=$SLOT" "try=$try" "status=$SLOT_STATUS"
      return 0
    fi
    sleep 0.3
  done
  return 1
}
