# shellcheck shell=bash
# Memory of the scripts themselves: the resident sets of every bash in the job's session, added up, at their highest.
# Its run is not a timed one: looking costs time.

memory() {
  local pid highest=0 sum
  say 'memory of the scripts'
  setsid "$REPO/scripts/granary-backup" bench 2>>"$WORK/granary.log" &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sum=$(memory_now "$pid")
    if ((sum > highest)); then highest=$sum; fi
    sleep 0.1
  done
  wait "$pid"
  result scripts-memory-kib "$highest"
}

# memory_now SESSION: KiB that the session's bash processes have resident now.
memory_now() {
  local pid rss sum=0
  for pid in $(pgrep -s "$1"); do
    if [[ $(readlink "/proc/$pid/exe") == */bash ]]; then
      rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status" 2>/dev/null)
      sum=$((sum + ${rss:-0}))
    fi
  done
  printf '%s' "$sum"
}
