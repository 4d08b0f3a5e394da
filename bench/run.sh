#!/usr/bin/env bash
# How long Granary's job takes beside the bare tools, in one run, on a shop's database of at least 1 GiB.
#
#   npm run bench -- [--part dump|peers|log|hosts]... [--rounds N] [--orders N] [--copies local|minio] [--container NAME] [--host ADDRESS]
#
#   --part       dump: the job against the bare tools. peers: against borgmatic and pgBackRest. log: what the continuous log
#                costs the database. Default all three; with --container, dump alone. hosts, which stands alone: a preview and a look at
#                the copies with 1, 10, 50 and 200 hosts, with the lab's engine ($GRANARY_CACHE/bin/pulumi) and plugins
#   --rounds     repetitions; contenders take turns within each, the table shows medians. Default 3
#   --orders     size of the shop; the default, 1100000, makes a database of about 1.1 GiB
#   --copies     local: three directories. minio: three buckets on a MinIO of its own on loopback ($GRANARY_CACHE/bin/minio). Default local
#   --container  the door: a running PostgreSQL container, through docker exec. Without it: a native server of its own in a temporary directory
#   --host       do all this on that host over SSH as root (with --container, a lab host with Docker)
#
# Needs root (it installs what is missing with apt-get). Everything it makes is removed at the end, but lab/out/bench.json.
# Exit codes: 0 measured, whether or not within the limits; 2 usage; else that of the step that failed.
set -Eeuo pipefail

BENCH=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPO=$(dirname "$BENCH")
# shellcheck source=door.sh
source "$BENCH/door.sh"
# shellcheck source=copies.sh
source "$BENCH/copies.sh"
# shellcheck source=contenders.sh
source "$BENCH/contenders.sh"
# shellcheck source=memory.sh
source "$BENCH/memory.sh"
# shellcheck source=peers.sh
source "$BENCH/peers.sh"
# shellcheck source=log.sh
source "$BENCH/log.sh"

PARTS=()
ROUNDS=3
ORDERS=1100000
COPIES=local
CONTAINER=
HOST=
WORK=
DATABASE=granary_bench

say() { printf '%s\n' "$*" >&2; }

usage() {
  sed -n '2,16s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

parse() {
  while (($# > 0)); do
    (($# > 1)) || usage
    case $1 in
      --part) PARTS+=("$2") ;;
      --rounds) ROUNDS=$2 ;;
      --orders) ORDERS=$2 ;;
      --copies) COPIES=$2 ;;
      --container) CONTAINER=$2 ;;
      --host) HOST=$2 ;;
      *) usage ;;
    esac
    shift 2
  done
  [[ $ROUNDS =~ ^[1-9][0-9]?$ && $ORDERS =~ ^[1-9][0-9]{3,7}$ && $COPIES =~ ^(local|minio)$ ]] || usage
  if ((${#PARTS[@]} == 0)); then PARTS=(dump peers log); fi
  [[ -z $CONTAINER ]] || PARTS=(dump)
  [[ ${PARTS[*]} != hosts ]] || return 0
  [[ " ${PARTS[*]} " =~ ^(\ (dump|peers|log))+\ $ ]] || usage
}

# part NAME: whether it was asked for.
part() { [[ " ${PARTS[*]} " == *" $1 "* ]]; }

# Runs this same script on another host and brings the results back. The words are meant to be filled in on this side.
# shellcheck disable=SC2029
on_host() {
  local there=/var/tmp/granary-bench args=(--rounds "$ROUNDS" --orders "$ORDERS" --copies "$COPIES")
  if [[ -n $CONTAINER ]]; then args+=(--container "$CONTAINER"); fi
  tar -C "$REPO" -c bench scripts lab/shop/sql | ssh "root@$HOST" "mkdir -p $there && tar -x -C $there"
  ssh "root@$HOST" "bash $there/bench/run.sh ${args[*]}"
  mkdir -p "$REPO/lab/out"
  ssh "root@$HOST" "cat $there/lab/out/bench.json && rm -rf $there" >"$REPO/lab/out/bench.json"
}

install_tools() {
  local missing=() pair
  for pair in age:age gpg:gnupg jq:jq rclone:rclone zstd:zstd; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
  done
  if [[ -z $CONTAINER && ! -x $PG_BIN/postgres ]]; then missing+=(postgresql-15); fi
  if ((${#missing[@]} > 0)); then
    say "installing: ${missing[*]}"
    DEBIAN_FRONTEND=noninteractive apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qqy -o Dpkg::Use-Pty=0 install --no-install-recommends "${missing[@]}" >&2
  fi
}

cleanup() {
  local status=$?
  trap - EXIT
  if [[ -n $WORK ]]; then
    log_stop
    copies_stop
    door_close
    GNUPGHOME=$WORK/gnupg gpgconf --kill all
    rm -rf -- "$WORK" ${RUN_DIR:+"$RUN_DIR"}
  fi
  exit "$status"
}

# result NAME VALUE: one measurement, in seconds unless its name says otherwise.
result() {
  say "  $(printf '%-20s %10s' "$1" "$2")"
  jq -cn --arg name "$1" --argjson value "$2" '{name: $name, value: $value}' >>"$WORK/results"
}

# dump_rounds: each contender is first once and last once.
dump_rounds() {
  local round contender order=(floor procedure by_hand granary)
  for ((round = 1; round <= ROUNDS; round++)); do
    say "round $round of $ROUNDS"
    for contender in "${order[@]}"; do
      door_settle
      "$contender"
    done
    for contender in bare_restore granary_restore; do
      door_settle
      "$contender"
    done
    order=("${order[@]:1}" "${order[0]}")
  done
  memory
}

peer_rounds() {
  local round contender
  log_start
  for ((round = 1; round <= ROUNDS; round++)); do
    say "peers, round $round of $ROUNDS"
    for contender in bare_dump borgmatic_first granary_one borgmatic_again pgbackrest_full base_by_hand granary_base; do
      door_settle
      "$contender"
    done
  done
  log_stop
}

report() {
  local size
  size=$(door_sql "SELECT pg_database_size('$DATABASE')")
  mkdir -p "$REPO/lab/out"
  jq -s --argjson bytes "$size" --arg door "${CONTAINER:+docker exec}" --arg copies "$COPIES" --argjson cores "$(nproc)" \
    --argjson rounds "$ROUNDS" -f "$BENCH/summary.jq" "$WORK/results" >"$REPO/lab/out/bench.json"
  jq -r -f "$BENCH/table.jq" "$REPO/lab/out/bench.json"
}

main() {
  parse "$@"
  if [[ ${PARTS[*]} == hosts ]]; then
    bash "$REPO/lab/toolchain/build.sh" pulumi
    cd "$REPO" && exec node --import tsx "$BENCH/hosts.ts" "$ROUNDS"
  fi
  if [[ -n $HOST ]]; then
    on_host
    return
  fi
  install_tools
  WORK=$(mktemp -d "${TMPDIR:-/var/tmp}/granary-bench.XXXXXX")
  chmod 0711 "$WORK"
  trap cleanup EXIT
  say "making a shop of $ORDERS orders"
  door_open
  copies_start
  contenders_prepare
  tiers_done bench
  if part peers || part log; then log_prepare; fi
  if part dump; then dump_rounds; fi
  if part peers; then
    peers_prepare
    peer_rounds
  fi
  if part log; then log_cost; fi
  report
}

main "$@"
