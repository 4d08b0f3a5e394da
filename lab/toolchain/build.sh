#!/usr/bin/env bash
# Makes the lab's programs, once, in the cache: pulumi (the engine), minio (the S3 server), s3admin (its users); and
# actionlint, when the tests ask for it.
#
# usage: lab/toolchain/build.sh [PROGRAM...]     (default: pulumi minio s3admin)
#   GRANARY_CACHE   where they go (default ~/.cache/granary); programs end up in $GRANARY_CACHE/bin
#
# pulumi comes from the PATH when it is the pinned version, else from its official download (checksum verified), else
# it is built from its Go modules, as the other two always are. Modules are pinned by go.sum and checked by Go.
# exit codes: 0 all there; 1 something could not be made (the message says what and why)
set -Eeuo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${GRANARY_CACHE:-$HOME/.cache/granary}
pulumi_version=3.250.0
go_version=1.26.8

say() { printf '  toolchain: %s\n' "$*" >&2; }

# The Go to build with: the one on the PATH if it is recent enough, else the pinned toolchain. Go serves its own
# toolchains as a module, signed in the checksum database, so Debian's older go can fetch it; only the executable
# bits are missing, because modules carry none.
find_go() {
  local have dir
  if command -v go >/dev/null; then
    have=$(cd / && go env GOVERSION)
    if [[ $(printf '%s\n' "go1.26" "$have" | sort -V | head -n 1) == go1.26 ]]; then
      command -v go
      return
    fi
  fi
  command -v go >/dev/null || { say "go is missing: install golang-go with apt"; return 1; }
  say "fetching Go $go_version (the Go here is $have)"
  dir=$(cd / && go mod download -json "golang.org/toolchain@v0.0.1-go$go_version.linux-$(dpkg --print-architecture)" |
    sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  [[ -n $dir ]] || { say "Go $go_version could not be fetched as a module"; return 1; }
  chmod -R u+w "$dir" && chmod +x "$dir"/bin/* "$dir"/pkg/tool/*/*
  printf '%s\n' "$dir/bin/go"
}

# downloads: of the lines in which Go says what it downloads, hundreds, every hundredth; all others as they are.
downloads() {
  awk '/^go: downloading / { if (++n % 100 == 0) print "  toolchain: " n " modules downloaded"; next } { print }'
}

# build NAME PACKAGE LDFLAGS: compiles PACKAGE of the module $here/NAME into the cache.
build() {
  local name=$1 package=$2 ldflags=$3 go
  go=$(find_go)
  say "building $name from its Go modules (minutes the first time, then cached)"
  (cd "$here/$name" && GOFLAGS=-mod=readonly GOTOOLCHAIN=local "$go" build -trimpath -ldflags "-s -w $ldflags" \
    -o "$cache/bin/.$name.new" "$package") 2>&1 | downloads >&2
  mv "$cache/bin/.$name.new" "$cache/bin/$name"
}

make_pulumi() {
  if [[ $(command -v pulumi) && $(pulumi version 2>/dev/null) == "v$pulumi_version" ]]; then
    say "pulumi $pulumi_version is on the PATH"
    ln -sf "$(command -v pulumi)" "$cache/bin/pulumi"
  elif bash "$here/download-pulumi.sh" "$pulumi_version" "$cache/bin" 2>/dev/null; then
    say "pulumi $pulumi_version downloaded, checksum verified"
  else
    say "pulumi $pulumi_version cannot be downloaded from here"
    build pulumi github.com/pulumi/pulumi/pkg/v3/cmd/pulumi \
      "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$pulumi_version"
  fi
}

make_minio() { build minio github.com/minio/minio ""; }
make_s3admin() { build s3admin . ""; }

# What the tests read the workflows with.
make_actionlint() {
  if command -v actionlint >/dev/null; then
    ln -sf "$(command -v actionlint)" "$cache/bin/actionlint"
  else
    build actionlint github.com/rhysd/actionlint/cmd/actionlint ""
  fi
}

# A program is made again when what it is made from has changed.
stamp_of() { cat "$here/$1"/go.* "$here/$1"/*.go | sha256sum | cut -d ' ' -f 1; }

main() {
  local name
  mkdir -p "$cache/bin"
  exec 9>"$cache/bin/.lock"
  flock 9
  (($#)) || set -- pulumi minio s3admin
  for name in "$@"; do
    if [[ -x $cache/bin/$name && $(cat "$cache/bin/.$name.stamp" 2>/dev/null) == "$(stamp_of "$name")" ]]; then
      continue
    fi
    "make_$name"
    stamp_of "$name" >"$cache/bin/.$name.stamp"
  done
}

main "$@"
