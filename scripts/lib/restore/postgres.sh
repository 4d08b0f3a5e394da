# shellcheck shell=bash
# Bringing a PostgreSQL database back: beside the live one, compared, and in its place where nothing is lost by that.

# shellcheck source=../restore-db.sh
source "$LIB/restore-db.sh"
# shellcheck source=../switch.sh
source "$LIB/switch.sh"
# shellcheck source=../switched.sh
source "$LIB/switched.sh"
# shellcheck source=../undo.sh
source "$LIB/undo.sh"
# shellcheck source=../point.sh
source "$LIB/point.sh"
# shellcheck source=../difference.sh
source "$LIB/difference.sh"

MAINTENANCE= # the database to be connected to while others are made and renamed
DUMP=        # the opened dump, where pg_restore reads it
TARGET=
OLD=
IS_LIVE=false
SERVER=         # its version number
DIFFERENCE=null # JSON
CONSTRAINTS=null # JSON

# restore_prepare: the server must be there, and of the right version, before anything is fetched.
restore_prepare() {
  pg_setup "granary-restore/$JOB"
  MAINTENANCE=$(pg_maintenance_db)
  pg_container_check
  SERVER=$(pg_reach "$MAINTENANCE")
  pg_version_check "$SERVER"
  pg_end_leftovers "$MAINTENANCE"
  if [[ $UNDO == no ]]; then point_wanted; fi
}

restore_choose() {
  point_meant || return 1
  point_choose
}

restore_cleanup() {
  dump_drop
  scratch_remove
}

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
      [[ -z $INTO && ($SWITCH == yes || $REUSE_ALLOWED == yes) ]] || fail target-live "database '$TARGET' exists"
      if [[ $POINT == yes ]] && ! point_known "$TARGET"; then
        fail target-live "database '$TARGET' exists and is not known to be of copy $COPY at $AT"
      fi
      REUSE=yes # restored earlier without --switch; its rows are compared again before it goes live
      ;;
  esac
}

place() {
  DUMP=$WORK/opened.dump
  if [[ -n $PG_CONTAINER ]]; then DUMP=/tmp/granary-restore-$JOB.dump; fi
  if [[ $POINT == yes ]]; then point_dump; else dump_place "$COPY" "$MANIFEST"; fi
}

# point: the server as it was at the instant, and what is known of the database in it.
point() {
  timed wait point_shipped
  scratch_place
  timed recover point_recover
  timed scratch scratch_start "$SERVER"
  timed globals point_globals
}

# load: what is restored is not looked at before all of it is there.
load() {
  timed roles roles_restore "$GLOBALS"
  timed fetch place
  if [[ $POINT == yes ]]; then scratch_remove; fi
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

# own_check SQL: what the owner of the shop knows about it: a query that prints t.
own_check() {
  local said
  [[ -n $1 ]] || return 0
  said=$(sql "$TARGET" -c "$1" 2>&1 </dev/null) || fail compare-failed "the check '$1' ended with: $(tail -n 1 <<<"$said")" "database=$TARGET"
  [[ $said == t ]] || fail compare-failed "the check '$1' printed '${said:0:200}' and not t" "database=$TARGET"
  log check "database=$TARGET" "passed=$1"
}

# constraints_look: what pg_restore made was checked against all rows as it was made; NOT VALID ones were that before.
constraints_look() {
  CONSTRAINTS=$(sql "$TARGET" <<'SQL'
SELECT jsonb_build_object('all', count(*), 'notValid', coalesce(jsonb_agg(conname ORDER BY conname) FILTER (WHERE NOT convalidated), '[]'),
  'invalidIndexes', (SELECT count(*) FROM pg_index WHERE NOT indisvalid))
FROM pg_constraint WHERE conrelid <> 0 AND connamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema');
SQL
  )
  [[ $(jq .invalidIndexes <<<"$CONSTRAINTS") == 0 ]] || fail compare-failed "indexes of '$TARGET' are not valid" "database=$TARGET"
}

# checks: of what was restored, before it can go live.
checks() {
  examine
  constraints_look
  own_check "$(conf GRANARY_PG_CHECK)"
  own_check "$CHECK"
}

# compare_live: to what is there now, damaged as it may be.
compare_live() { DIFFERENCE=$(difference "$PG_DATABASE" "$TARGET"); }

# go_live: the restored database takes the name of the live one, unless that has tables and nobody asked for it.
go_live() {
  local state
  [[ -z $INTO ]] || return 0
  state=$(database_state "$PG_DATABASE")
  if [[ $state == tables && $REUSE == no ]]; then timed difference compare_live; fi
  if [[ $state != absent && $state != empty && $SWITCH == no ]]; then
    log kept-beside "database=$TARGET" "live=$PG_DATABASE" "next=granary-restore $JOB --copy $COPY --at $(again_at) --switch"
    return 0
  fi
  if [[ $state != absent ]]; then OLD=$(short_name "$PG_DATABASE" "_old_$(date -u +%Y%m%dt%H%M%Sz)"); fi
  switch_remember "$TARGET" "$OLD"
  timed switch database_switch "$TARGET" "$PG_DATABASE" "$OLD"
  TARGET=$PG_DATABASE
  IS_LIVE=true
}

# again_at: prints what --at names this very backup.
again_at() { if [[ $POINT == yes ]]; then printf '%s' "$AT"; else printf '%s' "$STAMP"; fi; }

# restore_run: of the backup in MANIFEST, or of the instant.
restore_run() {
  if switched_before; then
    switched_tell
    return 0
  fi
  if [[ $POINT == yes ]]; then
    target_choose
    if [[ $REUSE == no ]]; then point; fi
  else
    timed globals globals
    target_choose
  fi
  if [[ $REUSE == no ]]; then load; fi
  timed compare checks
  if [[ $REUSE == no ]]; then
    if [[ $POINT == yes ]]; then point_remember "$TARGET"; fi
    timed properties properties_restore "$TARGET"
  fi
  go_live
  restored "$(jq -c --arg database "$TARGET" --arg old "$OLD" --argjson switched "$IS_LIVE" --arg reused "$REUSE" \
    --argjson difference "$DIFFERENCE" --argjson constraints "$CONSTRAINTS" --arg at "$(again_at)" --arg from "$([[ $POINT == yes ]] && printf log || printf dump)" '
    {database: $database, switched: $switched, old: (if $old == "" then null else $old end), at: $at, from: $from,
     recovered: (.recovered // null), compared: {tables: (.rows | length), rows: (.rows | add // 0)},
     constraints: $constraints, difference: $difference, reused: ($reused == "yes")}' "$MANIFEST")"
}
