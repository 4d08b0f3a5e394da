#!/usr/bin/env bash
# Everything a lab needs before it starts, made once and kept in the cache: programs, the hosts' root, the database images.
#
# The programs are compiled while roots and images are fetched and unpacked: the one waits for processors, the other for
# the network and the disk.
#
# usage: lab/prepare.sh     (root)
# exit codes: 0 all there; otherwise that of the step that failed, which says why
set -Eeuo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${GRANARY_CACHE:-$HOME/.cache/granary}
log=
roots=

# What runs beside goes too, and with it what it started: it is a process group of its own.
cleanup() {
  [[ -z $roots ]] || kill -TERM -- "-$roots" 2>/dev/null || true
  [[ -z $roots ]] || wait "$roots" 2>/dev/null || true
  [[ -z $log ]] || rm -f "$log"
}

# image NAME: the root of a database's image, as a tar.
image() {
  local tar=$cache/images/$1.tar
  [[ -s $tar ]] || echo "  $1 image: building from Debian packages (about a minute, then cached)" >&2
  bash "$here/images/$1/build.sh" "$tar" >"$log" 2>&1 || { tail -n 20 "$log" >&2; return 1; }
}

# roots_and_images: every directory of lab/images is an image.
roots_and_images() {
  local dir
  bash "$here/hosts/base-root.sh" "$cache/roots"
  for dir in "$here"/images/*/; do image "$(basename "$dir")"; done
}

main() {
  ((EUID == 0)) || { echo "error: the lab makes network namespaces and containers: run it as root (sudo -E npm run …)" >&2; exit 77; }
  bash "$here/requirements.sh"
  mkdir -p "$cache/images"
  log=$(mktemp)
  trap cleanup EXIT
  trap 'exit 130' INT TERM HUP
  set -m
  roots_and_images &
  roots=$!
  set +m
  bash "$here/toolchain/build.sh"
  wait "$roots" || { roots=; exit 1; }
  roots=
}

main
