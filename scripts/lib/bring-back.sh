# shellcheck shell=bash
# Putting what was saved where it was.

# bring_back: prints the result of the restore. The identity goes on to it, on standard input.
bring_back() {
  case $(conf GRANARY_KIND) in
    postgres | mariadb | mysql) database_back ;;
    files | configs | logs) places_back ;;
    source) repository_back ;;
    *) fail usage "a job of kind '$(conf GRANARY_KIND)' has nothing to bring back" ;;
  esac
}

restore() { "$LIB/../granary-restore" "$JOB" --copy "$COPY" --at "$AT" "$@"; }

# database_back: to the last instant of the log where there is one, unless a dump is wanted.
database_back() {
  if server_back_fits; then
    server_back
    return
  fi
  database_wait >&2
  if [[ $FROM == dump || $(conf GRANARY_CONTINUOUS no) != yes ]]; then
    restore_dump
  elif [[ $(conf GRANARY_KIND) == postgres ]]; then
    restore --from log
  else
    restore_log
  fi
}

# restore_dump: without a log, or without wanting it, a time is that of a dump.
restore_dump() {
  if [[ $(conf GRANARY_KIND) == postgres ]]; then restore --from dump; else restore; fi
}

# restore_log: of MariaDB and MySQL; latest would be the newest dump.
restore_log() {
  if [[ $AT == latest ]]; then AT=end; fi
  restore
}

# database_wait: a container that was just made begins with a server that only its own set-up may use: one that answers on
# TCP is the real one.
database_wait() {
  local container i
  container=$(conf GRANARY_PG_CONTAINER)$(conf GRANARY_DB_CONTAINER)
  [[ -n $container ]] || return 0
  for ((i = 0; i < 240; i++)); do
    if database_answers "$container"; then return 0; fi
    sleep 0.5
  done
  fail database-unreachable "the database in container '$container' did not begin within 120 s"
}

database_answers() {
  if [[ $(conf GRANARY_KIND) == postgres ]]; then
    docker exec "$1" pg_isready -q -h 127.0.0.1 2>/dev/null
  else
    docker exec "$1" sh -c 'for p in mariadb-admin mysqladmin; do command -v $p >/dev/null && exec $p ping -h 127.0.0.1; done; exit 1' >/dev/null 2>&1
  fi
}

# fetched PART: restores into a directory of its own, where an earlier run may have left it whole. Prints the result.
fetched() {
  local result=$GRANARY_STATE/brought-back/$JOB.fetched.json
  if [[ -s $result ]]; then
    cat >/dev/null
    return 0
  fi
  rm -rf "$1"
  restore --into "$1" >"$result.new"
  mv "$result.new" "$result"
}

# places_back: every path of the job, from the directory into its place.
places_back() {
  local part=$GRANARY_STATE/brought-back/$JOB path root=
  fetched "$part"
  # restic knows a path as it is on this machine, a tar from the host's own root.
  if [[ $(conf GRANARY_KIND) == files ]]; then root=${GRANARY_ROOT:-}; fi
  while IFS= read -r path; do
    place "$part$root$path" "${GRANARY_ROOT:-}$path"
  done < <(jq -r '.[]' <<<"$(conf GRANARY_PATHS)")
  rm -rf "$part"
  cat "$GRANARY_STATE/brought-back/$JOB.fetched.json"
}

repository_back() {
  local part=$GRANARY_STATE/brought-back/$JOB
  fetched "$part"
  place "$part" "${GRANARY_ROOT:-}$(conf GRANARY_SOURCE_PATH)"
  cat "$GRANARY_STATE/brought-back/$JOB.fetched.json"
}

# place FROM TO: FROM is gone when it was placed by an earlier run.
place() {
  if [[ ! -e $1 && ! -L $1 ]]; then
    [[ -e $2 || -L $2 ]] || fail restore-failed "the backup of job $JOB holds no ${2#"${GRANARY_ROOT:-}"}"
    return 0
  fi
  if [[ -d $2 && -z $(ls -A "$2") ]]; then
    rmdir "$2"
  elif [[ -e $2 || -L $2 ]]; then
    [[ ! -e $2.before-recovery ]] || fail target-live "$2 and $2.before-recovery both exist"
    log kept-aside "path=$2.before-recovery"
    mv -T "$2" "$2.before-recovery"
  fi
  install -d -m 0755 "$(dirname "$2")"
  mv -T "$1" "$2"
}
