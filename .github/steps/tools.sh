#!/usr/bin/env bash
# Installs what the other steps run: Pulumi of the pinned version, packages of Node, and Debian packages that are missing.
#
# usage: .github/steps/tools.sh [PACKAGE...]      (Debian or Ubuntu; sudo)
# exit codes: 0 all there; another: what failed said why
set -Eeuo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
version=$(sed -n 's/^pulumi_version=//p' "$root/lab/toolchain/build.sh")

main() {
  local bin=$HOME/.local/bin
  mkdir -p "$bin"
  if [[ $(PATH=$bin:$PATH pulumi version 2>/dev/null) != "v$version" ]]; then
    bash "$root/lab/toolchain/download-pulumi.sh" "$version" "$bin"
  fi
  if [[ -n ${GITHUB_PATH:-} ]]; then printf '%s\n' "$bin" >>"$GITHUB_PATH"; fi
  if (($#)); then
    sudo apt-get -qq update
    sudo apt-get -qq install -y --no-install-recommends "$@"
  fi
  cd "$root"
  npm ci --no-fund --no-audit
}

main "$@"
