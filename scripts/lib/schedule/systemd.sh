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

# timer_dropin TIMER: prints the directory of the drop-in that holds its schedule.
timer_dropin() { printf '%s/%s.d' "$GRANARY_UNITS" "$1"; }

# timer_write TIMER CALENDAR: the empty OnCalendar takes back the default of the unit.
timer_write() {
  local dir
  dir=$(timer_dropin "$1")
  install -d -m 0755 "$dir"
  printf '[Timer]\nOnCalendar=\nOnCalendar=%s\n' "$2" >"$dir/schedule.conf"
  chmod 0644 "$dir/schedule.conf"
}

# job_units JOB: prints the units of a job, a timer with its schedule: the backup's own, and what its kind has beside it.
job_units() {
  printf 'granary@%s.timer %s\n' "$1" "$(conf GRANARY_ON_CALENDAR)"
  kind_units "$1"
}

# units_beside JOB: prints every unit a job of any kind may have beside its own.
units_beside() {
  local file
  for file in "$GRANARY_LIB"/units/granary-*@.{service,timer}; do
    if [[ -e $file ]]; then basename "${file/@./@$1.}"; fi
  done
}

# schedule_install JOB: services are started anew, so that they go by the new settings; those of a kind or a setting that
# the job no longer has are stopped.
schedule_install() {
  local unit calendar wanted
  wanted=$(job_units "$1")
  while read -r unit calendar; do
    if [[ $unit == *.timer ]]; then timer_write "$unit" "$calendar"; fi
  done <<<"$wanted"
  systemctl daemon-reload
  while read -r unit calendar; do
    unit_start "$unit"
  done <<<"$wanted"
  while read -r unit; do
    if ! grep -qF "$unit" <<<"$wanted"; then unit_remove "$unit"; fi
  done < <(units_beside "$1")
}

# unit_start UNIT: a service may wait for its database, so it is not waited for.
unit_start() {
  if [[ $1 == *.timer ]]; then
    systemctl enable --now "$1" >&2
    systemctl restart "$1"
  else
    systemctl enable "$1" >&2
    systemctl restart --no-block "$1"
  fi
}

# unit_remove UNIT
unit_remove() {
  systemctl is-enabled --quiet "$1" 2>/dev/null || return 0
  systemctl disable --now "$1" >&2 || log unit-absent "unit=$1"
  rm -rf "$(timer_dropin "$1")"
}

# schedule_pause JOB, schedule_resume JOB: of what may run for a job nothing does, or everything does again.
schedule_pause() {
  local unit
  systemctl stop "granary@$1.timer" "granary@$1.service" >&2
  while read -r unit _; do systemctl stop "$unit" >&2; done < <(kind_units "$1")
}
schedule_resume() {
  local unit
  while read -r unit _; do unit_start "$unit"; done < <(job_units "$1")
}

# shown UNIT PROPERTY: prints what systemd resolved.
shown() { systemctl show "$1" -p "$2" --value; }

# resolved_assert JOB UNIT: every line of resolved.txt that is of the unit.
resolved_assert() {
  local units property pattern line
  local -A said=()
  while IFS= read -r line; do said[${line%%=*}]=${line#*=}; done < <(systemctl show "$2")
  while read -r units property pattern; do
    [[ $units != '#'* && $2 =~ ^$units$ ]] || continue
    pattern=${pattern//%i/$1}
    [[ ${said[$property]-} =~ ^$pattern$ ]] ||
      fail not-applied "$2: $property is '${said[$property]-}', expected '$pattern'"
  done <"$LIB/schedule/resolved.txt"
}

# schedule_assert JOB: the services that timers start, too.
schedule_assert() {
  local calendar unit
  calendar=$(schedule_normal)
  while read -r unit _; do
    resolved_assert "$1" "$unit"
    if [[ $unit == *.timer ]]; then resolved_assert "$1" "${unit%.timer}.service"; fi
  done < <(job_units "$1")
  [[ $(shown "granary@$1.timer" TimersCalendar) == "{ OnCalendar=$calendar ; "* ]] ||
    fail not-applied "granary@$1.timer: the schedule is $(shown "granary@$1.timer" TimersCalendar), expected $calendar"
}

schedule_next() { shown "granary@$1.timer" NextElapseUSecRealtime; }

schedule_remove() {
  local unit
  systemctl disable --now "granary@$1.timer" >&2 || log timer-absent "job=$1"
  systemctl stop "granary@$1.service" >&2 || log service-absent "job=$1"
  rm -rf "$(timer_dropin "granary@$1.timer")"
  while read -r unit; do unit_remove "$unit"; done < <(units_beside "$1")
  systemctl daemon-reload
  systemctl reset-failed "granary@$1.service" 2>/dev/null || log not-failed "job=$1"
}
