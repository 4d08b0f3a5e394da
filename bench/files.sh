#!/usr/bin/env bash
# How long Granary's job of many small files takes beside bare restic, first and with nothing changed, and its memory.
#
#   bench/files.sh [--files N] [--rounds N] [--changed N]
#
#   --files    number of files, of 0.5 to 5.5 KB each. Default 100000
#   --rounds   runs with nothing changed, of each in turn; the table shows medians. Default 3
#   --changed  also one run of each with that many files changed. Default 1000
#
# Both write through rclone to a directory on this disk, with the same restic, a warm page cache and one copy. Granary also
# reads back what was written and writes the escrow and the manifest. Everything it makes is removed, but lab/out/bench-files.json.
# Exit codes: 0 measured, whether or not within the limits; 2 usage; else that of the step that failed.
set -Eeuo pipefail

BENCH=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPO=$(dirname "$BENCH")
FILES=100000
ROUNDS=3
CHANGED=1000
WORK=
RUN_DIR=

say() { printf '%s\n' "$*" >&2; }

usage() {
  sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

parse() {
  while (($# > 0)); do
    (($# > 1)) || usage
    case $1 in
      --files) FILES=$2 ;;
      --rounds) ROUNDS=$2 ;;
      --changed) CHANGED=$2 ;;
      *) usage ;;
    esac
    shift 2
  done
  [[ $FILES =~ ^[1-9][0-9]{2,6}$ && $ROUNDS =~ ^[1-9][0-9]?$ && $CHANGED =~ ^[1-9][0-9]{0,5}$ && $CHANGED -le $FILES ]] || usage
}

cleanup() {
  local status=$?
  trap - EXIT
  rm -rf -- ${WORK:+"$WORK"} ${RUN_DIR:+"$RUN_DIR"}
  exit "$status"
}

# files_make: 200 files a directory, of random bytes: photographs do not compress either.
files_make() {
  perl -e '
    my ($root, $files) = @ARGV;
    srand 1;
    open my $random, "<", "/dev/urandom" or die;
    for my $n (0 .. $files - 1) {
      my $dir = sprintf "%s/%04d", $root, $n / 200;
      mkdir $dir if $n % 200 == 0;
      read $random, my $content, 500 + int rand 5000;
      open my $file, ">", sprintf("%s/%06d.jpg", $dir, $n) or die;
      print $file $content;
    }' "$WORK/root/opt/uploads" "$FILES"
}

# files_change: the content of the first so many.
files_change() {
  local file
  find "$WORK/root/opt/uploads" -type f | LC_ALL=C sort | sed "${CHANGED}q" >"$WORK/changed" || true
  while IFS= read -r file; do printf 'changed %s\n' "$RANDOM" >>"$file"; done <"$WORK/changed"
}

prepare() {
  export GRANARY_ROOT=$WORK/root RCLONE_CONFIG_BARE_TYPE=local RESTIC_PASSWORD=bench RESTIC_PROGRESS_FPS=0.1
  install -d -m 0700 "$GRANARY_ROOT"/{etc/granary,var/lib/granary,var/backups/granary,opt/uploads}
  RUN_DIR=$(mktemp -d /dev/shm/granary-bench.XXXXXX)
  ln -s "$RUN_DIR" "$GRANARY_ROOT/run"
  age-keygen -o "$WORK/identity" 2>/dev/null
  printf '%s\n' GRANARY_MACHINE=bench GRANARY_HOST=bench GRANARY_JOB=bench GRANARY_KIND=files GRANARY_LOCAL_DAYS=7 \
    "GRANARY_RECIPIENTS=$(age-keygen -y "$WORK/identity")" 'GRANARY_PATHS=["/opt/uploads"]' 'GRANARY_EXCLUDE=[]' \
    GRANARY_RESTIC_PASSWORD=bench GRANARY_COPIES=a "GRANARY_COPY_A_ROOT=$WORK/granary" RCLONE_CONFIG_A_TYPE=local \
    >"$GRANARY_ROOT/etc/granary/bench.env"
  chmod 0600 "$GRANARY_ROOT/etc/granary/bench.env"
  files_make
}

# session_kib SESSION: KiB that all processes of a session have resident now: restic, rclone and the scripts.
session_kib() {
  local pid rss sum=0
  for pid in $(pgrep -s "$1"); do
    rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status" 2>/dev/null || true)
    sum=$((sum + ${rss:-0}))
  done
  printf '%s' "$sum"
}

result() {
  say "  $(printf '%-24s %10s' "$1" "$2")"
  jq -cn --arg name "$1" --argjson value "$2" '{name: $name, value: $value}' >>"$WORK/results"
}

seconds() {
  local spent=$((${EPOCHREALTIME/[^0-9]/} - $1))
  printf '%d.%03d' $((spent / 1000000)) $((spent / 1000 % 1000))
}

restic_bare() { restic -q -r "rclone:bare:$WORK/bare" --cache-dir "$WORK/cache" -o "rclone.args=serve restic --stdio --config /dev/null" "$@"; }

# bare NAME
bare() {
  local start=${EPOCHREALTIME/[^0-9]/}
  restic_bare backup --exclude-caches "$WORK/root/opt/uploads"
  result "bare-$1" "$(seconds "$start")"
}

# granary NAME
granary() {
  local start=${EPOCHREALTIME/[^0-9]/}
  "$REPO/scripts/granary-backup" bench 2>>"$WORK/granary.log" || {
    tail -n 5 "$WORK/granary.log" >&2
    return 1
  }
  result "granary-$1" "$(seconds "$start")"
}

# measured NAME: a run of Granary that is looked at ten times a second, and therefore not timed.
measured() {
  local pid highest=0 sum
  setsid "$REPO/scripts/granary-backup" bench 2>>"$WORK/granary.log" &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sum=$(session_kib "$pid")
    if ((sum > highest)); then highest=$sum; fi
    sleep 0.1
  done
  wait "$pid"
  result "memory-$1-kib" "$highest"
}

rounds() {
  local round
  say 'first run'
  restic_bare init
  bare first
  granary first
  for ((round = 1; round <= ROUNDS; round++)); do
    say "nothing changed, $round of $ROUNDS"
    bare unchanged
    granary unchanged
  done
  say "$CHANGED files changed"
  files_change
  bare changed
  granary changed
  say 'memory'
  measured unchanged
  rm -rf "$WORK/granary" "$GRANARY_ROOT"/var/{lib/granary,cache/granary}/*
  measured first
}

report() {
  mkdir -p "$REPO/lab/out"
  jq -s --argjson files "$FILES" --argjson cores "$(nproc)" --arg restic "$(restic version)" '
    def median: sort | if length % 2 == 1 then .[(length - 1) / 2] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
    (group_by(.name) | map({key: .[0].name, value: (map(.value) | median)}) | from_entries) as $m
    | def ratio($what; $limit; $must): {what: "granary-\($what)", of: "bare-\($what)",
        ratio: ($m["granary-\($what)"] / $m["bare-\($what)"] * 1000 | round / 1000), limit: $limit, must: $must};
    {files: $files, cores: $cores, restic: $restic, medians: $m,
     ratios: [ratio("first"; null; false), ratio("unchanged"; 1.05; true), ratio("changed"; null; false)],
     memory: {kib: ([$m["memory-first-kib"], $m["memory-unchanged-kib"]] | max), limitKib: 262144}}' "$WORK/results" >"$REPO/lab/out/bench-files.json"
  jq -r '(.ratios[] | "\(.what) / \(.of): \(.ratio)\(if .limit then " (limit \(.limit)\(if .ratio > .limit then ", MISSED" else "" end))" else "" end)"),
    "memory: \(.memory.kib / 1024 | round) MiB (limit 256)"' "$REPO/lab/out/bench-files.json"
}

main() {
  parse "$@"
  WORK=$(mktemp -d "${TMPDIR:-/var/tmp}/granary-bench.XXXXXX")
  trap cleanup EXIT
  say "making $FILES files"
  prepare
  rounds
  report
}

main "$@"
