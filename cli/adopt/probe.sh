#!/usr/bin/env bash
# What a server already backs up, and what there is to back up: reads, changes nothing. `granary adopt` sends it over SSH.
#
# usage: bash probe.sh     (root)
# Prints sections: a line "@@ KIND NAME", then the lines of it. Scripts may hold passwords: they are looked at where
# `granary adopt` runs, and not shown.
# exit codes: 0 always; what is not there is not printed
set -uo pipefail

section() { printf '@@ %s %s\n' "$1" "$2"; }

# text FILE: whether it is a small readable file of text.
text() { [[ -f $1 && -r $1 && $(wc -c <"$1") -lt 65536 ]] && grep -qI . "$1"; }

crontabs() {
  local file period
  section crontab root
  crontab -l 2>/dev/null
  for file in /etc/crontab /etc/cron.d/*; do
    if text "$file"; then section system-crontab "$file"; cat "$file"; fi
  done
  for period in daily weekly monthly; do
    for file in /etc/cron."$period"/*; do
      if text "$file"; then section "script:@$period" "$file"; cat "$file"; fi
    done
  done
}

# scripts: whatever a crontab names, and what lies where scripts lie.
scripts() {
  local file
  { crontab -l; cat /etc/crontab /etc/cron.d/*; ls -d /opt/scripts/* /root/*.sh /usr/local/bin/*.sh; } 2>/dev/null |
    grep -oE '/[A-Za-z0-9_./-]+' | sort -u | while read -r file; do
    case $file in /bin/* | /usr/bin/* | /sbin/* | /usr/sbin/* | /dev/* | /proc/*) continue ;; esac
    if text "$file" && head -n 1 "$file" | grep -q '^#!'; then section script "$file"; cat "$file"; fi
  done
}

containers() {
  command -v docker >/dev/null || return 0
  section containers docker
  docker ps --format '{{.Names}}\t{{.Image}}' 2>/dev/null
}

paths() {
  local path
  section paths found
  for path in /opt/uploads /opt/*/uploads /var/www/*/uploads /opt/configs /etc/caddy /etc/nginx /var/log/caddy /var/log/nginx; do
    if [[ -d $path ]]; then printf '%s\n' "$path"; fi
  done
  section repositories found
  for path in /opt/* /srv/* /var/www/*; do
    if [[ -e $path/.git ]]; then printf '%s\n' "$path"; fi
  done
}

main() {
  crontabs
  scripts
  containers
  paths
  exit 0
}

main
