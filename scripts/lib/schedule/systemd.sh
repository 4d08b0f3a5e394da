# shellcheck shell=bash
# Jobs started by systemd: one timer a job, whose schedule is a drop-in beside the static unit.

readonly GRANARY_UNITS=${GRANARY_ROOT:-}/etc/systemd/system

schedule_host_check() { need_tools systemctl systemd-analyze timedatectl; }

schedule_host_install() {
  install -d -m 0755 "$GRANARY_UNITS"
  install -m 0644 "$GRANARY_LIB"/units/* "$GRANARY_UNITS/"
  systemctl daemon-reload
}

schedule_host_remove() {
  local unit
  for unit in "$GRANARY_LIB"/units/*; do rm -f "$GRANARY_UNITS/$(basename "$unit")"; done
  systemctl daemon-reload
}

schedule_check() { schedule_normal >/dev/null; }

schedule_normal() {
  local said
  said=$(systemd-analyze calendar "$(conf GRANARY_ON_CALENDAR)" 2>&1) ||
    fail config "GRANARY_ON_CALENDAR '$(conf GRANARY_ON_CALENDAR)' is no time systemd knows"
  sed -n 's/^ *Normalized form: //p' <<<"$said"
}

# timer_dropin JOB: prints the directory of the drop-in that holds the schedule of a job.
timer_dropin() { printf '%s/granary@%s.timer.d' "$GRANARY_UNITS" "$1"; }

# schedule_install JOB: the empty OnCalendar takes back the default of the unit.
schedule_install() {
  local dir
  dir=$(timer_dropin "$1")
  install -d -m 0755 "$dir"
  printf '[Timer]\nOnCalendar=\nOnCalendar=%s\n' "$(conf GRANARY_ON_CALENDAR)" >"$dir/schedule.conf"
  chmod 0644 "$dir/schedule.conf"
  systemctl daemon-reload
  systemctl enable --now "granary@$1.timer" >&2
  systemctl restart "granary@$1.timer"
}

# shown UNIT PROPERTY: prints what systemd resolved.
shown() { systemctl show "$1" -p "$2" --value; }

# assert_shown UNIT PROPERTY REGEX
assert_shown() {
  local value
  value=$(shown "$1" "$2")
  [[ $value =~ $3 ]] || fail not-applied "$1: $2 is '$value', expected '$3'"
}

schedule_assert() {
  local calendar
  calendar=$(schedule_normal)
  assert_shown "granary@$1.timer" LoadState '^loaded$'
  assert_shown "granary@$1.timer" UnitFileState '^enabled$'
  assert_shown "granary@$1.timer" ActiveState '^active$'
  assert_shown "granary@$1.timer" Persistent '^yes$'
  [[ $(shown "granary@$1.timer" TimersCalendar) == "{ OnCalendar=$calendar ; "* ]] ||
    fail not-applied "granary@$1.timer: the schedule is $(shown "granary@$1.timer" TimersCalendar), expected $calendar"
  assert_shown "granary@$1.service" LoadState '^loaded$'
  assert_shown "granary@$1.service" ExecStart "granary-backup $1 ;"
  assert_shown "granary@$1.service" NoNewPrivileges '^yes$'
  assert_shown "granary@$1.service" ProtectSystem '^strict$'
}

schedule_next() { shown "granary@$1.timer" NextElapseUSecRealtime; }

schedule_remove() {
  systemctl disable --now "granary@$1.timer" >&2 || log timer-absent "job=$1"
  systemctl stop "granary@$1.service" >&2 || log service-absent "job=$1"
  rm -rf "$(timer_dropin "$1")"
  systemctl daemon-reload
  systemctl reset-failed "granary@$1.service" 2>/dev/null || log not-failed "job=$1"
}
