# shellcheck shell=bash
# The door to the database: in a container through docker exec, natively as the OS user postgres (peer) or with a
# password over TCP. Passwords travel in the environment, by name; never in an argument.

PG_CLIENT=() # the words that stand before a client's name
PG_PASSWORD=
PG_CONTAINER=
PG_DATABASE=
PG_USER=

# pg_setup NAME: fills the above from the settings. Sessions carry NAME, so that leftovers can be found and ended.
pg_setup() {
  PG_CONTAINER=$(conf GRANARY_PG_CONTAINER)
  PG_DATABASE=$(conf GRANARY_PG_DATABASE)
  PG_USER=$(conf GRANARY_PG_USER)
  PG_PASSWORD=$(conf GRANARY_PG_PASSWORD)
  PG_CLIENT=()
  cd / # the clients start where the caller stands, and the user postgres may not be allowed there
  export PGAPPNAME=$1 PGCONNECT_TIMEOUT=15
  if [[ -n $PG_CONTAINER ]]; then
    need_tools docker
    PG_CLIENT=(docker exec -i -e PGPASSWORD -e PGAPPNAME -e PGCONNECT_TIMEOUT -e PGOPTIONS "$PG_CONTAINER")
    return 0
  fi
  need_tools psql pg_dump pg_dumpall pg_restore
  if [[ -n $PG_PASSWORD ]]; then
    export PGHOST=${PGHOST:-localhost}
  elif ((EUID == 0)); then
    # setpriv and not runuser: it becomes the client instead of staying as its parent, and needs no PAM in the sandbox.
    PG_CLIENT=(setpriv --reuid=postgres --regid=postgres --init-groups)
  fi
}

# pg COMMAND [ARGUMENT]...: runs a client where the database is.
pg() { PGPASSWORD=$PG_PASSWORD "${PG_CLIENT[@]}" "$@"; }

# pg_exec COMMAND [ARGUMENT]...: the same in place of the calling subshell, so that its process id is the client's.
pg_exec() { PGPASSWORD=$PG_PASSWORD exec "${PG_CLIENT[@]}" "$@"; }

# sql DATABASE [PSQL ARGUMENT]...: runs the statements on standard input, prints bare values.
sql() {
  local database=$1
  shift
  pg psql -XqAt -v ON_ERROR_STOP=1 -U "$PG_USER" -d "$database" "$@"
}

# sql_literal VALUE: prints it quoted for SQL.
sql_literal() { printf "'%s'" "${1//\'/\'\'}"; }

# sql_name NAME: prints it quoted as an identifier.
sql_name() { printf '"%s"' "${1//\"/\"\"}"; }

# pg_maintenance_db: a database to be connected to while the job's own is made or renamed.
pg_maintenance_db() {
  if [[ $PG_DATABASE == postgres ]]; then printf 'template1'; else printf 'postgres'; fi
}

# pg_container_check: the container of the settings must be running.
pg_container_check() {
  local state
  [[ -n $PG_CONTAINER ]] || return 0
  state=$(docker inspect -f '{{.State.Running}}' "$PG_CONTAINER" 2>&1) ||
    fail container-absent "container '$PG_CONTAINER' was not found: ${state##*$'\n'}"
  [[ $state == true ]] || fail container-absent "container '$PG_CONTAINER' is not running"
}

# pg_reach DATABASE: the server must answer; its version number (150004) is printed.
pg_reach() {
  local said
  said=$(sql "$1" -c "SELECT current_setting('server_version_num')" 2>&1 </dev/null) ||
    fail database-unreachable "cannot log in to database '$1' as '$PG_USER': ${said##*$'\n'}"
  printf '%s' "${said##*$'\n'}"
}

# pg_client_version PROGRAM: prints 15.4 or 16.
pg_client_version() {
  local said
  said=$(pg "$1" --version 2>&1 </dev/null) || fail tool-missing "$1 does not run: ${said##*$'\n'}"
  first_version <<<"$said"
}

# pg_version_check SERVER_VERSION_NUM: an older pg_dump refuses or, worse, misses what it does not know.
pg_version_check() {
  local client server=$(($1 / 10000)) program
  for program in pg_dump pg_restore; do
    client=$(pg_client_version "$program")
    ((${client%%.*} >= server)) || fail version "$program is version $client, the server is version $server"
  done
}

# pg_end_leftovers DATABASE: ends the sessions that a killed run of this job left behind in the server.
pg_end_leftovers() {
  sql "$1" >/dev/null <<SQL
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = $(sql_literal "$PGAPPNAME") AND pid <> pg_backend_pid();
SQL
}
