# shellcheck shell=bash
# Where things are, and the settings of a job: /etc/granary/JOB.env, read and never sourced.
#
# A line is KEY=value; the value goes to the end of the line, literally. The file is 0600.

# GRANARY_ROOT stands before every path of the host; it is empty but in tests.
readonly GRANARY_ETC=${GRANARY_ROOT:-}/etc/granary
readonly GRANARY_STATE=${GRANARY_ROOT:-}/var/lib/granary
readonly GRANARY_RUN=${GRANARY_ROOT:-}/run/granary
readonly GRANARY_BACKUPS=${GRANARY_ROOT:-}/var/backups/granary

declare -gA CONF=()

# conf KEY [DEFAULT]: prints the value of a setting; a missing one is its default.
conf() { printf '%s' "${CONF[$1]-${2-}}"; }

# conf_set KEY VALUE: for what is known only in the course of a run.
conf_set() { CONF[$1]=$2; }

# own_key PURPOSE: prints the file of this host's own key for a purpose, of the generation that is in use.
own_key() {
  local generation
  generation=$(conf GRANARY_GENERATION)
  printf '%s/%s%s_ed25519' "$GRANARY_ETC" "$1" "${generation:+.$generation}"
}

# job_name_check NAME
job_name_check() {
  [[ $1 =~ ^[a-z][a-z0-9-]{0,30}$ ]] || fail usage "job name '$1' is not of the form [a-z][a-z0-9-]*, 31 at most"
}

# env_parse FILE: fills CONF. Values are never put into messages: they may be secrets.
env_parse() {
  local line number=0
  CONF=()
  while IFS= read -r line || [[ -n $line ]]; do
    number=$((number + 1))
    [[ -z $line || $line == '#'* ]] && continue
    [[ $line =~ ^((GRANARY|RCLONE_CONFIG)_[A-Z0-9_]+)=(.*)$ ]] || fail config "line $number of the settings is not KEY=value"
    CONF[${BASH_REMATCH[1]}]=${BASH_REMATCH[3]}
  done <"$1"
}

# env_check JOB: what every run relies on; what a kind needs beside it, its own file checks.
env_check() {
  local key name
  for key in MACHINE HOST JOB KIND RECIPIENTS LOCAL_DAYS COPIES; do
    [[ -n ${CONF[GRANARY_$key]-} ]] || fail config "GRANARY_$key is missing in the settings of job $1"
  done
  [[ ${CONF[GRANARY_JOB]} == "$1" ]] || fail config "the settings of job $1 are those of job ${CONF[GRANARY_JOB]}"
  [[ ${CONF[GRANARY_LOCAL_DAYS]} =~ ^[1-9][0-9]{0,3}$ ]] || fail config "GRANARY_LOCAL_DAYS must be a number of days from 1"
  [[ ${CONF[GRANARY_RECIPIENTS]} != *AGE-SECRET-KEY-* ]] ||
    fail config "GRANARY_RECIPIENTS holds a private identity; it must hold public recipients only: make a new identity"
  for name in ${CONF[GRANARY_COPIES]}; do
    [[ $name =~ ^[a-z][a-z0-9]{0,19}$ ]] || fail config "copy name '$name' is not of the form [a-z][a-z0-9]*"
    [[ $name != local ]] || fail config "no copy may be named local: that is the one on this host"
    [[ -v CONF[GRANARY_COPY_${name^^}_ROOT] ]] || fail config "GRANARY_COPY_${name^^}_ROOT is missing"
    [[ -n ${CONF[RCLONE_CONFIG_${name^^}_TYPE]-} ]] || fail config "RCLONE_CONFIG_${name^^}_TYPE is missing"
  done
}

# env_load JOB
env_load() {
  local file=$GRANARY_ETC/$1.env
  [[ -r $file ]] || fail config "there are no settings for job $1 ($file cannot be read)"
  [[ $(stat -c %a "$file") == 600 ]] || fail config "$file must have mode 600: it holds secrets"
  env_parse "$file"
  env_check "$1"
}

# recipients_check: age itself says whether it takes every recipient.
recipients_check() {
  local recipient args=() said
  for recipient in $(conf GRANARY_RECIPIENTS); do args+=(-r "$recipient"); done
  said=$(age "${args[@]}" -o /dev/null </dev/null 2>&1) ||
    fail config "a recipient is not valid: ${said%%$'\n'*}"
}

# host_directories JOB: made as they must be, whoever runs first.
host_directories() {
  local dir
  for dir in "$GRANARY_RUN" "$GRANARY_STATE" "$GRANARY_BACKUPS" "$GRANARY_BACKUPS/$1"; do
    [[ -d $dir ]] || install -d -m 0700 "$dir"
  done
}

# take_lock FILE: one holder at a time; the kernel lets go when the last process of a killed run is gone.
take_lock() {
  exec {GRANARY_LOCK}>"$GRANARY_RUN/$1"
  flock -n "$GRANARY_LOCK" || fail locked "another run holds $GRANARY_RUN/$1"
}
