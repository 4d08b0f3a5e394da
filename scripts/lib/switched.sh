# shellcheck shell=bash
# Whether a switch was done by an earlier run that was interrupted at its end. The record is written before the rename and
# names the restored database by its oid: it counts only where that very database is the live one now.

switched_record() { printf '%s/%s.switch.json' "$GRANARY_STATE" "$JOB"; }

# database_oid NAME: prints it, or nothing.
database_oid() { sql "$MAINTENANCE" <<<"SELECT oid FROM pg_database WHERE datname = $(sql_literal "$1");"; }

# switch_remember RESTORED OLD
switch_remember() {
  local record
  record=$(switched_record)
  jq -c --arg oid "$(database_oid "$1")" --arg copy "$COPY" --arg at "$(again_at)" --arg old "$2" '
    {oid: $oid, copy: $copy, at: $at, old: $old, compared: {tables: (.rows | length), rows: (.rows | add // 0)}}' "$MANIFEST" >"$record.new"
  sync "$record.new"
  mv "$record.new" "$record"
}

# switched_before: only for whoever said --reuse. "latest" of a log is another instant each time.
switched_before() {
  local record oid
  record=$(switched_record)
  [[ $REUSE_ALLOWED == yes && -z $INTO && -r $record ]] || return 1
  if point_meant && [[ $AT == latest ]]; then return 1; fi
  oid=$(database_oid "$PG_DATABASE")
  [[ -n $oid ]] && jq -e --arg oid "$oid" --arg copy "$COPY" --arg at "$(again_at)" \
    '.oid == $oid and .copy == $copy and .at == $at' "$record" >/dev/null
}

# switched_tell: nothing is restored a second time: what came in since then stays.
switched_tell() {
  log switched-before "database=$PG_DATABASE" "at=$(again_at)" "message=an earlier run put it in place: nothing is done; without --reuse it is restored again"
  restored "$(jq -c --arg database "$PG_DATABASE" '
    {database: $database, switched: true, already: true, old: (if .old == "" then null else .old end), at, compared,
     constraints: null, difference: null, reused: true}' "$(switched_record)")"
}
