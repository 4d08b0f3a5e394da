# shellcheck shell=bash
# The server that recovers: of the same major version, native or in a container without a network. Nobody may log in to
# it before it is done.

SERVER_BIN=  # directory of the native server; empty with an image
SERVER_USER= # uid:gid that the data belongs to
SERVER_PID=
SERVER_COMMIT= # time of the last transaction that was recovered
SERVER_REDO=   # and its place in the log

# server_find MAJOR: where the server of that version is, and who owns its data.
server_find() {
  local dir
  if [[ -n $IMAGE ]]; then
    need_tools docker
    SERVER_USER=$(docker run --rm --network none --entrypoint id "$IMAGE" -u postgres 2>"$WORK/docker.err") ||
      fail recovery-failed "image $IMAGE cannot be used: $(last_line "$WORK/docker.err")"
    SERVER_USER+=:$(docker run --rm --network none --entrypoint id "$IMAGE" -g postgres)
    return 0
  fi
  for dir in "/usr/lib/postgresql/$1/bin" "/usr/pgsql-$1/bin"; do
    if [[ -x $dir/postgres ]]; then SERVER_BIN=$dir; fi
  done
  [[ -n $SERVER_BIN ]] || fail version "there is no PostgreSQL $1 server on this host: install it, or name an image with --image"
  SERVER_USER=$(id -u postgres):$(id -g postgres)
}

# server_run NAME COMMAND...: a program of the server, with DATA as /data or where it is. Takes the place of the subshell.
server_run() {
  local name=$1
  shift
  if [[ -n $IMAGE ]]; then
    exec docker run --rm --name "granary-$name-$JOB" --label "granary=$JOB" --network none --user "$SERVER_USER" \
      -v "$DATA:/data" -e LC_ALL=C --entrypoint "$1" "$IMAGE" "${@:2}"
  fi
  cd /
  local as=()
  if ((EUID == 0)); then as=(setpriv "--reuid=${SERVER_USER%:*}" "--regid=${SERVER_USER#*:}" --clear-groups); fi
  exec env LC_ALL=C "${as[@]}" "$SERVER_BIN/$1" "${@:2}"
}

# server_data: prints where the data is for the server.
server_data() { if [[ -n $IMAGE ]]; then printf /data; else printf '%s' "$DATA"; fi; }

# data_owner: gives what was extracted to the server's user.
data_owner() { if ((EUID == 0)); then chown -R "$SERVER_USER" "$DATA"; fi; }

# data_verify: every file against the checksums the server took while it made the base backup.
data_verify() {
  (server_run verify pg_verifybackup -q -n -i granary-recovery -i granary-wal "$(server_data)") >"$WORK/verify.out" 2>&1 ||
    fail artifact-corrupt "pg_verifybackup: $(sed -n 1p "$WORK/verify.out")"
}

# server_settings: prints the words for the server, one a line. What is needed to read the log is as it was when it was
# written; everything else of the old server's own settings, its archive above all, is off.
server_settings() {
  local place
  place=$(server_data)
  printf '%s\n' -D "$place" -c "config_file=$place/granary-wal/settings" -c "hba_file=$place/granary-wal/hba" \
    -c "ident_file=$place/granary-wal/settings" -c listen_addresses= -c unix_socket_directories=granary-wal -c ssl=off \
    -c hot_standby=off -c archive_mode=off -c archive_command= -c primary_conninfo= -c primary_slot_name= \
    -c shared_preload_libraries= -c logging_collector=off -c log_destination=stderr -c log_min_messages=info \
    -c log_timezone=UTC -c "restore_command=cp \"granary-wal/%f\" \"%p\"" -c recovery_target= -c recovery_target_name= \
    -c recovery_target_xid= -c recovery_target_lsn= -c recovery_target_action=promote \
    -c "recovery_target_timeline=$TARGET" -c "recovery_target_time=$1"
  (server_run control pg_controldata "$place") | sed -nE \
    's/^(max_connections|max_worker_processes|max_wal_senders|max_prepared_xacts|max_locks_per_xact) setting: +/\1=/p' |
    sed -e 's/_xacts=/_transactions=/' -e 's/_xact=/_transaction=/' -e 's/^/-c\n/'
}

