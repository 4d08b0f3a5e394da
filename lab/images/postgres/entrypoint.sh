#!/usr/bin/env bash
# Entry point of the lab's PostgreSQL image; for what a shop uses it does as the official postgres image does.
#
#   POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE   password of the superuser; one of them is needed at the first start
#   POSTGRES_USER     the superuser, default postgres
#   POSTGRES_DB       a database to create, default POSTGRES_USER
#   PGDATA            default /var/lib/postgresql/data
# At the first start it makes the cluster: trust on the local socket, scram-sha-256 over TCP. Started as root, it goes on as postgres.
# `entrypoint.sh postgres -c …` passes the server's own options; any other command is run as it is.
set -Eeuo pipefail

# Sets $1 from the file named by $1_FILE, unless $1 is set.
value_or_file() {
  local name=$1 file=$1_FILE
  if [[ -z ${!name:-} && -n ${!file:-} ]]; then
    printf -v "$name" '%s' "$(<"${!file}")"
  fi
}

prepare_directories() {
  mkdir -p "$PGDATA" /var/run/postgresql
  chown -R postgres:postgres "$PGDATA" /var/run/postgresql
  chmod 0700 "$PGDATA"
  chmod 2775 /var/run/postgresql
}

make_cluster() {
  if [[ -z ${POSTGRES_PASSWORD:-} ]]; then
    echo 'POSTGRES_PASSWORD is empty: set it, or POSTGRES_PASSWORD_FILE, to the password of the superuser' >&2
    return 1
  fi
  initdb -D "$PGDATA" -U "$POSTGRES_USER" -E UTF8 --locale=C.UTF-8 \
    --auth-local=trust --auth-host=scram-sha-256 --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD")
  printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  if [[ $POSTGRES_DB != postgres ]]; then
    # The server isn't up for others yet: it listens on no address while the database is made.
    pg_ctl -D "$PGDATA" -w -o '-c listen_addresses=' start
    createdb -U "$POSTGRES_USER" -- "$POSTGRES_DB"
    pg_ctl -D "$PGDATA" -w -m fast stop
  fi
}

main() {
  if [[ ${1:-postgres} == -* ]]; then set -- postgres "$@"; fi
  if [[ ${1:-postgres} != postgres ]]; then exec "$@"; fi
  export PGDATA=${PGDATA:-/var/lib/postgresql/data}
  if ((EUID == 0)); then
    prepare_directories
    exec setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/var/lib/postgresql "$0" "$@"
  fi
  value_or_file POSTGRES_PASSWORD
  POSTGRES_USER=${POSTGRES_USER:-postgres}
  POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}
  if [[ ! -s $PGDATA/PG_VERSION ]]; then make_cluster; fi
  # The server needs none of them, and /proc/1/environ would keep them.
  unset POSTGRES_PASSWORD POSTGRES_PASSWORD_FILE
  exec postgres -c listen_addresses='*' "${@:2}"
}

main "$@"
