#!/usr/bin/env bash
# Builds the root of the lab's PostgreSQL 15 image as a tar, without Docker and without an image registry.
#
#   build.sh OUT.tar
#
# OUT.tar  is left as it is when it was made from these same inputs (their hash lies beside it, in OUT.tar.inputs)
# Packages come from ${GRANARY_DEBIAN_MIRROR:-http://deb.debian.org/debian}. Needs root and debootstrap; takes about 50 s. `import.sh` makes
# the image of the tar. The hosts' root isn't taken as a base: with systemd and its package archive it is several times larger.
# Exit codes: 0 done or up to date, 2 usage, else that of the step that failed.
set -Eeuo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
WORK=

cleanup() {
  [[ -n $WORK ]] || return 0
  if mountpoint -q "$WORK/root/proc"; then umount "$WORK/root/proc"; fi
  rm -rf --one-file-system -- "$WORK"
}

# What the image is made of. Delete the tar to take newer packages.
inputs_hash() {
  { cat "$HERE/build.sh" "$HERE/entrypoint.sh" && dpkg --print-architecture; } | sha256sum | cut -d' ' -f1
}

make_root() {
  local root=$1
  debootstrap --variant=minbase bookworm "$root" "${GRANARY_DEBIAN_MIRROR:-http://deb.debian.org/debian}"
  # How this machine reaches its package sources (a proxy, a mirror) serves the new root too, while it is built.
  mkdir -p "$WORK/apt"
  cp -a "$root/etc/apt/." "$WORK/apt"
  cp -a /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d"
  rm -f "$root"/etc/apt/apt.conf.d/*appstream "$root"/etc/apt/apt.conf.d/*packagekit
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
}

install_postgres() {
  local root=$1
  # No service starts while packages are set up, no cluster is made, and what an image doesn't need isn't unpacked.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 0755 "$root/usr/sbin/policy-rc.d"
  mkdir -p "$root/etc/postgresql-common"
  printf 'create_main_cluster = false\n' >"$root/etc/postgresql-common/createcluster.conf"
  printf 'path-exclude=%s\n' '/usr/share/doc/*' '/usr/share/man/*' '/usr/share/locale/*' '/usr/share/info/*' '/usr/lib/postgresql/*/lib/bitcode/*' \
    >"$root/etc/dpkg/dpkg.cfg.d/no-docs"
  mount -t proc proc "$root/proc"
  local run=(chroot "$root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8)
  "${run[@]}" apt-get update -q
  "${run[@]}" apt-get install -qy --no-install-recommends -o Dpkg::Options::=--force-unsafe-io postgresql-15 postgresql-client-15
  umount "$root/proc"
}

trim() {
  local root=$1
  rm -rf "$root/etc/apt" && cp -a "$WORK/apt" "$root/etc/apt"
  rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/log/* "$root"/var/lib/postgresql/15 "$root"/usr/sbin/policy-rc.d \
    "$root"/usr/share/{doc,man,info,locale,i18n}/* "$root"/usr/lib/postgresql/15/lib/bitcode "$root"/tmp/* "$root"/etc/machine-id
  # Half of the image is the compiler for JIT; PostgreSQL does without JIT when its file is absent.
  rm -f "$root"/usr/lib/postgresql/15/lib/llvmjit* "$root"/usr/lib/*/libLLVM* "$root"/usr/lib/*/libz3.so*
  : >"$root/etc/resolv.conf"
}

main() {
  if (($# != 1)); then
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    return 2
  fi
  local out=$1 inputs
  inputs=$(inputs_hash)
  if [[ -s $out && -r $out.inputs && $(<"$out.inputs") == "$inputs" ]]; then
    echo "up to date: $out"
    return 0
  fi
  mkdir -p "$(dirname "$out")"
  WORK=$(mktemp -d "$(dirname "$out")/postgres-image.XXXXXX")
  trap cleanup EXIT
  make_root "$WORK/root"
  install_postgres "$WORK/root"
  trim "$WORK/root"
  install -m 0755 "$HERE/entrypoint.sh" "$WORK/root/usr/local/bin/docker-entrypoint.sh"
  tar -C "$WORK/root" --numeric-owner --exclude=./dev/'*' --exclude=./proc/'*' --exclude=./sys/'*' --exclude=./run/'*' -cf "$out.partial" .
  mv -- "$out.partial" "$out"
  printf '%s\n' "$inputs" >"$out.inputs"
  echo "built: $out ($(($(stat -c %s "$out") >> 20)) MiB)"
}

main "$@"
