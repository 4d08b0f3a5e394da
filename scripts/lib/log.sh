# shellcheck shell=bash
# What the scripts say: one line an event, key=value, on standard error (the journal). Never a secret.

# log EVENT [KEY=VALUE]...
log() {
  local line="event=$1" pair value
  shift
  for pair in "$@"; do
    value=${pair#*=}
    value=${value//$'\n'/ }
    if [[ -z $value || $value == *[!A-Za-z0-9._:/@+,-]* ]]; then value="\"${value//\"/\'}\""; fi
    line+=" ${pair%%=*}=$value"
  done
  printf '%s\n' "$line" >&2
}

# fail NAME MESSAGE [KEY=VALUE]...: says what happened and what to do about it, and ends the script with NAME's code.
fail() {
  local name=$1 message=$2 code hint
  shift 2
  code=$(exit_field "$name" code)
  hint=$(exit_field "$name" hint)
  log error "code=$code" "name=$name" "message=$message" "$@" "hint=$hint"
  exit "$code"
}

# on_unexpected STATUS COMMAND LINE: the ERR trap. A status of the table was explained where it arose (in a subshell).
on_unexpected() {
  local name
  name=$(exit_name "$1")
  if (($1 >= 10)) && [[ $name != unknown ]]; then exit "$1"; fi
  fail internal "'$2' ended with $1" "line=$3"
}

# trap_unexpected: to be called once by each script. BASH_COMMAND is the text before expansion: it holds no values.
trap_unexpected() { trap 'on_unexpected "$?" "$BASH_COMMAND" "$LINENO"' ERR; }

# last_line FILE: the last line with something in it, for messages; empty when there is none.
last_line() { awk 'NF { line = $0 } END { print line }' "$1"; }

# seconds_since MICROSECONDS: prints seconds with three digits.
seconds_since() {
  local spent=$((${EPOCHREALTIME/[^0-9]/} - $1))
  printf '%d.%03d' $((spent / 1000000)) $((spent / 1000 % 1000))
}

# times_with JSON PHASE SECONDS: prints an object of seconds by phase with one more. Phases are words of these scripts.
times_with() {
  local others=${1#\{}
  others=${others%\}}
  printf '{%s"%s":%s}' "${others:+$others,}" "$2" "$3"
}

# now_us: prints microseconds since 1970.
now_us() { printf '%s' "${EPOCHREALTIME/[^0-9]/}"; }
