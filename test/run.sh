#!/usr/bin/env bash
# npm test: installs what the tests need, then runs all of them, with the coverage of settings/ and plan/.
#
# usage: npm test [-- VITEST ARGUMENT...]    (for example: npm test -- test/plan)
# Installs with apt and npm what lab/requirements.sh lists (as root, or with sudo), and builds the lab's programs with
# lab/toolchain/build.sh in ~/.cache/granary: about 7 minutes the first time, nothing after that.
# The tests need no root. They run in a process namespace of their own, with their own temporary files, so that
# nothing is left of them however they end.
# The last line on stdout is: N passed, N failed
# exit codes: 0 all passed; 1 something failed; 130 interrupted
set -Eeuo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=
child=

# Killing the namespace's first process ends everything in it.
cleanup() {
  [[ -z $child ]] || kill -KILL "$child" 2>/dev/null || true
  [[ -z $child ]] || wait "$child" 2>/dev/null || true
  [[ -z $work ]] || rm -rf "$work"
}

# isolation: prints the words that put a command into namespaces of its own, none where that is not allowed.
isolation() {
  local words=(unshare --pid --fork --kill-child --mount --mount-proc)
  ((EUID == 0)) || words+=(--user --map-current-user)
  if "${words[@]}" true 2>/dev/null; then
    printf '%s\n' "${words[@]}"
  else
    echo "  no process namespaces here: after Ctrl-C, look for processes that were left" >&2
  fi
}

# The first process of the namespace: it reaps what daemons leave, and shared memory is its own where it may mount.
inside() {
  if [[ $$ == 1 ]]; then mount -t tmpfs -o mode=1777 tmpfs /dev/shm 2>/dev/null || true; fi
  node "$here/../node_modules/vitest/vitest.mjs" run "$@" &
  wait $!
}

main() {
  local status=0 prefix options=() counts
  cd "$here/.."
  echo "set-up"
  bash lab/requirements.sh
  bash lab/toolchain/build.sh pulumi minio s3admin actionlint
  trap cleanup EXIT
  trap 'echo "interrupted" >&2; exit 130' INT TERM HUP
  work=$(mktemp -d /tmp/granary-test.XXXXXX)
  # Servers that refuse to be root run as other users.
  chmod 1777 "$work"
  ((EUID == 0)) || echo "  not root: set-up that is missing is installed with sudo; the rehearsal (npm run rehearse) needs root" >&2
  mapfile -t prefix < <(isolation)
  # Part of the tests says nothing about coverage.
  (($#)) || options=(--coverage)
  echo "tests"
  TMPDIR=$work GRANARY_TEST_COUNTS=$work/counts GRANARY_TEST_INSIDE=yes \
    "${prefix[@]}" bash "$here/run.sh" "${options[@]}" "$@" </dev/null &
  child=$!
  wait "$child" || status=$?
  child=
  counts=$(cat "$work/counts" 2>/dev/null) || counts="0 passed, 1 failed"
  if ((status != 0)) && [[ $counts == *", 0 failed" ]]; then
    echo "failed outside of the tests: see above (coverage, or the runner itself)" >&2
    counts="${counts%, 0 failed}, 1 failed"
  fi
  [[ $counts == *", 0 failed" ]] || status=1
  printf '%s\n' "$counts"
  exit "$status"
}

if [[ ${GRANARY_TEST_INSIDE:-} == yes ]]; then inside "$@"; else main "$@"; fi
