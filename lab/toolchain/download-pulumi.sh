#!/usr/bin/env bash
# Downloads a release of Pulumi, compares it with the checksums it was published with, and installs it.
#
# usage: lab/toolchain/download-pulumi.sh VERSION DIRECTORY      (e.g. 3.250.0 /usr/local/bin)
# exit codes: 0 installed; 1 it cannot be downloaded, or is not what was published
set -Eeuo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

main() {
  local version=$1 directory=$2 base file arch=x64
  base=https://github.com/pulumi/pulumi/releases/download/v$version
  [[ $(uname -m) == aarch64 ]] && arch=arm64
  file=pulumi-v$version-linux-$arch.tar.gz
  curl -fsSL --connect-timeout 5 --max-time 300 -o "$work/$file" "$base/$file"
  curl -fsSL --connect-timeout 5 --max-time 60 -o "$work/sums" "$base/pulumi-$version-checksums.txt"
  (cd "$work" && grep -F " $file" sums | sha256sum --quiet --check -)
  tar -xzf "$work/$file" -C "$work"
  install -m 0755 "$work"/pulumi/pulumi "$work"/pulumi/pulumi-language-nodejs* "$directory/"
}

main "$@"
