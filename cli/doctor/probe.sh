#!/usr/bin/env bash
# What is deployed on a host, as it is: reads, changes nothing. `granary doctor` sends it over SSH by standard input, so that
# nothing that lies on the host is run to judge the host, and puts scripts/lib/schedule/cron-lines.sh before it.
#
# usage: bash --norc -s -- PROPERTIES [UNIT]...     (root; PROPERTIES of systemd's units, with commas between)
# Prints sections: a line "@@ KIND NAME", then the lines of it. No secret is printed: of settings only their hash and the
# few values below that are none.
# exit codes: 0 always; what is not there is not printed
set -uo pipefail
# Its own programs are not looked for where a host's owner puts things; those of jobs are, as systemd and cron do.
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin

readonly GRANARY_LIB=/usr/local/lib/granary ETC=/etc/granary STATE=/var/lib/granary BACKUPS=/var/backups/granary
readonly JOBS_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
readonly TOOLS="age rclone zstd restic jq git curl openssl ssh-keygen update-ca-certificates flock setpriv"
declare -A CONF=()

section() { printf '@@ %s %s\n' "$1" "${2-}"; }
conf() { printf '%s' "${CONF[$1]-${2-}}"; }

# settings FILE: into CONF.
settings() {
  local line
  CONF=()
  while IFS= read -r line || [[ -n $line ]]; do
    if [[ $line =~ ^([A-Z0-9_]+)=(.*)$ ]]; then CONF[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}; fi
  done <"$1"
}

