# shellcheck shell=bash
# A database as it was at an exact instant: its whole server is recovered into a scratch directory, by a server that
# nobody but this script reaches, and the one database is taken from there. It is thrown away afterwards.

# shellcheck source=base.sh
source "$LIB/base.sh"
# shellcheck source=wal-verify.sh
source "$LIB/wal-verify.sh"
# shellcheck source=recover-server.sh
source "$LIB/recover-server.sh"

POINT=no   # whether --at means an instant of the log
DATA=      # the scratch data directory
IMAGE=     # of the live server's container
SCRATCH_PID=
RECOVERED=null # what granary-recover-db says

# point_wanted: a time is reached exactly where the log is shipped; a stamp, or latest, is a dump. --from says otherwise.
point_wanted() {
  case $FROM in
    dump) return 0 ;;
    log) continuous || fail usage "--from log is for jobs with continuous: true" ;;
    *) if [[ $AT == latest || $AT =~ ^[0-9]{8}T[0-9]{6}Z$ ]] || ! continuous; then return 0; fi ;;
  esac
  [[ $AT == latest ]] || date -u -d "$AT" >/dev/null 2>&1 || fail usage "--at '$AT' is neither latest, nor a stamp, nor a time"
  copy_with_log
  POINT=yes
}

# point_meant: whether --at means an instant of the log.
point_meant() { [[ $POINT == yes ]]; }

# point_choose: an instant is its own stamp; what is known of it is learnt from the recovered server.
point_choose() {
  local at=$AT
  if [[ $at == latest ]]; then at=now; fi
  STAMP=$(date -u -d "$at" +%Y%m%dT%H%M%SZ)
  MANIFEST=$WORK/point.json
  log chosen "job=$JOB" "copy=$COPY" "at=$AT" "from=log"
}

