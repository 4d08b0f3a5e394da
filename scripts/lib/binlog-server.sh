# shellcheck shell=bash
# The server of a continuous MariaDB or MySQL job: what it says about itself and its binary log.

SERVER_SYSTEM=  # <server id>.<when its system tables were made, or its uuid>-<major version>: it changes with the server's data
SERVER_PORT=
SERVER_FILES=() # the files of the binary log it still has, oldest first
declare -A SERVER_SIZE=() # file -> bytes
SERVER_POSITION=0 # where it is, as a number that only grows: see position_number

# system_sql: prints the query. MariaDB has no uuid; its tables tell when its data directory was made. A statement each:
# beside information_schema, @@log_bin reads 0.
system_sql() {
  if [[ $MY_FAMILY == mysql ]]; then
    printf 'SELECT @@server_uuid;\n'
  else
    printf "SELECT CONCAT(@@server_id, '.', UNIX_TIMESTAMP(MIN(create_time))) FROM information_schema.tables WHERE table_schema = 'mysql';\n"
  fi
  printf 'SELECT @@port;\nSELECT @@log_bin;\n'
}

# my_bounded: my_sql that ends: a server that hangs must be reported and not waited for.
my_bounded() {
  local client=(timeout -k 5 30 "${MY_CLIENT[@]}")
  local MY_CLIENT=("${client[@]}")
  my_sql
}

# server_system: prints SERVER_SYSTEM, the port and log_bin.
server_system() {
  local said
  said=$(system_sql | my_bounded) || return 1
  [[ $said =~ ^([0-9a-f.-]+)$'\n'([0-9]+)$'\n'([01])$ ]] || return 1
  printf '%s-%s %s %s\n' "${BASH_REMATCH[1]}" "$(cut -d. -f1,2 <<<"$MY_SERVER")" "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}"
}

# position_number FILE BYTES: prints both as one number: a file is at most some GiB, far below 2^40.
position_number() { printf '%s' $(((10#${1##*.} << 40) + $2)); }

# server_facts: fills the above. Fails when the server does not answer, or writes no log.
server_facts() {
  local said file size logs
  said=$(server_system 2>"$WORK/facts.err") || return 1
  read -r SERVER_SYSTEM SERVER_PORT logs <<<"$said"
  SERVER_FILES=() SERVER_SIZE=()
  if ((logs == 0)); then
    printf 'ERROR: log_bin is off\n' >"$WORK/facts.err"
    return 1
  fi
  said=$(my_bounded 2>"$WORK/facts.err" <<<"SHOW BINARY LOGS;") || return 1
  while read -r file size _; do
    [[ $file =~ ^[A-Za-z0-9_.-]+\.[0-9]{6,}$ && $size =~ ^[0-9]+$ ]] || return 1
    SERVER_FILES+=("$file") SERVER_SIZE[$file]=$size
  done <<<"$said"
  SERVER_POSITION=$(position_number "${SERVER_FILES[-1]}" "${SERVER_SIZE[${SERVER_FILES[-1]}]}")
}

# server_json: prints what is known about it.
server_json() {
  jq -cn --arg system "$SERVER_SYSTEM" --argjson port "$SERVER_PORT" --argjson number "$SERVER_POSITION" \
    --arg first "${SERVER_FILES[0]}" --arg file "${SERVER_FILES[-1]}" --argjson position "${SERVER_SIZE[${SERVER_FILES[-1]}]}" \
    '{system: $system, port: $port, firstFile: $first, file: $file, position: $position, number: $number}'
}

# settings_sql: one line a setting that is in the way.
settings_sql() {
  cat <<'SQL'
SELECT 'log_bin is off: add log_bin to the [mysqld] section of the server (of a container: the argument --log-bin) and restart it' FROM DUAL WHERE @@log_bin = 0;
SQL
  if [[ $MY_FAMILY == mariadb ]]; then
    printf '%s\n' "SELECT 'encrypt_binlog is on, which is not handled: turn it off and restart the server' FROM DUAL WHERE @@encrypt_binlog = 1;"
  fi
}

# settings_said: prints the first thing that is in the way, with its remedy; nothing when nothing is. The right to read the
# log is tried: its names differ from version to version.
settings_said() {
  local said
  if [[ -z ${MY_PROGRAM[binlog]} ]]; then
    printf 'there is no mariadb-binlog or mysqlbinlog%s' "${MY_CONTAINER:+ in the image of container $MY_CONTAINER}"
    return 0
  fi
  said=$(settings_sql | my_bounded 2>"$WORK/settings.err") || said="the server does not answer: $(my_said "$(<"$WORK/settings.err")")"
  if [[ -z $said ]]; then
    my_bounded >/dev/null 2>"$WORK/settings.err" <<<"SHOW BINARY LOGS;" ||
      said="user '$MY_USER' may not read the log: GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.*; the server said: $(my_said "$(<"$WORK/settings.err")")"
  fi
  printf '%s' "${said%%$'\n'*}"
}

# settings_warn: what makes a restore to a moment less than exact, or the log short-lived.
settings_warn() {
  local format
  format=$(my_bounded <<<"SELECT @@binlog_format;") || return 0
  [[ $format == ROW ]] || log binlog-format "format=$format" \
    "message=with binlog_format=ROW every change is restored; now a statement that was run while another database was selected is not"
}
