# shellcheck shell=bash
# What the images of the lab share: a small Debian root with a database server, as a tar, without Docker and without an
# image registry. Sourced by each image's build.sh, which has image_install ROOT and image_trim ROOT.
#
# Packages come from ${GRANARY_DEBIAN_MIRROR:-http://deb.debian.org/debian}. Needs root and debootstrap; takes about 50 s.
# The hosts' root isn't taken as a base: with systemd and its package archive it is several times larger.

WORK=

cleanup() {
  [[ -n $WORK ]] || return 0
  if mountpoint -q "$WORK/root/proc"; then umount "$WORK/root/proc"; fi
  rm -rf --one-file-system -- "$WORK"
}

# inputs_hash DIRECTORY: what the image is made of. Delete the tar to take newer packages.
inputs_hash() {
  { cat "${BASH_SOURCE[0]}" "$1/build.sh" "$1/entrypoint.sh" && dpkg --print-architecture; } | sha256sum | cut -d' ' -f1
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
  # No service starts while packages are set up, and what an image doesn't need isn't unpacked.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 0755 "$root/usr/sbin/policy-rc.d"
  printf 'path-exclude=%s\n' '/usr/share/doc/*' '/usr/share/man/*' '/usr/share/locale/*' '/usr/share/info/*' >"$root/etc/dpkg/dpkg.cfg.d/no-docs"
}

# packages ROOT PACKAGE...
packages() {
  local root=$1 run
  shift
  mount -t proc proc "$root/proc"
  run=(chroot "$root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8)
  "${run[@]}" apt-get update -q
  "${run[@]}" apt-get install -qy --no-install-recommends -o Dpkg::Options::=--force-unsafe-io "$@"
  umount "$root/proc"
}

trim() {
  local root=$1
  rm -rf "$root/etc/apt" && cp -a "$WORK/apt" "$root/etc/apt"
  rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/log/* "$root"/usr/sbin/policy-rc.d \
    "$root"/usr/share/{doc,man,info,locale,i18n}/* "$root"/tmp/* "$root"/etc/machine-id
  : >"$root/etc/resolv.conf"
}

# image_build DIRECTORY OUT: OUT is left as it is when it was made from these same inputs (their hash lies beside it, in
# OUT.inputs).
image_build() {
  local here=$1 out=$2 inputs
  inputs=$(inputs_hash "$here")
  if [[ -s $out && -r $out.inputs && $(<"$out.inputs") == "$inputs" ]]; then
    echo "up to date: $out"
    return 0
  fi
  mkdir -p "$(dirname "$out")"
  WORK=$(mktemp -d "$(dirname "$out")/$(basename "$here")-image.XXXXXX")
  trap cleanup EXIT
  make_root "$WORK/root"
  image_install "$WORK/root"
  trim "$WORK/root"
  image_trim "$WORK/root"
  install -m 0755 "$here/entrypoint.sh" "$WORK/root/usr/local/bin/docker-entrypoint.sh"
  tar -C "$WORK/root" --numeric-owner --exclude=./dev/'*' --exclude=./proc/'*' --exclude=./sys/'*' --exclude=./run/'*' -cf "$out.partial" .
  mv -- "$out.partial" "$out"
  printf '%s\n' "$inputs" >"$out.inputs"
  echo "built: $out ($(($(stat -c %s "$out") >> 20)) MiB)"
}
