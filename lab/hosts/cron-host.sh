#!/usr/bin/env bash
# Runs inside a Debian machine that was not booted with systemd: installs Granary there, lets cron run two jobs, and says
# what came of it. One job is due every minute; the other missed its time while the machine was off.
#
# usage: cron-host.sh    (root; /srv/scripts is the scripts directory; packages come from the machine's own archive)
# Prints one JSON object on standard output; what the scripts say goes to standard error.
# exit codes: 0 everything was tried, whatever came of it; 1 the trial itself failed
set -Eeuo pipefail

readonly LIB=/usr/local/lib/granary COPY=/srv/copy SAVED=/srv/shop
facts='{}'

say() { printf 'cron host: %s\n' "$*" >&2; }

# fact NAME VALUE: remembers something for the report.
fact() {
  facts=$(jq -c --arg name "$1" --arg value "$2" '.[$name] = $value' <<<"$facts")
}

# code COMMAND...: prints the exit code.
code() {
  local status=0
  "$@" >&2 || status=$?
  printf '%s' "$status"
}

# settings JOB SCHEDULE RECIPIENT: prints the settings of a job.
settings() {
  printf 'GRANARY_%s\n' MACHINE=cron HOST=cron "JOB=$1" KIND=configs "ON_CALENDAR=unused here" "CRON=$2" "RECIPIENTS=$3" \
    LOCAL_DAYS=7 "PATHS=[\"$SAVED\"]" 'EXCLUDE=[]' COPIES=a "COPY_A_ROOT=$COPY"
  echo RCLONE_CONFIG_A_TYPE=local
}

# cron_start: the command ends before the daemon that it began has said so.
cron_start() {
  local i
  cron
  for ((i = 0; i < 100; i++)); do
    if [[ -s /run/crond.pid ]] && kill -0 "$(</run/crond.pid)" 2>/dev/null; then return 0; fi
    sleep 0.1
  done
  say "cron did not start"
  return 1
}

install_granary() {
  mkdir -p "$LIB.incoming" "$COPY" "$SAVED"
  cp -a /srv/scripts/. "$LIB.incoming/"
  # Brings the tools, jq among them, and then refuses.
  local without_cron
  without_cron=$(code "$LIB.incoming/host/install")
  fact "install without cron" "$without_cron"
  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends cron >&2
  fact "install with cron stopped" "$(code "$LIB.incoming/host/install")"
  cron_start
  fact "install" "$(code "$LIB.incoming/host/install")"
}

deploy_jobs() {
  local recipient late deployed
  (umask 077 && age-keygen -o /root/identity.txt 2>/dev/null)
  recipient=$(age-keygen -y /root/identity.txt)
  head -c 100000 /dev/urandom >"$SAVED/settings.bin"
  late=$(date -u -d '12 hours ago' +%-H)
  deployed=$(settings minutely '* * * * *' "$recipient" | "$LIB/host/install-job" minutely)
  fact "schedule of the job of every minute" "$(jq -r .schedule <<<"$deployed")"
  fact "deploy the missed job" "$(settings missed "0 $late * * *" "$recipient" | code "$LIB/host/install-job" missed)"
}

# power_cut: cron starts as after a reboot, and the missed job was last deployed two days ago.
power_cut() {
  kill "$(cat /run/crond.pid)"
  rm -f /run/crond.pid /run/crond.reboot
  touch -d '2 days ago' /etc/granary/missed.env
  cron
}

# wait_for FILE SECONDS
wait_for() {
  local until=$((SECONDS + $2))
  until [[ -s $1 ]] || ((SECONDS >= until)); do sleep 0.5; done
}

# restored JOB: whether the newest backup in the copy, opened, is what is on the disk.
restored() {
  local artifact
  artifact=$(find "$COPY/daily/cron/$1" -name '*.age' | sort | tail -n 1)
  if age -d -i /root/identity.txt "$artifact" | zstd -dc | tar -xO "${SAVED#/}/settings.bin" | cmp -s - "$SAVED/settings.bin"; then
    printf 'equal'
  else
    printf 'different'
  fi
}

report_runs() {
  local state=/var/lib/granary
  wait_for $state/minutely.last.json 70
  fact "the job of every minute" "$(jq -r .name $state/minutely.last.json)"
  fact "it began with the minute" "$(jq -r '.stamp[13:15] | tonumber < 20' $state/minutely.last.json)"
  fact "its backup" "$(restored minutely)"
  wait_for $state/missed.last.json 90
  fact "the missed job" "$(jq -r .name $state/missed.last.json)"
  fact "its log" "$(grep -o 'event=missed job=missed' /var/log/granary.log)"
}

remove_jobs() {
  fact "remove a job" "$(code "$LIB/host/remove-job" minutely)"
  fact "take Granary off" "$(code "$LIB/host/uninstall")"
  fact "left in /etc/cron.d" "$(find /etc/cron.d -name '*granary*' | wc -l)"
}

main() {
  say "process 1 is $(cat /proc/1/comm)"
  [[ ! -d /run/systemd/system ]]
  install_granary
  deploy_jobs
  power_cut
  report_runs
  remove_jobs
  printf '%s\n' "$facts"
}

main
