# shellcheck shell=bash
# A MariaDB or MySQL database: dump and users. The kind of the job says which of the two the server must be.

# shellcheck source=../mysql.sh
source "$LIB/mysql.sh"
# shellcheck source=../mysql-content.sh
source "$LIB/mysql-content.sh"
# shellcheck source=../mysql-dump.sh
source "$LIB/mysql-dump.sh"
# shellcheck source=../mysql-users.sh
source "$LIB/mysql-users.sh"

MY_LOG= # 1 if the server writes a binary log

kind_env_check() { env_need "$1" DB_DATABASE DB_USER; }

kind_preconditions() {
  my_setup
  my_container_check
  my_programs
  my_reach database
  my_version_check
  MY_LOG=$(my_sql <<<"SELECT @@log_bin;")
  if [[ $MY_LOG != 1 && $(conf GRANARY_CONTINUOUS no) == yes ]]; then
    log log-off "message=the server writes no binary log: this backup can be restored, but to no later moment"
  fi
}

# Whose log the position in the manifest is of, is known if granary-binlog knew the server before and after.
kind_produce() {
  local raw
  content "$MY_DATABASE" >"$WORK/before"
  artifact dump sql '' dump_database
  raw=$SEALED_RAW
  content "$MY_DATABASE" >"$WORK/after"
  dump_judge
  dump_warn
  if ! users_readable; then
    log no-users "message='$MY_USER' may not read the users, so they are not saved: $(last_line "$WORK/users.err")"
    rm -f "$WORK/users"
  fi
  artifact users users.sql "$USERS_HEAD" dump_users
  facts "$(counted_json | jq -c --argjson raw "$raw" --argjson database "$(database_facts)" \
    --argjson users "$(users_count)" '. + {dumpBytes: $raw, database: $database, users: $users}')"
}

# users_count: prints how many were saved, or null.
users_count() { if [[ -e $WORK/users ]]; then wc -l <"$WORK/users"; else printf null; fi; }

# kind_deployed JOB: prints the version of the server, or "absent": on a new host it comes with the restore.
kind_deployed() {
  my_setup
  # In a subshell: an absent container or database ends it with a message, and here that is no failure.
  if (my_container_check && my_programs && my_reach database); then
    my_programs
    my_reach database
    my_version_check
    deployed_log_check
    printf '"%s"' "$MY_SERVER"
  else
    log database-absent "job=$1" "message=the versions are compared at the first run"
    printf '"absent"'
  fi
}

# deployed_log_check: what a continuous job needs must be there when it is deployed.
deployed_log_check() {
  [[ $(conf GRANARY_CONTINUOUS no) == no || $(my_sql <<<"SELECT @@log_bin;") == 1 ]] ||
    fail wal-settings "log_bin is off: add log_bin to the [mysqld] section of the server's settings (of a container: the argument --log-bin) and restart it"
}