# point_shipped: what was committed just now is in the copies some seconds later: that is waited for while the service of
# the log is at work: a state older than what counts as stalled is none. Without it, or in vain, granary-recover-db says how far the log goes.
point_shipped() {
  local state=$GRANARY_STATE/$JOB.wal.json waited
  [[ $AT != latest && -r $state ]] || return 0
  for ((waited = 0; waited < 90; waited++)); do
    if jq -e --arg copy "$COPY" --argjson at "$(date -u -d "$AT" +%s)" --argjson now "$EPOCHSECONDS" '
      (.at | fromdate) < $now - 120 or (.copies[$copy] == null)
      or ((.copies[$copy].newest // "1970-01-01T00:00:00Z" | fromdate) > $at)' "$state" >/dev/null 2>&1; then return 0; fi
    if ((waited == 0)); then log waiting "message=the log of that moment is on its way to copy $COPY"; fi
    sleep 1
  done
}

# scratch_place: where the data goes. The server's own user must get in, and into nothing else of ours.
scratch_place() {
  DATA=${GRANARY_ROOT:-}/var/lib/granary-scratch/$JOB
  install -d -m 0711 "${DATA%/*}"
  if [[ -n $PG_CONTAINER ]]; then IMAGE=$(docker inspect -f '{{.Image}}' "$PG_CONTAINER"); fi
  # A recovery that outlived a killed restore ends by itself.
  flock -w 120 "$GRANARY_RUN/$JOB.recover.lock" true || fail locked "a recovery of job $JOB is going on"
  scratch_remove
}

# scratch_remove: the server, also one that a killed restore left, and all of its data.
scratch_remove() {
  local pid
  [[ -n $DATA ]] || return 0
  if [[ -n $PG_CONTAINER ]]; then
    docker rm -f "granary-scratch-$JOB" >/dev/null 2>&1 || true
  else
    pid=$(sed -n 1p "$DATA/postmaster.pid" 2>/dev/null || true)
    if [[ -n $pid && $(readlink "/proc/$pid/cwd" || true) == "$DATA" ]]; then kill -QUIT "$pid" || true; fi
    if [[ -n $SCRATCH_PID ]]; then wait "$SCRATCH_PID" || true; fi
  fi
  SCRATCH_PID=
  rm -rf "$DATA"
}

# point_recover: the errors of granary-recover-db are this script's, with their codes.
point_recover() {
  local words=("$JOB" --copy "$COPY" --at "$AT" --data-dir "$DATA") status=0
  if [[ -n $IMAGE ]]; then words+=(--image "$IMAGE"); fi
  RECOVERED=$("$LIB/../granary-recover-db" "${words[@]}" <"$IDENTITY") || status=$?
  ((status == 0)) || exit "$status"
}

# at_scratch COMMAND...: a client of the scratch server.
at_scratch() {
  if [[ -n $PG_CONTAINER ]]; then
    docker exec -i -e "PGHOST=$(server_data)" -e PGPORT=5432 "granary-scratch-$JOB" "$@"
  else
    PGHOST=$DATA PGPORT=5432 PGPASSWORD='' "${PG_CLIENT[@]}" "$@"
  fi
}

# scratch_sql [PSQL ARGUMENT]...: in the database of the job, statements on standard input.
scratch_sql() { at_scratch psql -XqAt -v ON_ERROR_STOP=1 "$@"; }

# scratch_words: prints the words for the server, one a line: reached by its socket alone, which only its own user and root can.
# Nothing in it has to last.
scratch_words() {
  local place
  place=$(server_data)
  printf '%s\n' -D "$place" -c "config_file=$place/granary-scratch/settings" -c "hba_file=$place/granary-scratch/hba" \
    -c "ident_file=$place/granary-scratch/settings" -c listen_addresses= -c port=5432 -c "unix_socket_directories=$place" -c ssl=off \
    -c fsync=off -c autovacuum=off -c archive_mode=off -c shared_preload_libraries= -c logging_collector=off -c log_destination=stderr
}

# scratch_start VERSION_NUM
scratch_start() {
  local words tries=0
  server_find $(($1 / 10000))
  install -d -m 0700 "$DATA/granary-scratch"
  : >"$DATA/granary-scratch/settings"
  printf 'local all all trust\n' >"$DATA/granary-scratch/hba"
  if ((EUID == 0)); then chown -R "$SERVER_USER" "$DATA/granary-scratch"; fi
  mapfile -t words < <(scratch_words)
  # Without the lock: should this script be killed, the server must not keep the next run out.
  (
    exec {GRANARY_LOCK}>&-
    server_run scratch postgres "${words[@]}"
  ) >"$WORK/scratch.log" 2>&1 </dev/null &
  SCRATCH_PID=$!
  until scratch_sql -U "$PG_USER" -d "$MAINTENANCE" -c 'SELECT 1' </dev/null >/dev/null 2>"$WORK/scratch.err"; do
    kill -0 "$SCRATCH_PID" 2>/dev/null ||
      fail recovery-failed "the recovered server does not start: $(last_line "$WORK/scratch.log")"
    ((++tries < 600)) || fail recovery-failed "the recovered server does not answer: $(last_line "$WORK/scratch.err")"
    if grep -qs 'role .* does not exist' "$WORK/scratch.err"; then fail recovery-failed "$(last_line "$WORK/scratch.err")"; fi
    sleep 0.2
  done
}

# point_globals: roles and properties as they were, and what is in it counted: as a dump's manifest and globals have them.
point_globals() {
  DATABASE_INFO=$(info_sql | scratch_sql -U "$PG_USER" -d "$PG_DATABASE" 2>"$WORK/scratch.err") ||
    fail manifest "database '$PG_DATABASE' was not there at $AT: $(last_line "$WORK/scratch.err")"
  jq -e .owner >/dev/null <<<"$DATABASE_INFO" || fail restore-failed "the recovered server does not tell who owns '$PG_DATABASE'"
  GLOBALS=$(at_scratch pg_dumpall -U "$PG_USER" --globals-only --no-tablespaces -l "$PG_DATABASE" </dev/null)
  [[ $GLOBALS == *"PostgreSQL database cluster dump complete"* ]] ||
    fail restore-failed "the roles of the recovered server could not be read to their end"
  count_sql | scratch_sql -U "$PG_USER" -d "$PG_DATABASE" | jq -s --arg copy "$COPY" --arg at "$AT" --argjson recovered "$RECOVERED" '
    {at: $at, copy: $copy, base: $recovered.base, recovered: $recovered.recovered, rows: (add // {})}' >"$MANIFEST"
}

# point_dump: the one database, to where pg_restore reads it.
point_dump() {
  local words=(pg_dump -U "$PG_USER" -Fc -Z0 -d "$PG_DATABASE") status=(0 0)
  if [[ -n $PG_CONTAINER ]]; then
    at_scratch "${words[@]}" </dev/null 2>"$WORK/dump.err" |
      docker exec -i "$PG_CONTAINER" sh -c "umask 077; cat >\"\$0\"" "$DUMP" || status=("${PIPESTATUS[@]}")
  else
    at_scratch "${words[@]}" </dev/null >"$DUMP" 2>"$WORK/dump.err" || status=("$?" 0)
    if ((${#PG_CLIENT[@]} > 0)); then chown postgres "$DUMP"; fi
  fi
  ((status[0] == 0)) || fail recovery-failed "pg_dump of the recovered server: $(last_line "$WORK/dump.err")"
  ((status[1] == 0)) || fail restore-failed "the dump could not be written into container $PG_CONTAINER"
}

# The record of a database that was restored to an instant: what it must hold, should it be taken live by a later run.
point_record() { printf '%s/restored/%s/%s.json' "$GRANARY_STATE" "$JOB" "$1"; }

# point_known NAME: whether that database is of this very instant and copy; then its record is the manifest.
point_known() {
  local record
  record=$(point_record "$1")
  [[ -r $record ]] && jq -e --arg at "$AT" --arg copy "$COPY" '.at == $at and .copy == $copy' "$record" >/dev/null || return 1
  cp "$record" "$MANIFEST"
}

# point_remember NAME
point_remember() {
  local record
  record=$(point_record "$1")
  install -d -m 0700 "${record%/*}"
  cp "$MANIFEST" "$record.partial"
  mv "$record.partial" "$record"
}

# point_elsewhere: the options for the same instant from other copies that have a base backup from before it.
point_elsewhere() {
  local copy file limit=99999999T999999Z
  if [[ $AT != latest ]]; then limit=$STAMP; fi
  for copy in $(conf GRANARY_COPIES); do
    [[ $copy != "$COPY" ]] || continue
    (
      rclone_impatient
      bases_fetch "$copy" "$WORK/next/bases.$copy"
    ) 2>/dev/null || continue
    for file in "$WORK/next/bases.$copy"/*/*.json; do
      [[ -e $file && ! $(jq -r '.wal.ended | gsub("[-:]"; "")' "$file") > $limit ]] || continue
      printf -- "--copy %s --at '%s'\n" "$copy" "$AT"
      break
    done
  done
}
