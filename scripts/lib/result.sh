# shellcheck shell=bash
# What a restore says at its end: one line of JSON, with the seconds of each phase.

TIMES='{}'
RESTORED='{}'

# timed PHASE COMMAND...: adds the seconds to the result.
timed() {
  local phase=$1 started
  started=$(now_us)
  shift
  "$@"
  TIMES=$(jq -c --arg phase "$phase" --argjson seconds "$(seconds_since "$started")" '.[$phase] = $seconds' <<<"$TIMES")
  log "$phase" "job=$JOB" "seconds=$(seconds_since "$started")"
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
