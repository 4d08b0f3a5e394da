# shellcheck shell=bash
# What the continuous log costs the database, and how much it carries: pgbench with granary-wal beside it and without.

WAL_PID=
PGBENCH_SECONDS=${PGBENCH_SECONDS:-30}

log_prepare() {
  sed 's/^GRANARY_JOB=.*/GRANARY_JOB=wal/' "$GRANARY_ROOT/etc/granary/bench.env" >"$GRANARY_ROOT/etc/granary/wal.env"
  printf '%s\n' GRANARY_CONTINUOUS=yes 'GRANARY_BASE_ON_CALENDAR=Sun *-*-* 02:00:00 UTC' >>"$GRANARY_ROOT/etc/granary/wal.env"
  chmod 0600 "$GRANARY_ROOT/etc/granary/wal.env"
  createdb granary_pgbench
  pgbench -q -i -s 20 granary_pgbench 2>>"$WORK/peers.log"
}

# log_start: with the priority that the service has.
log_start() {
  setsid nice -n 10 "$REPO/scripts/granary-wal" wal 2>>"$WORK/granary.log" &
  WAL_PID=$!
  for _ in {1..90}; do
    if [[ $(jq -r .receiving "$GRANARY_ROOT/var/lib/granary/wal.wal.json" 2>/dev/null) == true ]]; then return 0; fi
    sleep 1
  done
  tail -n 5 "$WORK/granary.log" >&2
  return 1
}

log_stop() {
  [[ -n $WAL_PID ]] || return 0
  kill -TERM -- "-$WAL_PID" 2>/dev/null || true
  wait "$WAL_PID" || true
  WAL_PID=
}

# tps OPTION...: transactions a second.
tps() {
  pgbench -n -c 4 -j 2 -T "$PGBENCH_SECONDS" "$@" granary_pgbench 2>>"$WORK/peers.log" | sed -n 's/^tps = \([0-9.]*\) .*/\1/p'
}

# log_cost: alternating, so that a drift of the machine meets both alike. Half load is half of what was reached without.
log_cost() {
  local round full half before after
  for ((round = 1; round <= ROUNDS; round++)); do
    say "log, round $round of $ROUNDS"
    full=$(tps)
    half=$(awk -v tps="$full" 'BEGIN { printf "%d", tps / 2 }')
    result tps-saturated "$full"
    result tps-half "$(tps -R "$half")"
    log_start
    before=$(door_sql "SELECT pg_current_wal_lsn() - '0/0'")
    result tps-saturated-shipping "$(tps)"
    after=$(door_sql "SELECT pg_current_wal_lsn() - '0/0'")
    result log-mib-per-second "$(awk -v b="$((after - before))" -v s="$PGBENCH_SECONDS" 'BEGIN { printf "%.2f", b / s / 1048576 }')"
    log_drained
    result tps-half-shipping "$(tps -R "$half")"
    log_stop
  done
}

# log_drained: how long until every copy has all of it, and a limit to the waiting.
log_drained() {
  local start=${EPOCHREALTIME/[^0-9]/}
  for _ in {1..120}; do
    if [[ $(jq '[.copies[].pending] | add' "$GRANARY_ROOT/var/lib/granary/wal.wal.json") == 0 ]]; then break; fi
    sleep 1
  done
  result log-drained-after "$(since "$start")"
}
