#!/usr/bin/env bash
# Builds the root of the lab's MariaDB 10.11 image as a tar: see ../debian-image.sh. `import.sh` makes the image of the tar.
#
#   build.sh OUT.tar
#
# Exit codes: 0 done or up to date, 2 usage, else that of the step that failed.
set -Eeuo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../debian-image.sh
source "$HERE/../debian-image.sh"

image_install() { packages "$1" mariadb-server mariadb-client; }

image_trim() {
  local root=$1
  rm -rf "$root"/var/lib/mysql "$root"/usr/share/mysql/*-test "$root"/etc/mysql/debian* "$root"/etc/mysql/mariadb.conf.d/50-server.cnf
}

main() {
  if (($# != 1)); then
    sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
    return 2
  fi
  image_build "$HERE" "$1"
}

main "$@"
