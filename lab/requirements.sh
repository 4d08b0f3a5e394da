#!/usr/bin/env bash
# Installs what the rehearsal and the tests need on this machine, and says what. Debian 12+ or Ubuntu 22.04+.
#
# usage: lab/requirements.sh [apt|node]...   (default: both)
# exit codes: 0 everything there; 1 something missing that cannot be installed (the message says what to do)
set -Eeuo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# package:program that proves it is there
apt_packages=(
  age:age rclone:rclone restic:restic zstd:zstd jq:jq gnupg:gpg shellcheck:shellcheck git:git curl:curl
  openssh-client:ssh openssh-server:/usr/sbin/sshd iproute2:ip procps:pgrep util-linux:nsenter
  debootstrap:debootstrap systemd:systemd-analyze systemd-container:systemd-nspawn dpkg-dev:dpkg-scanpackages
  dnsmasq-base:dnsmasq docker-registry:docker-registry golang-go:go
  postgresql:/usr/lib/postgresql/*/bin/initdb mariadb-server:mariadbd
)

die() { printf 'error: %s\n' "$*" >&2; exit 1; }

is_there() { compgen -G "$1" >/dev/null || PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null; }

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

install_apt() {
  local entry missing=()
  for entry in "${apt_packages[@]}"; do
    is_there "${entry#*:}" || missing+=("${entry%%:*}")
  done
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || die "apt-get not found, missing: ${missing[*]}; use Debian 12+ or Ubuntu 22.04+"
  ((EUID == 0)) || command -v sudo >/dev/null || die "not root and no sudo, missing: ${missing[*]}; run as root"
  printf '  requirements: installing with apt: %s\n' "${missing[*]}" >&2
  as_root bash "$root/lab/apt-install.sh" "${missing[@]}" || die "apt could not install: ${missing[*]}; see above"
}

install_node() {
  local node_version wanted
  command -v node >/dev/null || die "node not found; install Node.js 20.19 or later"
  node_version=$(node -p 'process.versions.node')
  [[ $(printf '20.19.0\n%s\n' "$node_version" | sort -V | head -n 1) == 20.19.0 ]] ||
    die "node $node_version is too old; install Node.js 20.19 or later"
  wanted=$(sha256sum <"$root/package-lock.json")
  [[ $(cat "$root/node_modules/.granary-lock" 2>/dev/null) == "$wanted" ]] && return 0
  printf '  requirements: installing Node packages with npm ci\n' >&2
  (cd "$root" && npm ci --no-fund --no-audit --loglevel=error >&2)
  printf '%s\n' "$wanted" >"$root/node_modules/.granary-lock"
}

main() {
  local part
  (($#)) || set -- apt node
  for part in "$@"; do
    case $part in
      apt | node) "install_$part" ;;
      *) die "unknown part '$part'; use apt or node" ;;
    esac
  done
}

main "$@"
