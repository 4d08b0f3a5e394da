#!/usr/bin/env bash
# Makes the Debian root that every lab server starts from: like a cloud's image (systemd, sshd, cloud-init, nothing
# else), with a package archive of its own so that a server without internet can still install what it needs.
#
# usage: base-root.sh DIRECTORY    (root; DIRECTORY/base is made, or kept if it was made by this very script)
# exit codes: 0 made or already there; 1 failed (log in DIRECTORY/base-root.log)
set -Eeuo pipefail

dir=$1
suite=bookworm
archive=(docker.io docker-compose iptables nftables age rclone zstd jq openssh-client postgresql-client mariadb-client restic git curl cron rsync)

log() { printf '  base root: %s\n' "$*" >&2; }

in_root() { chroot "$dir/base.new" env DEBIAN_FRONTEND=noninteractive "$@"; }

bootstrap() {
  debootstrap --variant=minbase \
    --include=systemd,systemd-sysv,dbus,openssh-server,ca-certificates,iproute2,procps,netbase,udev,kmod,busybox-static \
    "$suite" "$dir/base.new" "${GRANARY_DEBIAN_MIRROR:-http://deb.debian.org/debian}"
  rm -f "$dir"/base.new/var/cache/apt/archives/*.deb
  printf '%s\n' force-unsafe-io 'path-exclude=/usr/share/doc/*' 'path-exclude=/usr/share/man/*' \
    'path-exclude=/usr/share/locale/*' >"$dir/base.new/etc/dpkg/dpkg.cfg.d/lab"
  cp /etc/resolv.conf "$dir/base.new/etc/resolv.conf"
}

add_packages() {
  in_root apt-get install -y --no-install-recommends cloud-init
  rm -f "$dir"/base.new/var/cache/apt/archives/*.deb
  in_root apt-get install -y --no-install-recommends --download-only "${archive[@]}"
  mkdir -p "$dir/base.new/srv/lab-apt"
  mv "$dir"/base.new/var/cache/apt/archives/*.deb "$dir/base.new/srv/lab-apt/"
  (cd "$dir/base.new/srv/lab-apt" && dpkg-scanpackages --multiversion . >Packages)
  rm -rf "$dir"/base.new/var/lib/apt/lists/* "$dir"/base.new/etc/apt/sources.list.d/*
  echo 'deb [trusted=yes] file:/srv/lab-apt ./' >"$dir/base.new/etc/apt/sources.list"
  in_root apt-get update
}

configure() {
  local etc=$dir/base.new/etc
  echo 'nameserver 10.213.77.1' >"$etc/resolv.conf"
  rm -f "$etc"/ssh/ssh_host_* "$etc/machine-id"
  touch "$etc/machine-id"
  mkdir -p "$etc/docker" "$etc/systemd/system/docker.service.d"
  echo '{ "insecure-registries": ["registry.lab:5000"] }' >"$etc/docker/daemon.json"
  # Where cgroups are v1, systemd-nspawn mounts them read-only, and Docker needs to write there.
  cat >"$etc/systemd/system/docker.service.d/lab-cgroups.conf" <<'UNIT'
[Service]
ExecStartPre=/bin/sh -c 'for c in /sys/fs/cgroup/*/; do mountpoint -q "$c" && mount -o remount,bind,rw "$c"; done; true'
UNIT
  echo 'datasource_list: [NoCloud]' >"$etc/cloud/cloud.cfg.d/90-lab.cfg"
  printf 'apt: { preserve_sources_list: true }\nlocale: false\n' >"$etc/cloud/cloud.cfg.d/93-lab.cfg"
  # The address is the lab's to give, as a cloud's is.
  echo 'network: { config: disabled }' >"$etc/cloud/cloud.cfg.d/91-lab-network.cfg"
  ln -sf /lib/systemd/system/systemd-networkd.service "$etc/systemd/system/multi-user.target.wants/"
  # Nothing here listens to a console or waits for hardware.
  local unit
  for unit in console-getty.service getty@.service systemd-networkd-wait-online.service systemd-resolved.service \
    apt-daily.timer apt-daily-upgrade.timer systemd-udev-settle.service; do
    ln -sf /dev/null "$etc/systemd/system/$unit"
  done
}

main() {
  local stamp
  mkdir -p "$dir"
  stamp=$(sha256sum <"${BASH_SOURCE[0]}")
  exec 9>"$dir/.lock"
  flock 9
  [[ $(cat "$dir/base/.granary-stamp" 2>/dev/null) == "$stamp" ]] && return 0
  log "making a Debian $suite root (about a minute, then cached)"
  rm -rf "$dir/base.new"
  { bootstrap && add_packages && configure; } >"$dir/base-root.log" 2>&1 ||
    { log "failed, see $dir/base-root.log:"; tail -n 15 "$dir/base-root.log" >&2; return 1; }
  printf '%s\n' "$stamp" >"$dir/base.new/.granary-stamp"
  rm -rf "$dir/base"
  mv "$dir/base.new" "$dir/base"
}

main
