# shellcheck shell=bash
# Bringing a MariaDB or MySQL database back. These servers cannot rename a database: it is restored straight into the
# live name where there is none or an empty one, and beside it under another name where it has tables.

# shellcheck source=../mysql-restore.sh
source "$LIB/mysql-restore.sh"

TARGET=
IS_LIVE=false
USERS= # the users artifact

# restore_prepare: the server must be there, and of the right kind, before anything is fetched.
restore_prepare() {
  [[ $SWITCH == no ]] ||
    fail usage "--switch is for postgres: $(conf GRANARY_KIND) cannot rename a database; let the shop use the restored one, see docs/mariadb.md"
  my_setup
  my_container_check
  my_programs
  my_reach server
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
  elif [[ -z $INTO ]]; then
    log kept-beside "database=$TARGET" "live=$MY_DATABASE" "next=docs/mariadb.md"
  fi
  mark_drop "$TARGET"
}

# restore_run: of the backup in MANIFEST.
restore_run() {
  timed open users_open
  target_choose
  timed restore load
  timed compare content_compare "$TARGET"
  timed users go_live
  restored "$(jq -c --arg database "$TARGET" --argjson live "$IS_LIVE" '
    {database: $database, switched: $live, old: null, compared: {tables: (.rows | length), rows: (.rows | add // 0)}}' "$MANIFEST")"
}
