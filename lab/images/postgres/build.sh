#!/usr/bin/env bash
# Builds the root of the lab's PostgreSQL 15 image as a tar: see ../debian-image.sh. `import.sh` makes the image of the tar.
#
#   build.sh OUT.tar
#
# Exit codes: 0 done or up to date, 2 usage, else that of the step that failed.
set -Eeuo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../debian-image.sh
source "$HERE/../debian-image.sh"

image_install() {
  local root=$1
  # No cluster is made: the entry point does that.
  mkdir -p "$root/etc/postgresql-common"
  printf 'create_main_cluster = false\n' >"$root/etc/postgresql-common/createcluster.conf"
  printf 'path-exclude=%s\n' '/usr/lib/postgresql/*/lib/bitcode/*' >>"$root/etc/dpkg/dpkg.cfg.d/no-docs"
  packages "$root" postgresql-15 postgresql-client-15
}

image_trim() {
  local root=$1
  rm -rf "$root"/var/lib/postgresql/15 "$root"/usr/lib/postgresql/15/lib/bitcode
  # Half of the image is the compiler for JIT; PostgreSQL does without JIT when its file is absent.
  rm -f "$root"/usr/lib/postgresql/15/lib/llvmjit* "$root"/usr/lib/*/libLLVM* "$root"/usr/lib/*/libz3.so*
}

main() {
  if (($# != 1)); then
    sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
    return 2
  fi
  image_build "$HERE" "$1"
}

main "$@"
