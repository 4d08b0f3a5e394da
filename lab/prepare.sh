#!/usr/bin/env bash
# Everything a lab needs before it starts, made once and kept in the cache: programs, the hosts' root, the database image.
#
# usage: lab/prepare.sh     (root)
# exit codes: 0 all there; otherwise that of the step that failed, which says why
set -Eeuo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${GRANARY_CACHE:-$HOME/.cache/granary}

((EUID == 0)) || { echo "error: the lab makes network namespaces and containers: run it as root (sudo -E npm run …)" >&2; exit 77; }
bash "$here/requirements.sh"
bash "$here/hosts/base-root.sh" "$cache/roots"
mkdir -p "$cache/images"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
[[ -s $cache/images/postgres.tar ]] || echo "  database image: building from Debian packages (about a minute, then cached)" >&2
bash "$here/images/postgres/build.sh" "$cache/images/postgres.tar" >"$log" 2>&1 || { tail -n 20 "$log" >&2; exit 1; }
bash "$here/toolchain/build.sh"