# places: prints what is looked at, each ended by NUL; what is Granary's own is looked at as a whole.
places() {
  local path
  for path in "$GRANARY_LIB" "$ETC"; do
    if [[ -e $path ]]; then find "$path" -print0; fi
  done
  for path in "$STATE" "$BACKUPS" "$BACKUPS"/* /run/granary /usr/local/sbin/granary-* /etc/cron.d/granary-*; do
    if [[ -e $path || -L $path ]]; then printf '%s\0' "$path"; fi
  done
  for path in /etc/systemd/system /run/systemd/system /etc/systemd/system.control /run/systemd/system.control; do
    if [[ -d $path ]]; then find "$path" -path '*/granary*@*' -not -path '*.wants/*' -print0; fi
  done
}

files() {
  local path
  section files
  places | sort -zu | xargs -0r stat -c '%a %u:%g %F	%N'
  section hashes
  places | sort -zu | while IFS= read -r -d '' path; do if [[ -f $path && ! -L $path ]]; then printf '%s\0' "$path"; fi; done |
    xargs -0r sha256sum
  section keys
  # By a pipe: of a file that others may read ssh-keygen would say nothing.
  for path in "$ETC"/*_ed25519; do
    if [[ -f $path ]]; then printf '%s %s\n' "$path" "$(ssh-keygen -y -P '' -f <(cat "$path") 2>/dev/null </dev/null | cut -d' ' -f1,2)"; fi
  done
}

units() {
  local properties=$1
  shift
  section units
  systemctl show --no-pager -p "$properties" -- "$@" 2>/dev/null
  section loaded
  { systemctl list-units --all --no-legend --plain 'granary*'; systemctl list-unit-files --no-legend 'granary*@?*'; } 2>/dev/null |
    awk '{print $1, $3}'
}

# calendar JOB KEY: prints how systemd writes a schedule.
calendar() {
  [[ -n $(conf "$2") ]] || return 0
  printf '%s %s %s\n' "$1" "$2" "$(systemd-analyze calendar "$(conf "$2")" 2>/dev/null | sed -n 's/^ *Normalized form: //p')"
}

# postgres JOB: prints what the server says of itself and the slot. The password goes by the environment, by name.
postgres() {
  local client=(timeout -k 2 20) slot=granary_${1//-/_}
  export PGPASSWORD PGCONNECT_TIMEOUT=10 PGAPPNAME="granary-doctor"
  PGPASSWORD=$(conf GRANARY_PG_PASSWORD)
  if [[ -n $(conf GRANARY_PG_CONTAINER) ]]; then
    client+=(docker exec -i -e PGPASSWORD -e PGCONNECT_TIMEOUT -e PGAPPNAME "$(conf GRANARY_PG_CONTAINER)")
  elif [[ -n $PGPASSWORD ]]; then
    export PGHOST=localhost
  else
    client+=(setpriv --reuid=postgres --regid=postgres --init-groups)
  fi
  printf 'client %s\n' "$("${client[@]}" pg_dump --version 2>&1 </dev/null | tail -n 1)"
  "${client[@]}" psql -XqAt -F ' ' -U "$(conf GRANARY_PG_USER)" -d "$(conf GRANARY_PG_DATABASE)" 2>&1 <<SQL | tail -n 3
SELECT 'server', current_setting('server_version_num');
SELECT 'bound', CASE WHEN setting::bigint < 0 THEN -1 ELSE setting::bigint * 1048576 END FROM pg_settings WHERE name = 'max_slot_wal_keep_size';
SELECT 'slot', active, coalesce(to_jsonb(s) ->> 'wal_status', '-'), coalesce(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery()
  THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_flush_lsn() END, restart_lsn), 0) FROM pg_replication_slots s WHERE slot_name = '$slot';
SQL
}

# mysql_server: prints what the server and the dump program beside it say.
mysql_server() {
  local client=(timeout -k 2 20)
  export MYSQL_PWD
  MYSQL_PWD=$(conf GRANARY_DB_PASSWORD)
  if [[ -n $(conf GRANARY_DB_CONTAINER) ]]; then client+=(docker exec -i -e MYSQL_PWD "$(conf GRANARY_DB_CONTAINER)"); fi
  "${client[@]}" sh -c "
    for name in mariadb-dump mysqldump; do if command -v \$name >/dev/null; then echo \"client \$(\$name --version)\"; break; fi; done
    for name in mariadb mysql; do if command -v \$name >/dev/null; then
      \$name -u \"\$1\" --connect-timeout=10 -N -B -e 'SELECT CONCAT(\"server \", VERSION())' 2>&1; break; fi; done" sh "$(conf GRANARY_DB_USER)" </dev/null
}

# job NAME: what only its settings tell.
job() {
  local file
  settings "$ETC/$1.env"
  section calendar "$1"
  calendar "$1" GRANARY_ON_CALENDAR
  calendar "$1" GRANARY_BASE_ON_CALENDAR
  section cron "$1"
  if [[ ! -d /run/systemd/system ]]; then cron_lines "$1"; fi
  for file in last wal; do
    section "$file" "$1"
    if [[ -r $STATE/$1.$file.json ]]; then cat "$STATE/$1.$file.json"; fi
  done
  section newest "$1"
  file=$(find "$BACKUPS/$1" -maxdepth 1 -name '*.json' 2>/dev/null | sort | tail -n 1)
  if [[ -n $file ]]; then find "${file%.json}".* -type f -printf '%s\n'; fi
  section server "$1"
  case $(conf GRANARY_KIND) in
    postgres) postgres "$1" ;;
    mariadb | mysql) mysql_server ;;
  esac
}

# owner PATH: prints the package that a file is of.
owner() {
  local said
  said=$(dpkg -S "$1" 2>/dev/null || dpkg -S "$(readlink -f "$1")" 2>/dev/null)
  said=${said%%$'\n'*}
  printf '%s' "${said%%:*}"
}

# version TOOL PATH: prints what it says of itself, in one line.
version() {
  case $1 in
    rclone) set -- "$2" --config /dev/null version ;;
    restic | openssl) set -- "$2" version ;;
    ssh-keygen) set -- "${2%/*}/ssh" -V ;;
    update-ca-certificates) set -- echo - ;;
    *) set -- "$2" --version ;;
  esac
  timeout 10 "$@" 2>&1 </dev/null | sed -n 1p
}

# tools: where each program is that jobs call, its version, its package, and what else has this name further down the PATH.
tools() {
  local tool package all packages=()
  section tools
  for tool in $TOOLS; do
    mapfile -t all < <(PATH=$JOBS_PATH type -aP "$tool" | while read -r path; do printf '%s %s\n' "$(readlink -f "$path")" "$path"; done |
      awk '!seen[$1]++ {print $2}')
    package=
    if ((${#all[@]} > 0)); then package=$(owner "${all[0]}"); fi
    packages+=("$package")
    printf '%s\t%s\t%s\t%s\t%s\n' "$tool" "${all[0]-}" "$(if ((${#all[@]} > 0)); then version "$tool" "${all[0]}"; fi)" "$package" "${all[*]:1}"
  done
  section verify
  printf '%s\n' "${packages[@]}" | sort -u | sed '/^$/d' | while read -r package; do
    dpkg --verify "$package" 2>/dev/null | grep -E ' (/usr)?/(s?bin|lib)/' | sed "s/^/$package /"
  done
}

main() {
  local file
  section begin granary-doctor
  section manager "$(if [[ -d /run/systemd/system ]]; then echo systemd; else echo cron; fi)"
  files
  if [[ -d /run/systemd/system ]]; then units "$@"; fi
  for file in "$ETC"/*.env; do
    if [[ -e $file ]]; then job "$(basename "$file" .env)"; fi
  done
  tools
  section space
  df --output=avail,size,iavail,itotal,target -B1 "$STATE" "$BACKUPS" "$ETC" 2>/dev/null | tail -n +2
  section clock
  printf 'synchronized %s\nzone %s\nnow %s\n' "$(timedatectl show -p NTPSynchronized --value 2>/dev/null)" "$(date +%z)" "$(date +%s.%N)"
  section end
}

main "$@"
