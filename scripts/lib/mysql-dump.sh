# shellcheck shell=bash
# Dumping a database, and the proof that the dump holds what the server has.

# dump_options: prints them one a line. Those that decide whether the dump is whole are said, whatever an option file says.
dump_options() {
  printf '%s\n' --single-transaction --quick --routines --events --triggers --add-drop-trigger --hex-blob \
    --default-character-set=utf8mb4 --no-tablespaces --comments --extended-insert --quote-names --tz-utc --create-options
  # Without it a dump by MySQL sets the GTIDs of the server it is restored on.
  if my_can dump set-gtid-purged; then printf '%s\n' --set-gtid-purged=OFF; fi
  # A newer mysqldump asks an older server for statistics it does not have.
  if my_can dump column-statistics && (($(my_major "$MY_SERVER") < 8000)); then printf '%s\n' --column-statistics=0; fi
  if [[ $MY_LOG == 1 ]] && continuous; then
    if my_can dump source-data; then printf '%s\n' --source-data=2; else printf '%s\n' --master-data=2; fi
  fi
}

# dump_database: what goes by is counted on the way, its head and its end are looked at. Ends with the dump's own status:
# no pipe hides it.
dump_database() {
  local options counter status=(0 0)
  mapfile -t options < <(dump_options)
  mkfifo -m 600 "$WORK/to-count"
  content_count <"$WORK/to-count" >"$WORK/counted" &
  counter=$!
  my "${MY_PROGRAM[dump]}" -u "$MY_USER" "${options[@]}" "$MY_DATABASE" </dev/null |
    tee --output-error=exit "$WORK/to-count" || status=("${PIPESTATUS[@]}")
  wait "$counter"
  ((status[0] == 0)) || exit "${status[0]}"
  return "${status[1]}"
}

# dump_judge: the tool's exit status says too little: a dump without its end, or one that silently lacks what the user
# may not see, is none. What was there both before and after must be in it.
dump_judge() {
  local lacking
  grep -qx begun "$WORK/counted" || fail verify-failed "the dump does not begin as one of ${MY_PROGRAM[dump]} does"
  grep -qx completed "$WORK/counted" || fail dump-failed "the dump has no end: '-- Dump completed' is missing"
  lacking=$(LC_ALL=C comm -12 "$WORK/before" "$WORK/after" | sed -E '/^(unsafe|history) /d' |
    LC_ALL=C comm -23 - <(LC_ALL=C sort "$WORK/counted"))
  [[ -z $lacking ]] || fail dump-failed "the dump lacks: ${lacking//$'\n'/, }"
}

# dump_warn: what a dump cannot promise.
dump_warn() {
  local names
  names=$(sed -n 's/^unsafe //p' "$WORK/after")
  [[ -z $names ]] || log not-transactional "tables=${names//$'\n'/,}" \
    "message=tables without transactions are not of the same instant as the rest: ALTER TABLE … ENGINE=InnoDB"
  names=$(sed -n 's/^history //p' "$WORK/after")
  [[ -z $names ]] || log history-left-out "tables=${names//$'\n'/,}" "message=of system-versioned tables only the current rows are saved"
}

# database_facts: prints JSON: what CREATE DATABASE needs to make it again, and what the server is.
database_facts() {
  my_sql <<SQL | jq -Rc --arg name "$MY_DATABASE" --arg client "$(my_client_version dump)" --arg family "$MY_FAMILY" '
    split("\t") | {name: $name, characterSet: .[0], collation: .[1], serverVersion: .[2], serverId: .[3],
    family: $family, clientVersion: ($client | sub("^[a-z]* "; ""))}'
SELECT default_character_set_name, default_collation_name, VERSION(), @@server_id FROM information_schema.schemata
 WHERE schema_name = $(my_literal "$MY_DATABASE");
SQL
}

# counted_json: what the dump holds, as the manifest has it.
counted_json() {
  jq -Rn --rawfile after "$WORK/after" '
    def names($lines; $word): [$lines[] | select(startswith($word + " ")) | ltrimstr($word + " ")] | sort;
    [inputs] as $in | ($after | split("\n")) as $server |
    {rows: ([$in[] | capture("^rows (?<n>[0-9]+) (?<t>.*)$") | {key: .t, value: (.n | tonumber)}] | from_entries),
     content: {views: names($in; "view"), sequences: names($in; "sequence"), triggers: names($in; "trigger"),
       events: names($in; "event"), routines: names($in; "routine")},
     notTransactional: names($server; "unsafe"), historyLeftOut: names($server; "history"),
     position: ([$in[] | capture("^position (?<file>[^ ]+) (?<position>[0-9]+)$") | .position |= tonumber][0])}' "$WORK/counted"
}
