# shellcheck shell=bash
# What starts the jobs of this host: timers of systemd, or /etc/cron.d where systemd is not what the host was booted with.
#
# Both files define, for host/install and host/uninstall:
#   schedule_host_check           what the host must have for it; before anything is changed
#   schedule_host_install         what all jobs share
#   schedule_host_remove
# and for the jobs, after their settings are loaded:
#   schedule_check                whether the schedule of the settings is understood; fails with config
#   schedule_install JOB          the schedule takes effect
#   schedule_assert JOB           what counts is what was resolved, not what was written; fails with not-applied or cron
#   schedule_normal               prints the schedule as it was understood
#   schedule_next JOB             prints the next start, e.g. Tue 2026-11-24 03:00:00 UTC
#   schedule_pause JOB            nothing runs for the job, and nothing starts
#   schedule_resume JOB           as it was deployed
#   schedule_remove JOB           no schedule, and no run that is going on

if [[ -d ${GRANARY_ROOT:-}/run/systemd/system ]]; then
  # shellcheck source=schedule/systemd.sh
  source "$LIB/schedule/systemd.sh"
else
  # shellcheck source=schedule/cron.sh
  source "$LIB/schedule/cron.sh"
fi
