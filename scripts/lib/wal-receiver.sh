# shellcheck shell=bash
# The receiver: pg_receivewal into SPOOL/receive, natively or as a container of the database's own image on the
# database's network. It ends when either side does; wal-loop starts it again.

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

receiver_sidecar() {
  local options
  mapfile -t options < <(receiver_options /spool)
  sidecar_remove "$(receiver_name)"
  sidecar "$(receiver_name)" "$SPOOL/receive:/spool" pg_receivewal "${options[@]}"
}

# receiver_before: the slot must be free, and no file half made: a receiver that was killed while it filled a new one
# with zeros would never start again.
receiver_before() {
  local path size
  for path in "$SPOOL"/receive/*.partial; do
    size=$(stat -c %s "$path")
    if [[ -n $SERVER_SEGMENT ]] && ((size != SERVER_SEGMENT && size != 0)); then
      log leftover-removed "path=$path" "bytes=$size"
      rm -f "$path"
    fi
  done
  slot_release
}

# receiver_remove, receiver_run
receiver_remove() { if [[ -n $PG_CONTAINER ]]; then sidecar_remove "$(receiver_name)"; fi; }
receiver_run() { if [[ -n $PG_CONTAINER ]]; then receiver_sidecar; else receiver_native; fi; }

# receiver_diverged: whether it said that what comes next is no longer to be had from this server.
receiver_diverged() {
  grep -qsE 'has already been removed|not in this server.s history|can no longer (get changes|be read)' "$WORK/receiver.err"
}
