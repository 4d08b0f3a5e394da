# shellcheck shell=bash
# Jobs started by cron, on hosts without systemd: one file a job in /etc/cron.d.
#
# Debian's cron knows no zone but the host's, so the host's zone must be UTC, or one that never differs from it (as in
# Dakar or Abidjan). A run that was missed while the host was off is made up for when cron starts: see host/catch-up.
# What systemd adds is not there: the sandbox of granary@.service, and the continuous log.

# shellcheck source=../cron-time.sh
source "$LIB/cron-time.sh"
# shellcheck source=cron-lines.sh
source "$LIB/schedule/cron-lines.sh"

readonly GRANARY_CRON_D=${GRANARY_ROOT:-}/etc/cron.d

# schedule_host_check: Debian's cron and cronie both read /etc/cron.d and leave their number in /run/crond.pid.
schedule_host_check() {
  local pid
  need_tools nice ionice timeout logger perl
  if ! { command -v cron || command -v crond; } >/dev/null || [[ ! -d $GRANARY_CRON_D ]]; then
    fail cron "this host has no systemd and no cron that reads /etc/cron.d"
  fi
  pid=$(cat "${GRANARY_ROOT:-}/run/crond.pid" 2>/dev/null) || pid=
  if [[ ! $pid =~ ^[0-9]+$ ]] || ! kill -0 "$pid" 2>/dev/null; then fail cron "cron is installed but does not run"; fi
  zone_check
}

# zone_check: the first of each month of this year, so that a summer time is seen in winter too.
zone_check() {
  local month offset
  for month in {01..12}; do
    offset=$(env -u TZ date -d "$(date +%Y)-$month-01T12:00:00Z" +%z)
    [[ $offset == +0000 ]] || fail cron "the zone of this host is not UTC: it is $offset on the 1st of month $month"
  done
}

schedule_host_install() {
  [[ -S ${GRANARY_ROOT:-}/dev/log ]] || log no-syslog "message=no syslog daemon runs: what the jobs say goes to /var/log/granary.log"
}
schedule_host_remove() { :; }

schedule_check() {
  [[ $(conf GRANARY_CRON) =~ ^[0-9*/,-]+(\ [0-9*/,-]+){4}$ ]] || fail config "GRANARY_CRON '$(conf GRANARY_CRON)' is no five fields of a cron line"
  cron_next "$(conf GRANARY_CRON)" "$EPOCHSECONDS" >/dev/null || fail config "GRANARY_CRON '$(conf GRANARY_CRON)' names no time that ever comes"
  [[ $(conf GRANARY_CONTINUOUS no) == no ]] || fail config "continuous backup needs systemd, which this host was not booted with: take continuous out of the settings of this job"
}

schedule_normal() { conf GRANARY_CRON; }

# schedule_install JOB: cron looks at the directory every minute. It passes over names with a dot: the new file is whole.
schedule_install() {
  cron_lines "$1" >"$GRANARY_CRON_D/.granary-$1.new"
  chmod 0644 "$GRANARY_CRON_D/.granary-$1.new"
  mv "$GRANARY_CRON_D/.granary-$1.new" "$GRANARY_CRON_D/granary-$1"
}

# schedule_assert JOB: cron cannot be asked what it understood, but it says what it takes: crontab(5), cron(8).
schedule_assert() {
  local file=$GRANARY_CRON_D/granary-$1
  [[ $(stat -c '%F %u %a' "$file") == "regular file $EUID 644" ]] ||
    fail cron "cron passes over $file: it is a $(stat -c '%F of %U with mode %a' "$file")"
  [[ $(<"$file") == "$(cron_lines "$1")" ]] || fail cron "$file does not hold what was written"
}

schedule_next() { LC_ALL=C date -u -d "@$(cron_next "$(conf GRANARY_CRON)" "$EPOCHSECONDS")" '+%a %F %T UTC'; }

# The jobs themselves look whether the host is held.
schedule_pause() { :; }
schedule_resume() { :; }

schedule_remove() {
  rm -f "$GRANARY_CRON_D/granary-$1" "$GRANARY_CRON_D/.granary-$1.new"
  run_stop "$1"
}

# run_stop JOB: ends the run that is going on, and waits a minute for it to clean up.
run_stop() {
  local path words pid
  for path in /proc/[0-9]*/cmdline; do
    words=()
    mapfile -d '' -t words 2>/dev/null <"$path" || continue # of a process that is gone by now
    [[ ${words[1]-} == "$GRANARY_LIB/granary-backup" && ${words[2]-} == "$1" ]] || continue
    pid=${path//[^0-9]/}
    log run-stopped "job=$1" "pid=$pid"
    kill -TERM "$pid" 2>/dev/null || continue
    timeout 60 tail --pid="$pid" -f /dev/null || fail locked "the run of job $1, process $pid, does not end"
  done
}
