# shellcheck shell=bash
# What a job's file in /etc/cron.d holds. `granary doctor` asks it too: it needs conf and GRANARY_LIB, and nothing else.

# cron_lines JOB: the priorities and the limit of six hours are those of granary@.service. The second line waits a minute
# for what starts beside cron: the network, Docker, the database. Without a syslog daemon logger must say so and not
# swallow every word, as it does by default; the file takes them then.
cron_lines() {
  local run="nice -n 10 ionice -c 2 -n 7 timeout -k 60 6h" say
  say="2>&1 | { logger --socket-errors=on -t granary || cat >>${GRANARY_ROOT:-}/var/log/granary.log; }"
  printf '%s\n' "# The backup of job $1, in UTC. Written by $GRANARY_LIB/host/install-job: a change here is lost." \
    SHELL=/bin/sh PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin 'MAILTO=""' \
    "$(conf GRANARY_CRON) root $run $GRANARY_LIB/granary-backup $1 $say" \
    "@reboot root sleep 60; $run $GRANARY_LIB/host/catch-up $1 $say"
}
