# shellcheck shell=bash
# The receiver: pg_receivewal into SPOOL/receive, natively or as a container of the database's own image on the
# database's network. It ends when either side does; wal-loop starts it again.

RECEIVER_PID=
RECEIVER_SINCE= # seconds since 1970 of its start
RECEIVER_AGAIN=0 # not before this time

# receiver_name: of the container.
receiver_name() { printf 'granary-wal-%s' "$JOB"; }

# receiver_running
receiver_running() { [[ -n $RECEIVER_PID ]] && kill -0 "$RECEIVER_PID" 2>/dev/null; }

# receiver_options: prints one a line. No loop: after a break the network may be another one, so it is ours to retry.
receiver_options() { printf '%s\n' -D "$1" -S "$SLOT" -U "$PG_USER" --no-loop --no-password --status-interval=5; }

# receiver_native: by descriptor, for the user postgres may not walk through the directories above SPOOL/receive.
receiver_native() {
  local options directory
  exec {directory}<"$SPOOL/receive"
  mapfile -t options < <(receiver_options "/proc/self/fd/$directory")
  pg_exec pg_receivewal "${options[@]}"
}

# sidecar NAME MOUNT COMMAND...: a container of the database's image on its network, with nothing but a directory of the
# host in it. MOUNT is HOSTDIR:DIR. It reaches the database at 127.0.0.1.
sidecar() {
  local name=$1 mount=$2 image
  shift 2
  image=$(docker inspect -f '{{.Image}}' "$PG_CONTAINER")
  PGPASSWORD=$PG_PASSWORD exec docker run --rm --name "$name" --label "granary=$JOB" --network "container:$PG_CONTAINER" \
    --log-driver none --cap-drop ALL --security-opt no-new-privileges --read-only \
    --user "$(stat -c %u:%g "${mount%%:*}")" -v "$mount" \
    -e PGPASSWORD -e PGAPPNAME -e PGCONNECT_TIMEOUT -e PGHOST=127.0.0.1 -e PGPORT="$SERVER_PORT" -e LC_ALL=C \
    --entrypoint "$1" "$image" "${@:2}"
}

# sidecar_remove NAME: the container a killed run left behind.
sidecar_remove() { docker rm -f "$1" >/dev/null 2>&1 || true; }

receiver_sidecar() {
  local options
  mapfile -t options < <(receiver_options /spool)
  sidecar_remove "$(receiver_name)"
  sidecar "$(receiver_name)" "$SPOOL/receive:/spool" pg_receivewal "${options[@]}"
}

# receiver_start: without our locks: one that outlives a killed service must not hold up the next.
receiver_start() {
  local kind=receiver_native
  if [[ -n $PG_CONTAINER ]]; then kind=receiver_sidecar; fi
  slot_release || return 0
  (
    trap - EXIT INT TERM
    exec {GRANARY_LOCK}>&-
    "$kind"
  ) >/dev/null 2>"$WORK/receiver.err" </dev/null &
  RECEIVER_PID=$!
  RECEIVER_SINCE=$EPOCHSECONDS
  log receiver-started "slot=$SLOT"
}

# receiver_ensure: starts it, and takes note of its end.
receiver_ensure() {
  if receiver_running; then return 0; fi
  if [[ -n $RECEIVER_PID ]]; then
    wait "$RECEIVER_PID" || true
    RECEIVER_PID=
    RECEIVER_AGAIN=$((EPOCHSECONDS + 3))
    log receiver-ended "seconds=$((EPOCHSECONDS - RECEIVER_SINCE))" "message=$(last_line "$WORK/receiver.err")"
  fi
  if ((EPOCHSECONDS >= RECEIVER_AGAIN)); then receiver_start; fi
}

# receiver_stop: the client first, so that it can finish what it writes.
receiver_stop() {
  if receiver_running; then kill -TERM "$RECEIVER_PID" 2>/dev/null || true; fi
  if [[ -n $PG_CONTAINER ]]; then sidecar_remove "$(receiver_name)"; fi
  if [[ -n $RECEIVER_PID ]]; then wait "$RECEIVER_PID" || true; fi
  RECEIVER_PID='' RECEIVER_AGAIN=0
}

# receiver_diverged: whether it said that what comes next is no longer to be had from this server.
receiver_diverged() {
  grep -qsE 'has already been removed|not in this server.s history|can no longer (get changes|be read)' "$WORK/receiver.err"
}
