# shellcheck shell=bash
# Taking a switch back: the database that was kept gets its name again, and what took its place is kept in turn.

# kept_sql WHAT: the newest database called LIVE_WHAT_<time>, as switches and undos name them.
kept_sql() {
  local head
  head=$(short_name "$PG_DATABASE" "_$1_20261123t030000z")
  head=${head%"_$1_"*}
  cat <<SQL
SELECT datname FROM pg_database WHERE starts_with(datname, $(sql_literal "$head"))
 AND substr(datname, ${#head} + 1) ~ '^_$1_[0-9]{8}t[0-9]{6}z\$' ORDER BY right(datname, 16) DESC LIMIT 1;
SQL
}

# undo: once for each switch: what was taken back has the time of its switch in its name, so that a second undo, of a run
# that was interrupted at its end, finds that nothing is to be done.
undo() {
  local old undone kept='' state
  old=$(kept_sql old | sql "$MAINTENANCE")
  undone=$(kept_sql undone | sql "$MAINTENANCE")
  if [[ -n $undone && ! ${old: -16} > ${undone: -16} ]]; then
    log undone-before "database=$PG_DATABASE" "kept=$undone"
    restored "$(jq -cn --arg database "$PG_DATABASE" --arg kept "$undone" '{database: $database, undone: false, kept: $kept}')"
    return 0
  fi
  [[ -n $old ]] || fail manifest "no database was kept from a switch of '$PG_DATABASE': there is nothing to undo"
  state=$(database_state "$PG_DATABASE")
  if [[ $state != absent ]]; then kept=$(short_name "$PG_DATABASE" "_undone_${old: -16}"); fi
  timed switch database_switch "$old" "$PG_DATABASE" "$kept"
  restored "$(jq -cn --arg database "$PG_DATABASE" --arg kept "$kept" --arg was "$old" '
    {database: $database, undone: true, was: $was, kept: (if $kept == "" then null else $kept end)}')"
}
