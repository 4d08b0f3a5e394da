#!/usr/bin/env bash
# Installs Debian packages without starting their services and without questions.
#
# usage: apt-install.sh PACKAGE...   (root)
# exit codes: apt's own; its last lines are shown when it fails
set -Eeuo pipefail

log=$(mktemp)
made_policy=
cleanup() {
  rm -f "$log"
  [[ -z $made_policy ]] || rm -f /usr/sbin/policy-rc.d
}
trap cleanup EXIT

# invoke-rc.d asks this file before it starts a service; 101 means no. An existing one stays as it is.
if [[ ! -e /usr/sbin/policy-rc.d ]]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod +x /usr/sbin/policy-rc.d
  made_policy=yes
fi

export DEBIAN_FRONTEND=noninteractive
{ apt-get update && apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"; } >"$log" 2>&1 || {
  status=$?
  tail -n 20 "$log" >&2
  exit "$status"
}
