# shellcheck shell=bash
# A chain of log is worth nothing without a backup it begins at: one is made as soon as a copy has none. Each kind of
# server has base_begin (becomes the backup) and base_possible (whether the log is coming).

BASE_PID=
BASE_TRIED=0 # seconds since 1970

PACE=20
PACE_SINCE=$EPOCHSECONDS # of the start of the service, or of the newest chain

# base_soon: do not wait after the last attempt.
base_soon() { BASE_TRIED=0 PACE_SINCE=$EPOCHSECONDS; }

# pace: sets PACE, the seconds from round to round: INTERVAL, and for some minutes less, while a new chain waits for its
# base backup and that for its log.
pace() {
  PACE=$INTERVAL
  if ((PACE > 2)) && [[ $ALARM != ok || -n $BASE_PID ]] && ((EPOCHSECONDS - PACE_SINCE < 300)); then PACE=2; fi
}

# base_look: a base backup is due when a copy that can be reached has none of this chain.
base_look() {
  local copy sent due=no
  if [[ -n $BASE_PID ]] && ! kill -0 "$BASE_PID" 2>/dev/null; then
    wait "$BASE_PID" || log base-failed "code=$?"
    BASE_PID=
  fi
  if [[ -n $BASE_PID || $SPACE_LOW == yes ]] || ! base_possible; then return 0; fi
  for copy in $(conf GRANARY_COPIES); do
    sent=$(copy_file "$copy" sent)
    if ((${sent:-0} > BASE_TRIED)) && ! copy_whole "$copy"; then due=yes; fi
  done
  if [[ $due == no ]] || ((EPOCHSECONDS - BASE_TRIED < $(conf GRANARY_BASE_RETRY 600))); then return 0; fi
  BASE_TRIED=$EPOCHSECONDS
  (
    trap - EXIT INT TERM
    exec {GRANARY_LOCK}>&-
    base_begin
  ) </dev/null &
  BASE_PID=$!
}
