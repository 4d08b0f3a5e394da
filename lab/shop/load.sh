#!/usr/bin/env bash
# A bounded write load on the demo shop: orders through its function, and orders packed.
#
#   load.sh DATABASE SECONDS [ORDERS_PER_SECOND]      runs where psql reaches the server (the database's container)
#
# It ends after SECONDS, or as soon as the file ${SHOP_LOAD_STOP:-/tmp/shop-load.stop} exists (removed at the start).
# Default 30 orders a second. One psql session takes all of it, so that it costs next to no processor.
# The server is chosen by psql's own environment (PGHOST, PGPORT, PGUSER). Prints at the end: placed=N
# Exit codes: 0 done, 2 usage, else psql's own.
set -Eeuo pipefail

STOP_FILE=${SHOP_LOAD_STOP:-/tmp/shop-load.stop}

# One statement at a time, each its own transaction; every fifth order one is packed too.
statements() {
  local seconds=$1 per_second=$2 number=0 pause
  printf -v pause '0.%06d' $((1000000 / (per_second + 1)))
  exec 9<> <(:) # never readable: a read from it with a timeout sleeps without starting a process
  while ((SECONDS < seconds)) && [[ ! -e $STOP_FILE ]]; do
    number=$((number + 1))
    echo "SELECT shop.place_order($number);"
    if ((number % 5 == 0)); then echo 'SELECT shop.pack_order();'; fi
    read -rt "$pause" -u 9 || :
  done
  printf '%s\n' "\\echo placed=$number"
}

main() {
  if (($# < 2 || $# > 3)); then
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    return 2
  fi
  rm -f -- "$STOP_FILE"
  SECONDS=0
  statements "$2" "${3:-30}" | psql -XAtq -v ON_ERROR_STOP=1 -d "$1" | sed -n '/^placed=/p'
}

main "$@"
