# shellcheck shell=bash
# The record of a run, beside those before it in the replica: what was copied, and how far the replica is behind.

PREVIOUS='{}' # the record of the run before, JSON

# stamp_seconds STAMP: prints seconds since 1970.
stamp_seconds() { date -u -d "${1:0:4}-${1:4:2}-${1:6:2} ${1:9:2}:${1:11:2}:${1:13:2}" +%s; }

# seconds_back STAMP: prints how long ago that was; null for none.
seconds_back() { if [[ -n $1 ]]; then printf '%d' $((EPOCHSECONDS - $(stamp_seconds "$1"))); else printf null; fi; }

# record_previous TARGET: the newest record in the replica.
record_previous() {
  local key
  key=$(replica_awk '{ key = key_of($0) } index(key, ENVIRON["RECORDS"]) == 1 && key ~ /\.json$/ { last = key } END { print last }' "$1")
  [[ -n $key ]] || return 0
  PREVIOUS=$(copy_rclone "$TO" cat "$(copy_path "$TO" "$key")" 2>"$WORK/rclone.err") ||
    fail fetch-failed "the record $key could not be read: $(rclone_said)" "copy=$TO"
  # Whoever has the host's key may have written it: only what has the right form counts.
  PREVIOUS=$(jq -c 'select(.schema == 1 and (.lastComplete == null or (.lastComplete | test("^[0-9]{8}T[0-9]{6}Z$"))))' <<<"$PREVIOUS" 2>/dev/null) || PREVIOUS=
  PREVIOUS=${PREVIOUS:-'{}'}
}

# record_last_complete: prints the stamp of the last run after which nothing was missing; nothing if there was none.
record_last_complete() { jq -r '.lastComplete // empty' <<<"$PREVIOUS"; }

# record_days: prints for how long the source keeps each tier: the least that this run and those before it were told, since
# what had to go under shorter rules is not back when they are longer.
record_days() {
  jq -c --argjson days "$(conf GRANARY_REPLICA_DAYS '{}')" \
    '(.days // {}) as $before | $days | with_entries(.value = ([.value, $before[.key] | numbers] | min))' <<<"$PREVIOUS"
}

# record_cutoffs DAYS: prints `daily=STAMP …`: what is younger must be at the source. Two days less than it is kept.
record_cutoffs() {
  local tier days
  while read -r tier days; do
    printf '%s=%s ' "$tier" "$(date -u -d "$((days > 2 ? days - 2 : 0)) days ago" +%Y%m%dT%H%M%SZ)"
  done < <(jq -r 'to_entries[] | "\(.key) \(.value)"' <<<"$1")
}

# record_write FACTS: $WORK/record/STAMP.json, and in the replica.
record_write() {
  local complete
  complete=$(record_last_complete)
  mkdir "$WORK/record"
  jq -n --arg from "$FROM" --arg to "$TO" --arg stamp "$STAMP" --arg last "$complete" --argjson facts "$1" \
    --argjson days "$(record_days)" --argjson source "$(replica_newest "$WORK/wanted" | newest_json)" \
    --argjson replica "$(replica_newest "$WORK/after" | newest_json)" --rawfile changed "$WORK/alarm" --rawfile vanished "$WORK/vanished" '
    def keys: split("\n") | map(select(. != "")) | {count: length, first: .[:20]};
    {schema: 1, from: $from, to: $to, stamp: $stamp} + $facts
    + {newestSource: $source, newestReplica: $replica, changedAtSource: ($changed | keys), vanishedAtSource: ($vanished | keys),
       days: $days, lastComplete: (if $facts.missing == 0 then $stamp elif $last == "" then null else $last end)}' \
    >"$WORK/record/$STAMP.json"
  (copy_put "$TO" "${RECORDS%/}" "$WORK/record" "$STAMP.json")
}

# newest_json: lines `HOST/JOB STAMP` as an object.
newest_json() { jq -Rnc '[inputs | split(" ") | {key: .[0], value: .[1]}] | from_entries'; }
