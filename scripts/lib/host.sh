# shellcheck shell=bash
# Where Granary lives on a host. GRANARY_ROOT stands before the paths in tests.

readonly GRANARY_LIB=${GRANARY_ROOT:-}/usr/local/lib/granary
readonly GRANARY_SBIN=${GRANARY_ROOT:-}/usr/local/sbin
readonly GRANARY_COMMANDS="granary-backup granary-restore granary-artifacts granary-wal granary-base granary-recover-db granary-binlog granary-query granary-hold granary-bring-back granary-app"

# change_lock: one change of a host at a time; another one waits. The jobs of a host are deployed side by side, and they
# share the file of known hosts and systemd.
change_lock() {
  install -d -m 0700 "$GRANARY_RUN"
  exec {GRANARY_CHANGE_LOCK}>"$GRANARY_RUN/change.lock"
  flock -w 300 "$GRANARY_CHANGE_LOCK" || fail locked "another change of this host holds $GRANARY_RUN/change.lock"
}

# commands_link, commands_unlink: the commands an operator types on the host.
commands_link() {
  local command
  install -d "$GRANARY_SBIN"
  for command in $GRANARY_COMMANDS; do ln -sfn "$GRANARY_LIB/$command" "$GRANARY_SBIN/$command"; done
}
commands_unlink() {
  local command
  for command in $GRANARY_COMMANDS; do rm -f "$GRANARY_SBIN/$command"; done
}

# job_remove JOB: no schedule, no settings; its backups and its state stay.
job_remove() {
  schedule_remove "$1"
  rm -f "$GRANARY_ETC/$1.env"
}
