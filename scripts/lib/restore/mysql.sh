# shellcheck shell=bash
# Bringing a MariaDB or MySQL database back. These servers cannot rename a database: it is restored straight into the
# live name where there is none or an empty one, and beside it under another name where it has tables.

# shellcheck source=../mysql-restore.sh
source "$LIB/mysql-restore.sh"
# shellcheck source=../mysql-events.sh
source "$LIB/mysql-events.sh"
# shellcheck source=../wal-send.sh
source "$LIB/wal-send.sh"
# shellcheck source=../wal-chain.sh
source "$LIB/wal-chain.sh"
# shellcheck source=../wal-process.sh
source "$LIB/wal-process.sh"
# shellcheck source=../binlog-receiver.sh
source "$LIB/binlog-receiver.sh"
# shellcheck source=../binlog-plan.sh
source "$LIB/binlog-plan.sh"
# shellcheck source=../binlog-replay.sh
source "$LIB/binlog-replay.sh"

TARGET=
IS_LIVE=false
USERS= # the users artifact

# restore_prepare: the server must be there, and of the right kind, before anything is fetched.
restore_prepare() {
  [[ $SWITCH == no ]] ||
    fail usage "--switch is for postgres: $(conf GRANARY_KIND) cannot rename a database; let the shop use the restored one, see docs/mariadb.md"
  replay_wanted
  my_setup
  my_container_check
  my_programs
  my_reach server
  [[ -z $REPLAY || -n ${MY_PROGRAM[binlog]} ]] || fail tool-missing "no mariadb-binlog or mysqlbinlog${MY_CONTAINER:+ in container $MY_CONTAINER}"
}

restore_cleanup() { :; }

# users_open: the small artifact first: a wrong identity is known before anything large is fetched.
users_open() {
  USERS=$(artifact_open "$COPY" "$MANIFEST" users cat)
  [[ $USERS == "$USERS_HEAD"* ]] || fail artifact-corrupt "the users artifact does not begin as it must"
}

# target_choose: nothing that exists is written over. Sets TARGET, and IS_LIVE.
target_choose() {
  local state
  leftovers_drop
  TARGET=${INTO:-$MY_DATABASE}
  state=$(database_state "$TARGET")
  if [[ -z $INTO && ($state == absent || $state == empty) ]]; then
    IS_LIVE=true
    return 0
  fi
  if [[ -z $INTO ]]; then
    TARGET=$(short_name "$MY_DATABASE" "_restored_${STAMP,,}")
    state=$(database_state "$TARGET")
  fi
  [[ $state == absent ]] || fail target-live "database '$TARGET' exists"
}

# short_name NAME SUFFIX: prints both, the name cut so that the 64 characters of a name are enough.
short_name() { printf '%s%s' "${1:0:$((64 - ${#2}))}" "$2"; }

load() {
  database_create "$TARGET"
  artifact_open "$COPY" "$MANIFEST" dump dump_load "$TARGET"
  load_judge
}

# go_live: the users come with the database that takes the live name: their rights are on that name.
go_live() {
  if [[ $IS_LIVE == true ]]; then
    users_restore "$USERS"
    events_start
  elif [[ -z $INTO ]]; then
    log kept-beside "database=$TARGET" "live=$MY_DATABASE" "next=docs/mariadb.md"
  fi
  mark_drop "$TARGET"
}

# replay: to the moment that was asked for.
replay_prepare() {
  replay_choose
  replay_plan
  replay_fetch
}

# restore_run: of the backup in MANIFEST, or of the one that REPLAY needs.
restore_run() {
  if [[ -n $REPLAY ]]; then timed log replay_prepare; fi
  timed open users_open
  target_choose
  timed restore load
  events_stop
  timed compare content_compare "$TARGET"
  if [[ -n $REPLAY ]]; then
    timed replay replay_run
    events_stop
  fi
  timed users go_live
  restored "$(jq -c --arg database "$TARGET" --argjson live "$IS_LIVE" --argjson replayed "$REPLAYED" '
    {database: $database, switched: $live, old: null, compared: {tables: (.rows | length), rows: (.rows | add // 0)},
     replayed: $replayed}' "$MANIFEST")"
}
