# shellcheck shell=bash
# Bringing a PostgreSQL database back: beside the live one, compared, and in its place where nothing is lost by that.

# shellcheck source=../restore-db.sh
source "$LIB/restore-db.sh"
# shellcheck source=../switch.sh
source "$LIB/switch.sh"

MAINTENANCE= # the database to be connected to while others are made and renamed
DUMP=        # the opened dump, where pg_restore reads it
TARGET=
OLD=
IS_LIVE=false

# restore_prepare: the server must be there, and of the right version, before anything is fetched.
restore_prepare() {
  local server
  pg_setup "granary-restore/$JOB"
  MAINTENANCE=$(pg_maintenance_db)
  pg_container_check
  server=$(pg_reach "$MAINTENANCE")
  pg_version_check "$server"
  pg_end_leftovers "$MAINTENANCE"
}

restore_cleanup() { dump_drop; }

# globals: the small artifact first: a wrong identity is known before anything large is fetched.
globals() {
  GLOBALS=$(artifact_open "$COPY" "$MANIFEST" globals cat)
  DATABASE_INFO=$(sed -n 's/^-- granary-database: //p' <<<"$GLOBALS")
  jq -e .owner >/dev/null <<<"$DATABASE_INFO" || fail artifact-corrupt "the globals hold no properties of the database"
}

# target_choose: nothing that exists is written over. Prints nothing; sets TARGET and whether it is there already (REUSE).
target_choose() {
  local state
  leftovers_drop
  TARGET=${INTO:-$(short_name "$PG_DATABASE" "_restored_${STAMP,,}")}
  REUSE=no
  state=$(database_state "$TARGET")
  case $state in
    absent) return 0 ;;
    empty) # made by a restore that was killed before it could mark it
      [[ -z $INTO ]] || fail target-live "database '$TARGET' exists"
      sql "$MAINTENANCE" <<<"DROP DATABASE $(sql_name "$TARGET");"
      ;;
    *)
      [[ -z $INTO && $SWITCH == yes ]] || fail target-live "database '$TARGET' exists"
      REUSE=yes # restored earlier without --switch; its rows are compared again before it goes live
      ;;
  esac
}

place() {
  DUMP=$WORK/opened.dump
  if [[ -n $PG_CONTAINER ]]; then DUMP=/tmp/granary-restore-$JOB.dump; fi
  dump_place "$COPY" "$MANIFEST"
}

# load: what is restored is not looked at before all of it is there.
load() {
  timed roles roles_restore "$GLOBALS"
  timed fetch place
  database_create "$TARGET" "$STAMP"
  timed restore dump_restore "$TARGET"
  dump_drop
}

# analyze: without statistics the first queries of a shop would be slow.
analyze() { pg vacuumdb -q -U "$PG_USER" -j "$(nproc)" --analyze-only -d "$TARGET" </dev/null; }

# examine: the rows are counted while the statistics are taken: the one reads what the other has just read.
examine() {
  local analyzing=
  if [[ $REUSE == no ]]; then
    analyze &
    analyzing=$!
  fi
  rows_compare "$TARGET" "$MANIFEST"
  [[ -z $analyzing ]] || wait "$analyzing" || fail restore-failed "the statistics of '$TARGET' could not be taken"
}

# go_live: the restored database takes the name of the live one, unless that has tables and nobody asked for it.
go_live() {
  local state
  [[ -z $INTO ]] || return 0
  state=$(database_state "$PG_DATABASE")
  if [[ $state != absent && $state != empty && $SWITCH == no ]]; then
    log kept-beside "database=$TARGET" "live=$PG_DATABASE" "next=granary-restore $JOB --copy $COPY --at $STAMP --switch"
    return 0
  fi
  if [[ $state != absent ]]; then OLD=$(short_name "$PG_DATABASE" "_old_$(date -u +%Y%m%dt%H%M%Sz)"); fi
  timed switch database_switch "$TARGET" "$PG_DATABASE" "$OLD"
  TARGET=$PG_DATABASE
  IS_LIVE=true
}

# restore_run: of the backup in MANIFEST.
restore_run() {
  timed globals globals
  target_choose
  if [[ $REUSE == no ]]; then load; fi
  timed compare examine
  if [[ $REUSE == no ]]; then timed properties properties_restore "$TARGET"; fi
  go_live
  restored "$(jq -c --arg database "$TARGET" --arg old "$OLD" --argjson switched "$IS_LIVE" '
    {database: $database, switched: $switched, old: (if $old == "" then null else $old end),
     compared: {tables: (.rows | length), rows: (.rows | add // 0)}}' "$MANIFEST")"
}
