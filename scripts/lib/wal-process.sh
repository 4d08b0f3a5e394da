# shellcheck shell=bash
# The receiver of a continuous job as a process: it ends when it or the server does, and is started again by the rounds.
# Each kind of server has receiver_before (may fail: not now), receiver_run (in a subshell
# that becomes the receiver) and receiver_remove (its container, if it is one).

RECEIVER_PID=
RECEIVER_SINCE= # seconds since 1970 of its start
RECEIVER_AGAIN=0 # not before this time

# receiver_name: of the container.
receiver_name() { printf 'granary-wal-%s' "$JOB"; }

# receiver_running
receiver_running() { [[ -n $RECEIVER_PID ]] && kill -0 "$RECEIVER_PID" 2>/dev/null; }

# sidecar_remove NAME: the container a killed run left behind.
sidecar_remove() { docker rm -f "$1" >/dev/null 2>&1 || true; }

# receiver_start: without our locks: one that outlives a killed service must not hold up the next.
receiver_start() {
  receiver_before || return 0
  (
    trap - EXIT INT TERM
    exec {GRANARY_LOCK}>&-
    receiver_run
  ) >/dev/null 2>"$WORK/receiver.err" </dev/null &
  RECEIVER_PID=$!
  RECEIVER_SINCE=$EPOCHSECONDS
  log receiver-started "job=$JOB"
}

# receiver_ensure: starts it, and takes note of its end.
receiver_ensure() {
  if receiver_running; then return 0; fi
  if [[ -n $RECEIVER_PID ]]; then
    wait "$RECEIVER_PID" || true
    RECEIVER_PID=
    RECEIVER_AGAIN=$((EPOCHSECONDS + 3))
    log receiver-ended "seconds=$((EPOCHSECONDS - RECEIVER_SINCE))" "message=$(tail -n 3 "$WORK/receiver.err")"
  fi
  if ((EPOCHSECONDS >= RECEIVER_AGAIN)); then receiver_start; fi
}

# receiver_stop: the client first, so that it can finish what it writes.
receiver_stop() {
  if receiver_running; then kill -TERM "$RECEIVER_PID" 2>/dev/null || true; fi
  receiver_remove
  if [[ -n $RECEIVER_PID ]]; then wait "$RECEIVER_PID" || true; fi
  RECEIVER_PID='' RECEIVER_AGAIN=0
}
