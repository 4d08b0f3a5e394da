#!/usr/bin/env bash
# Builds the root of the lab's web images as a tar: see ../debian-image.sh. It holds Python with a driver for PostgreSQL, and
# Caddy: the demo shop and what stands in front of it are two images of this one layer, which a server fetches once.
#
#   build.sh OUT.tar
#
# Exit codes: 0 done or up to date, 2 usage, else that of the step that failed.
set -Eeuo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../debian-image.sh
source "$HERE/../debian-image.sh"

image_install() { packages "$1" python3-psycopg2 caddy; }

image_trim() {
  local root=$1
  rm -rf "$root"/etc/caddy/* "$root"/usr/share/caddy "$root"/usr/lib/python3*/{test,idlelib,turtledemo,ensurepip,lib2to3}
}

main() {
  if (($# != 1)); then
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    return 2
  fi
  image_build "$HERE" "$1"
}

main "$@"
