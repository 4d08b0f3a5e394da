#!/usr/bin/env bash
# Entry point of the lab's MariaDB image; for what a shop uses it does as the official mariadb image does.
#
#   MARIADB_ROOT_PASSWORD or MARIADB_ROOT_PASSWORD_FILE   password of root; one of them is needed at the first start
#   MARIADB_DATABASE   a database to create
# At the first start it makes the data directory; root may then come from anywhere, with the password. Started as root, it
# goes on as mysql. `entrypoint.sh mariadbd --log-bin …` passes the server's own options; any other command is run as it is.
set -Eeuo pipefail

DATA=/var/lib/mysql
OPTIONS=("--datadir=$DATA" --character-set-server=utf8mb4 --collation-server=utf8mb4_unicode_ci)

# Sets $1 from the file named by $1_FILE, unless $1 is set.
value_or_file() {
  local name=$1 file=$1_FILE
  if [[ -z ${!name:-} && -n ${!file:-} ]]; then
    printf -v "$name" '%s' "$(<"${!file}")"
  fi
}

# quoted VALUE: prints it as a literal of SQL.
quoted() {
  local value=${1//\\/\\\\}
  printf "'%s'" "${value//\'/\'\'}"
}

# make_data: the statements run in a server that nobody can reach yet: it has no socket and no network.
make_data() {
  local password
  if [[ -z ${MARIADB_ROOT_PASSWORD:-} ]]; then
    echo 'MARIADB_ROOT_PASSWORD is empty: set it, or MARIADB_ROOT_PASSWORD_FILE, to the password of root' >&2
    return 1
  fi
  password=$(quoted "$MARIADB_ROOT_PASSWORD")
  mariadb-install-db --datadir="$DATA" --auth-root-authentication-method=normal --skip-test-db --force >&2
  {
    printf 'FLUSH PRIVILEGES;\n'
    printf "DROP USER IF EXISTS root@'127.0.0.1', root@'::1', root@'%s', ''@localhost, ''@'%s';\n" "$(hostname)" "$(hostname)"
    printf "ALTER USER root@localhost IDENTIFIED BY %s;\n" "$password"
    printf "CREATE USER root@'%%' IDENTIFIED BY %s;\nGRANT ALL ON *.* TO root@'%%' WITH GRANT OPTION;\n" "$password"
    if [[ -n ${MARIADB_DATABASE:-} ]]; then printf "CREATE DATABASE \`%s\`;\n" "$MARIADB_DATABASE"; fi
  } | mariadbd "${OPTIONS[@]}" --bootstrap
  touch "$DATA/.granary-made"
}

main() {
  if [[ ${1:-mariadbd} == -* ]]; then set -- mariadbd "$@"; fi
  if [[ ${1:-mariadbd} != mariadbd ]]; then exec "$@"; fi
  if ((EUID == 0)); then
    mkdir -p "$DATA" /run/mysqld
    chown -R mysql:mysql "$DATA" /run/mysqld
    exec setpriv --reuid=mysql --regid=mysql --init-groups env HOME="$DATA" "$0" "$@"
  fi
  value_or_file MARIADB_ROOT_PASSWORD
  if [[ ! -e $DATA/.granary-made ]]; then make_data; fi
  # The server needs none of them, and /proc/1/environ would keep them.
  unset MARIADB_ROOT_PASSWORD MARIADB_ROOT_PASSWORD_FILE
  exec mariadbd "${OPTIONS[@]}" --bind-address=0.0.0.0 --skip-name-resolve "${@:2}"
}

main "$@"
