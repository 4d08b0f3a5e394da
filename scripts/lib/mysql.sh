# shellcheck shell=bash
# The door to MariaDB and MySQL: in a container through docker exec, natively by the clients' own socket. The password
# travels as MYSQL_PWD in the environment, by name: every client of both takes it, it is in no argument and in no file
# (docker exec cannot pass a file descriptor, and a file in the container would outlive a killed run).

MY_CLIENT=() # the words that stand before a client's name
MY_PASSWORD=
MY_CONTAINER=
MY_DATABASE=
MY_USER=
declare -gA MY_PROGRAM=() # client, dump and binlog -> what they are called there
declare -gA MY_HELP=()    # the same -> what --help says: options differ between versions
MY_SERVER=                # 10.11.19 or 8.0.36
MY_FAMILY=                # mariadb or mysql, as the server says

# my_setup: fills the above from the settings.
my_setup() {
  MY_CONTAINER=$(conf GRANARY_DB_CONTAINER)
  MY_DATABASE=$(conf GRANARY_DB_DATABASE)
  MY_USER=$(conf GRANARY_DB_USER)
  MY_PASSWORD=$(conf GRANARY_DB_PASSWORD)
  MY_CLIENT=()
  if [[ -n $MY_CONTAINER ]]; then
    need_tools docker
    MY_CLIENT=(docker exec -i -e MYSQL_PWD "$MY_CONTAINER")
  fi
}

# my COMMAND [ARGUMENT]...: runs a client where the database is.
my() { MYSQL_PWD=$MY_PASSWORD "${MY_CLIENT[@]}" "$@"; }

# my_container_check: the container of the settings must be running.
my_container_check() {
  local state
  [[ -n $MY_CONTAINER ]] || return 0
  state=$(docker inspect -f '{{.State.Running}}' "$MY_CONTAINER" 2>&1) ||
    fail container-absent "container '$MY_CONTAINER' was not found: ${state##*$'\n'}"
  [[ $state == true ]] || fail container-absent "container '$MY_CONTAINER' is not running"
}

# my_programs: looks which of the names are there: new images of MariaDB have only the first, old ones and MySQL's the second.
my_programs() {
  local found role names
  found=$(my sh -c "for name; do command -v \"\$name\" && echo; done; :" sh mariadb mysql mariadb-dump mysqldump mariadb-binlog mysqlbinlog </dev/null)
  for role in "client mariadb mysql" "dump mariadb-dump mysqldump" "binlog mariadb-binlog mysqlbinlog"; do
    read -ra names <<<"$role"
    if [[ $(conf GRANARY_KIND) == mysql ]]; then names=("${names[0]}" "${names[2]}" "${names[1]}"); fi
    MY_PROGRAM[${names[0]}]=$(grep -m1 -oE "^/.*/(${names[1]})\$" <<<"$found" || grep -m1 -oE "^/.*/(${names[2]})\$" <<<"$found" || true)
  done
  for role in client dump; do
    [[ -n ${MY_PROGRAM[$role]} ]] || fail tool-missing "no $role program of MariaDB or MySQL${MY_CONTAINER:+ in container $MY_CONTAINER}"
  done
  for role in client dump binlog; do
    if [[ -n ${MY_PROGRAM[$role]} ]]; then MY_HELP[$role]=$(my "${MY_PROGRAM[$role]}" --help </dev/null 2>&1); fi
  done
}

# my_can ROLE OPTION: whether a program knows an option.
my_can() { [[ ${MY_HELP[$1]} == *"--$2"* ]]; }

# my_sql [ARGUMENT]...: runs the statements on standard input, prints bare values with tabs between.
my_sql() {
  my "${MY_PROGRAM[client]}" -u "$MY_USER" --connect-timeout=15 --default-character-set=utf8mb4 --batch --raw --skip-column-names "$@"
}

# my_literal VALUE: prints it quoted for SQL.
my_literal() {
  local value=${1//\\/\\\\}
  printf "'%s'" "${value//\'/\'\'}"
}

# my_name NAME: prints it quoted as an identifier.
my_name() {
  local quote=$'\x60'
  printf '%s%s%s' "$quote" "${1//"$quote"/"$quote$quote"}" "$quote"
}

# my_said TEXT: prints the first error in what a client said, or its last line.
my_said() { awk '/^(ERROR|Error)/ { print; found = 1; exit } NF { line = $0 } END { if (!found) print line }' <<<"$1"; }

# my_reach server|database: the server must answer, be what the settings call it, and have the database. Sets MY_SERVER
# and MY_FAMILY.
my_reach() {
  local said what=$1 arguments=()
  if [[ $1 == database ]]; then arguments=(-D "$MY_DATABASE") what="database '$MY_DATABASE'"; fi
  said=$(my_sql "${arguments[@]}" -e 'SELECT VERSION()' 2>&1 </dev/null) ||
    fail database-unreachable "cannot log in to $what as '$MY_USER': $(my_said "$said")"
  said=${said##*$'\n'}
  MY_FAMILY=mysql
  if [[ $said == *MariaDB* ]]; then MY_FAMILY=mariadb; fi
  MY_SERVER=$(first_version <<<"$said")
  [[ $MY_FAMILY == "$(conf GRANARY_KIND)" ]] ||
    fail config "the job is of kind $(conf GRANARY_KIND), but the server is $MY_FAMILY $MY_SERVER: correct the kind in the settings"
}

# my_client_version ROLE: prints "mariadb 10.11.19" or "mysql 8.0.36". "Ver" alone is the program's own number with MariaDB.
my_client_version() {
  local said family=mysql
  said=$(my "${MY_PROGRAM[$1]}" --version 2>&1 </dev/null) || fail tool-missing "${MY_PROGRAM[$1]} does not run: ${said##*$'\n'}"
  if [[ $said == *MariaDB* ]]; then family=mariadb; fi
  if [[ $said =~ (Distrib|from)\ ([0-9][0-9.]*) || $said =~ (Ver)\ ([0-9][0-9.]*) ]]; then
    printf '%s %s' "$family" "${BASH_REMATCH[2]}"
  else
    fail tool-missing "${MY_PROGRAM[$1]} does not tell its version: ${said##*$'\n'}"
  fi
}

# my_version_check: a dump program that is older, or of the other family, misses what it does not know.
my_version_check() {
  local client family version
  client=$(my_client_version dump)
  read -r family version <<<"$client"
  [[ $family == "$MY_FAMILY" ]] || fail version "${MY_PROGRAM[dump]} is of $family, the server is $MY_FAMILY"
  (($(my_major "$version") >= $(my_major "$MY_SERVER"))) ||
    fail version "${MY_PROGRAM[dump]} is version $version, the server is version $MY_SERVER"
}

# my_major VERSION: prints major and minor as one number: 10011, 8000.
my_major() {
  local major minor
  IFS=. read -r major minor _ <<<"$1"
  printf '%d' $((major * 1000 + ${minor:-0}))
}
