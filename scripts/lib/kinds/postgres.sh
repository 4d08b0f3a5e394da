# shellcheck shell=bash
# A PostgreSQL database: dump and globals, of one snapshot.

# shellcheck source=../pg.sh
source "$LIB/pg.sh"
# shellcheck source=../snapshot.sh
source "$LIB/snapshot.sh"
# shellcheck source=../ending.sh
source "$LIB/ending.sh"

PG_VERSION= # of pg_dump

kind_env_check() {
  env_need "$1" PG_DATABASE PG_USER
  if continuous; then env_need "$1" BASE_ON_CALENDAR; fi
}

# continuous: whether the log of this database is shipped too.
continuous() { [[ $(conf GRANARY_CONTINUOUS no) == yes ]]; }

kind_units() {
  if continuous; then printf 'granary-wal@%s.service\ngranary-base@%s.timer %s\n' "$1" "$1" "$(conf GRANARY_BASE_ON_CALENDAR)"; fi
}

# kind_afterwards: a log that stands still, or of which a copy lacks a piece, makes the nightly run red though its dump is good.
kind_afterwards() {
  continuous || return 0
  "$LIB/../granary-wal" "$JOB" --status >/dev/null
  "$LIB/../granary-wal" "$JOB" --verify >/dev/null
}

kind_preconditions() {
  local server
  pg_setup "granary/$JOB"
  pg_container_check
  server=$(pg_reach "$PG_DATABASE")
  pg_version_check "$server"
  PG_VERSION=$(pg_client_version pg_dump)
  pg_end_leftovers "$PG_DATABASE"
}

# dump_database: not compressed (-Z0): zstd does that better and on all cores.
dump_database() {
  local command=(pg_dump -U "$PG_USER" -Fc -Z0 --snapshot="$SNAPSHOT_ID" -d "$PG_DATABASE")
  if [[ -n $PG_CONTAINER ]]; then mapfile -d '' command < <(with_ending "${command[@]}"); fi
  pg_exec "${command[@]}"
}

# dump_globals: roles with their password hashes, and in a comment at the end the properties of the database that
# pg_restore cannot apply under another name. Tablespaces are places of this host, of no use on another.
dump_globals() {
  local options=(--globals-only --no-tablespaces) said
  if ! database_by_superuser; then options+=(--no-role-passwords); fi
  said=$(pg pg_dumpall -U "$PG_USER" "${options[@]}" -l "$PG_DATABASE") || exit
  if [[ $said != *"-- PostgreSQL database cluster dump complete"* ]]; then
    echo "pg_dumpall: the end of its output did not arrive" >&2
    exit 1
  fi
  printf '%s\n' "$said"
  printf -- '\n-- granary-database: %s\n' "$DATABASE_INFO"
}

# The counts of the snapshot are waited for after the dump: they go on beside it. Settings of the database stay out of
# the manifest, for they may hold secrets: they are in the encrypted globals.
kind_produce() {
  local raw
  snapshot_open
  if [[ -n $PG_CONTAINER ]]; then
    need_tools perl
    seal_ending yes
  fi
  artifact dump dump PGDMP dump_database
  seal_ending no
  raw=$SEALED_RAW
  snapshot_close
  if ! database_by_superuser; then
    log no-role-passwords "message='$PG_USER' is no superuser: roles are saved without their passwords"
  fi
  artifact globals globals.sql $'--\n-- PostgreSQL database cluster dump' dump_globals
  facts "$(jq -cn --argjson raw "$raw" --arg client "$PG_VERSION" --arg snapshot "$SNAPSHOT_ID" \
    --slurpfile info <(printf '%s' "$DATABASE_INFO") --slurpfile rows <(printf '%s' "$ROW_COUNTS") '
    {dumpBytes: $raw, rows: $rows[0], database: ($info[0]
      | {name, serverVersion, systemIdentifier, encoding, collate, ctype, localeProvider, locale, owner}
      + {clientVersion: $client, snapshot: $snapshot})}')"
}

kind_cleanup() {
  [[ -n $SNAPSHOT_PID ]] || return 0
  pg_end_leftovers "$PG_DATABASE" 2>/dev/null
  snapshot_end
}

# kind_deployed JOB: prints the version number of the server, or "absent": on a new host it comes with the restore.
kind_deployed() {
  local server
  pg_setup "granary/$1"
  # In a subshell: an absent container or database ends it with a message, and here that is no failure.
  if server=$(pg_container_check && pg_reach "$PG_DATABASE"); then
    pg_version_check "$server"
    if continuous; then "$LIB/../granary-wal" "$1" --check >/dev/null; fi
    printf '"%s"' "$server"
  else
    log database-absent "job=$1" "message=the versions are compared at the first run"
    printf '"absent"'
  fi
}
