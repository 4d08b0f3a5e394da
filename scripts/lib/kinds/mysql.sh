# shellcheck shell=bash
# A MariaDB or MySQL database: dump and users. The kind of the job says which of the two the server must be.

# shellcheck source=../mysql.sh
source "$LIB/mysql.sh"
# shellcheck source=../mysql-content.sh
source "$LIB/mysql-content.sh"
# shellcheck source=../mysql-dump.sh
source "$LIB/mysql-dump.sh"
# shellcheck source=../binlog-server.sh
source "$LIB/binlog-server.sh"
# shellcheck source=../mysql-users.sh
source "$LIB/mysql-users.sh"

MY_LOG=       # 1 if the server writes a binary log
DUMP_CHAIN='' # the chain of log this dump belongs to: "stamp system"; empty: none that is known
DUMP_STARTED= # seconds since 1970

kind_env_check() { env_need "$1" DB_DATABASE DB_USER; }

# continuous: whether the binary log of this server is shipped too.
continuous() { [[ $(conf GRANARY_CONTINUOUS no) == yes ]]; }

kind_units() { if continuous; then printf 'granary-binlog@%s.service\n' "$1"; fi; }

kind_preconditions() {
  my_setup
  my_container_check
  my_programs
  my_reach database
  my_version_check
  MY_LOG=$(my_sql <<<"SELECT @@log_bin;")
  if [[ $MY_LOG != 1 ]] && continuous; then
    log log-off "message=the server writes no binary log: this backup can be restored, but to no later moment"
  fi
}

# chain_now: prints "stamp system" of the chain granary-binlog ships, if it is the log of this very server.
chain_now() {
  local stamp system server
  [[ $MY_LOG == 1 && -e $GRANARY_STATE/wal/$JOB/chain ]] && continuous || return 0
  read -r stamp system _ <"$GRANARY_STATE/wal/$JOB/chain"
  server=$(server_system)
  if [[ ${server%% *} == "$system" ]]; then printf '%s %s' "$stamp" "$system"; fi
}

# Which log the position in the dump is of, is known if the same chain was there before and after.
kind_produce() {
  local raw
  DUMP_CHAIN=$(chain_now) DUMP_STARTED=$EPOCHSECONDS
  content "$MY_DATABASE" >"$WORK/before"
  artifact dump sql '' dump_database
  raw=$SEALED_RAW
  content "$MY_DATABASE" >"$WORK/after"
  dump_judge
  dump_warn
  if [[ $(chain_now) != "$DUMP_CHAIN" ]]; then DUMP_CHAIN=; fi
  if ! users_readable; then
    log no-users "message='$MY_USER' may not read the users, so they are not saved: $(last_line "$WORK/users.err")"
    rm -f "$WORK/users"
  fi
  artifact users users.sql "$USERS_HEAD" dump_users
  facts "$(counted_json | jq -c --argjson raw "$raw" --argjson database "$(database_facts)" --argjson users "$(users_count)" \
    --arg chain "$DUMP_CHAIN" --argjson started "$DUMP_STARTED" --argjson ended "$EPOCHSECONDS" '
    . + {dumpBytes: $raw, database: $database, users: $users, wal: (if $chain == "" then null else ($chain | split(" ")) as $c |
      {chain: $c[0], system: $c[1], started: ($started | todate), ended: ($ended | todate)} + .position end)} | del(.position)')"
}

# users_count: prints how many were saved, or null.
users_count() { if [[ -e $WORK/users ]]; then wc -l <"$WORK/users"; else printf null; fi; }

# kind_cleanup: notes which copies have a dump that the log goes on from: /var/lib/granary/JOB.base.json.
kind_cleanup() {
  local file=$GRANARY_STATE/$JOB.base.json copies
  [[ -n $DUMP_CHAIN ]] && ((${#COPIES_OK[@]} > 0)) || return 0
  copies=$(printf '%s\n' "${COPIES_OK[@]}" | jq -Rn --arg stamp "${STAMP:?}" --arg chain "${DUMP_CHAIN%% *}" \
    --argjson started "$DUMP_STARTED" '[inputs | {(.): {stamp: $stamp, chain: $chain, started: $started}}] | add')
  { cat "$file" 2>/dev/null || printf '{}'; } | jq --argjson copies "$copies" '.copies = ((.copies // {}) + $copies)' >"$file.new"
  mv "$file.new" "$file"
}

# kind_afterwards: a log that stands still makes the nightly run red too, though its dump is good. But a log that only
# lacked a dump to begin at has one now.
kind_afterwards() {
  local said code=0
  continuous || return 0
  said=$("$LIB/../granary-binlog" "$JOB" --status 2>&1 >/dev/null) || code=$?
  if ((code != 0)) && [[ $(exit_name "$code") != wal-gap || -z $DUMP_CHAIN ]]; then
    printf '%s\n' "$said" >&2
    exit "$code"
  fi
}

# kind_deployed JOB: prints the version of the server, or "absent": on a new host it comes with the restore.
kind_deployed() {
  my_setup
  # In a subshell: an absent container or database ends it with a message, and here that is no failure.
  if (my_container_check && my_programs && my_reach database); then
    my_programs
    my_reach database
    my_version_check
    if continuous; then "$LIB/../granary-binlog" "$1" --check >/dev/null; fi
    printf '"%s"' "$MY_SERVER"
  else
    log database-absent "job=$1" "message=the versions are compared at the first run"
    printf '"absent"'
  fi
}