# server_ready: whether the server says it is through.
server_ready() { [[ $(sed -n 8p "$DATA/postmaster.pid" 2>/dev/null) == ready* ]]; }

# server_recover [TIME]: runs the server until it has recovered and was shut down in order. Fails when it gives up.
server_recover() {
  local words
  mapfile -t words < <(server_settings "${1-}")
  : >"$DATA/granary-wal/settings"
  printf 'local all all reject\n' >"$DATA/granary-wal/hba"
  : >"$DATA/recovery.signal"
  rm -f "$DATA/standby.signal" "$DATA/postmaster.pid"
  if ((EUID == 0)); then chown "$SERVER_USER" "$DATA"/granary-wal/{settings,hba} "$DATA/recovery.signal"; fi
  (server_run recover postgres "${words[@]}") >"$WORK/server.log" 2>&1 </dev/null &
  SERVER_PID=$!
  until server_ready; do
    if ! kill -0 "$SERVER_PID" 2>/dev/null; then
      wait "$SERVER_PID" || true
      SERVER_PID=
      return 1
    fi
    sleep 0.2
  done
  server_stop INT
  grep -q 'database system is shut down' "$WORK/server.log" || return 1
  SERVER_COMMIT=$(sed -n 's/.*last completed transaction was at log time //p' "$WORK/server.log" | tail -n 1)
  SERVER_REDO=$(sed -nE 's/.*redo done at ([0-9A-F]+\/[0-9A-F]+).*/\1/p' "$WORK/server.log" | tail -n 1)
  log recovered "until=$SERVER_COMMIT" "lsn=$SERVER_REDO"
}

# server_stop SIGNAL: INT: a fast shutdown.
server_stop() {
  [[ -n $SERVER_PID ]] || return 0
  if [[ -n $IMAGE ]]; then
    docker kill --signal "$1" "granary-recover-$JOB" >/dev/null 2>&1 || true
  else
    kill -"$1" "$SERVER_PID" 2>/dev/null || true
  fi
  wait "$SERVER_PID" || true
  SERVER_PID=
}

# server_ended: prints what the server took for the end of the log.
server_ended() { sed -n '/redo done at/q;p' "$WORK/server.log" | tail -n 1 | sed -E 's/^.*LOG: +//'; }

# server_said: prints why the server gave up.
server_said() { grep -E 'FATAL|PANIC|ERROR' "$WORK/server.log" | tail -n 1 | sed -E 's/^.*(FATAL|PANIC|ERROR): +//'; }

# reached_check: a server that stops early, at something it cannot read, calls that the end of the log and is content.
reached_check() {
  local last number
  last=$(segment_number "${CHAIN_SEGMENTS[-1]}" "$SEGMENT_BYTES")
  number=$(($(lsn_bytes "${SERVER_REDO:-0/0}") / SEGMENT_BYTES))
  # The last record may have begun in the segment before.
  ((number >= last - 1)) ||
    fail recovery-failed "the log was read to $SERVER_REDO only, and not into segment ${CHAIN_SEGMENTS[-1]}: $(server_ended)"
}

# recover: to the instant. When the log ends before any later transaction, all of it is what was asked for.
recover() {
  if server_recover "$AT_TEXT"; then
    if [[ -z $AT_TEXT ]]; then reached_check; fi
    return 0
  fi
  if [[ -n $AT_TEXT ]] && grep -q 'recovery ended before configured recovery target was reached' "$WORK/server.log"; then
    [[ -z $CHAIN_MISSING ]] || gap_fail "$COPY"
    log all-of-it "message=the log has no transaction after $AT"
    if server_recover; then
      reached_check
      return 0
    fi
  fi
  fail recovery-failed "the server: $(server_said)"
}
