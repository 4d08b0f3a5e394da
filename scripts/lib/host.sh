# shellcheck shell=bash
# Where Granary lives on a host. GRANARY_ROOT stands before the paths in tests.

readonly GRANARY_LIB=${GRANARY_ROOT:-}/usr/local/lib/granary
readonly GRANARY_SBIN=${GRANARY_ROOT:-}/usr/local/sbin
readonly GRANARY_UNITS=${GRANARY_ROOT:-}/etc/systemd/system
readonly GRANARY_COMMANDS="granary-backup granary-restore granary-artifacts"

# change_lock: one change of a host at a time; another one waits. The jobs of a host are deployed side by side, and they
# share the file of known hosts and systemd.
change_lock() {
  install -d -m 0700 "$GRANARY_RUN"
  exec {GRANARY_CHANGE_LOCK}>"$GRANARY_RUN/change.lock"
  flock -w 300 "$GRANARY_CHANGE_LOCK" || fail locked "another change of this host holds $GRANARY_RUN/change.lock"
}

# timer_dropin JOB: prints the directory of the drop-in that holds the schedule of a job.
timer_dropin() { printf '%s/granary@%s.timer.d' "$GRANARY_UNITS" "$1"; }

# shown UNIT PROPERTY: prints what systemd resolved, which is what counts and not what was written.
shown() { systemctl show "$1" -p "$2" --value; }

# assert_shown UNIT PROPERTY REGEX
assert_shown() {
  local value
  value=$(shown "$1" "$2")
  [[ $value =~ $3 ]] || fail not-applied "$1: $2 is '$value', expected '$3'"
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

# job_remove JOB: no timer, no unit, no settings; its backups and its state stay.
job_remove() {
  systemctl disable --now "granary@$1.timer" >&2 || log timer-absent "job=$1"
  systemctl stop "granary@$1.service" >&2 || log service-absent "job=$1"
  rm -rf "$(timer_dropin "$1")"
  rm -f "$GRANARY_ETC/$1.env"
  systemctl daemon-reload
  systemctl reset-failed "granary@$1.service" 2>/dev/null || log not-failed "job=$1"
}
