# shellcheck shell=bash
# What a restore says at its end: one line of JSON, with the seconds of each phase.

TIMES='{}'
RESTORED='{}'

# timed PHASE COMMAND...: adds the seconds to the result.
timed() {
  local phase=$1 started spent
  started=$(now_us)
  shift
  "$@"
  spent=$(seconds_since "$started")
  TIMES=$(times_with "$TIMES" "$phase" "$spent")
  log "$phase" "job=$JOB" "seconds=$spent"
}

# restored JSON: what the kind tells in the result.
restored() { RESTORED=$1; }

# result SECONDS
result() {
  jq -cn --arg job "$JOB" --arg copy "$COPY" --arg stamp "$STAMP" --argjson total "$1" --argjson seconds "$TIMES" \
    --argjson restored "$RESTORED" '
    {ok: true, job: $job, copy: $copy, stamp: $stamp} + $restored + {seconds: ($seconds + {total: $total})}'
}

# undo_result SECONDS: an undo reads no backup.
undo_result() {
  jq -cn --arg job "$JOB" --argjson total "$1" --argjson seconds "$TIMES" --argjson restored "$RESTORED" \
    '{ok: true, job: $job} + $restored + {seconds: ($seconds + {total: $total})}'
}
