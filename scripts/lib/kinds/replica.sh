# shellcheck shell=bash
# A replica: what a bucket has, in a bucket elsewhere. Reads the source with a key that cannot write there.
#
# Deletes and overwrites at the source never travel. In a bucket of backups they are an alarm: a key is written once. In a
# bucket of uploads they are the shop's business: an object that changed is kept beside the version that came first, in
# GRANARY_REPLICA_CHANGED/STAMP/, and nothing is ever removed.

# shellcheck source=../replica-list.sh
source "$LIB/replica-list.sh"
# shellcheck source=../replica-copy.sh
source "$LIB/replica-copy.sh"
# shellcheck source=../replica-record.sh
source "$LIB/replica-record.sh"

FROM=
TO=
export RECORDS= # prefix of the records in the replica
PROBLEMS=()     # what rclone said when it failed

kind_env_check() {
  local name
  env_need "$1" REPLICA_FROM REPLICA_TO REPLICA_HOLDS REPLICA_RECORDS REPLICA_CHANGED
  for name in "$(conf GRANARY_REPLICA_FROM)" "$(conf GRANARY_REPLICA_TO)"; do
    [[ " $(conf GRANARY_COPIES) " == *" $name "* ]] || fail config "the replica of job $1 names '$name', which is none of: $(conf GRANARY_COPIES)"
  done
  [[ $(conf GRANARY_REPLICA_HOLDS) =~ ^(backups|uploads)$ ]] || fail config "GRANARY_REPLICA_HOLDS of job $1 is neither backups nor uploads"
  [[ $(conf GRANARY_REPLICA_MAX_LAG) =~ ^[1-9][0-9]{1,8}$ ]] || fail config "GRANARY_REPLICA_MAX_LAG of job $1 is no number of seconds"
  jq -e 'type == "object" and all(.[]; type == "number")' <<<"$(conf GRANARY_REPLICA_DAYS '{}')" >/dev/null 2>&1 ||
    fail config "GRANARY_REPLICA_DAYS of job $1 is no JSON map from tiers to days"
}

kind_preconditions() { need_tools awk sort; }

# kind_deployed JOB: what is compared at the first run.
kind_deployed() { jq -cn --arg from "$(conf GRANARY_REPLICA_FROM)" --arg to "$(conf GRANARY_REPLICA_TO)" '{from: $from, to: $to}'; }

# replica_look: what is there, what should be, what differs, what is gone.
replica_look() {
  replica_list "$FROM" "$WORK/early"
  replica_list "$TO" "$WORK/before"
  replica_list "$FROM" "$WORK/late"
  record_previous "$WORK/before"
  while grep -qF $'\t'"$RECORDS$STAMP.json" "$WORK/before"; do # two runs within one second
    sleep 0.2
    STAMP=$(date -u +%Y%m%dT%H%M%SZ)
  done
  replica_wanted "$WORK/early" "$WORK/late" >"$WORK/wanted"
  replica_compare "$WORK/wanted" "$WORK/before" >"$WORK/differences"
  replica_vanished "$WORK/before" "$(record_cutoffs "$(record_days)")" "$WORK/early" "$WORK/late" >"$WORK/vanished"
}

# replica_judge: what is left of the differences, by a new look at the replica. Backups that changed are for the alarm.
replica_judge() {
  replica_list "$TO" "$WORK/after"
  replica_compare "$WORK/wanted" "$WORK/after" >"$WORK/left"
  replica_keys "$WORK/left" changed artifact manifest pack index snapshot >"$WORK/alarm"
  if grep -q ^missing "$WORK/left"; then
    replica_list "$FROM" "$WORK/now"
    replica_gone "$WORK/left" "$WORK/now" >"$WORK/left.new"
    mv "$WORK/left.new" "$WORK/left"
  fi
}

# replica_facts: prints how much was copied, what is missing, and how far behind that leaves the replica, JSON. Behind are
# the backups that have waited longest; of what has no time in its name, it is known since when not all of it is there.
replica_facts() {
  local missing oldest last copied lag=0
  missing=$(awk -F '\t' '$1 == "missing" || $2 == "upload" || $2 == "escrow"' "$WORK/left" | wc -l)
  oldest=$(replica_oldest "$WORK/left")
  last=$(record_last_complete)
  if ((missing > 0)); then lag=$(seconds_back "${oldest:-$last}"); fi
  copied=$(awk -F '\t' '
    FILENAME == ARGV[1] { left[$0] = 1; next }
    !($0 in left) && ($1 == "missing" || $2 == "upload" || $2 == "escrow") { n++; bytes += $3 }
    END { printf "{\"copied\": %d, \"bytes\": %.0f}", n, bytes }' "$WORK/left" "$WORK/differences")
  jq -cn --argjson copied "$copied" --argjson missing "$missing" --argjson before "$(seconds_back "$last")" \
    --argjson lag "$lag" \
    '$copied + {missing: $missing, lagSeconds: $lag, sinceCompleteSeconds: $before}'
}

# replica_verdict MISSING LAG SINCE_COMPLETE: ends the run if the source was tampered with or the replica is too far behind.
# Seconds; null is none.
replica_verdict() {
  local missing=$1 lag=${2/null/0} before=${3/null/0} limit changed vanished
  limit=$(conf GRANARY_REPLICA_MAX_LAG)
  changed=$(wc -l <"$WORK/alarm") vanished=$(wc -l <"$WORK/vanished")
  if ((changed > 0)); then log changed-at-source "keys=$changed" "first=$(sed -n 1p "$WORK/alarm")"; fi
  if ((vanished > 0)); then log vanished-at-source "keys=$vanished" "first=$(sed -n 1p "$WORK/vanished")"; fi
  ((changed + vanished == 0)) ||
    fail source-changed "in $FROM $changed objects have another content than was copied, and $vanished are gone before their time: $(sed -n 1,5p "$WORK/alarm" "$WORK/vanished" | paste -sd ' ')" "copy=$FROM"
  ((lag <= limit)) || fail replica-behind "what is $((lag / 3600)) hours old is not in the replica yet${PROBLEMS[0]:+: ${PROBLEMS[0]}}" "copy=$TO"
  if [[ $missing != 0 || ${#PROBLEMS[@]} -gt 0 ]]; then
    COPIES_FAILED+=("$TO")
    return 0
  fi
  COPIES_OK+=("$TO")
  ((before <= limit)) || fail replica-behind "the replica has everything now, but was $((before / 3600)) hours behind: look why no run succeeded meanwhile" "copy=$TO"
}

kind_run() {
  local facts problem copied bytes missing lag complete
  FROM=$(conf GRANARY_REPLICA_FROM) TO=$(conf GRANARY_REPLICA_TO) RECORDS=$(conf GRANARY_REPLICA_RECORDS)/
  replica_look
  replica_data "$WORK/differences"
  replica_manifests "$WORK/differences"
  replica_judge
  facts=$(replica_facts)
  for problem in "${PROBLEMS[@]}"; do log copy-problem "message=$problem"; done
  record_write "$facts"
  read -r copied bytes missing lag complete < <(
    jq -r '"\(.copied) \(.bytes) \(.missing) \(.lagSeconds) \(.sinceCompleteSeconds)"' <<<"$facts"
  )
  log replicated "from=$FROM" "to=$TO" "copied=$copied" "bytes=$bytes" "missing=$missing" "lag=$lag" "sinceComplete=$complete"
  replica_verdict "$missing" "$lag" "$complete"
}
