#!/usr/bin/env bash
# Retention from outside: removes what its time is over for, where no copy does so by itself. What is odd is not touched.
#
# usage: .github/steps/maintain.sh [--look]     (--look: remove nothing; STACK: default prod; SSH_KEY: for a storage box)
# exit codes: those of `granary maintain`
set -Eeuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

main() {
  local status=0 yes=(--yes) report
  if [[ ${1:-} == --look ]]; then yes=(); fi
  report=$(mktemp)
  FORGET+=("$report")
  with_ssh_key
  granary maintain --stack "$STACK" "${yes[@]}" >"$report" 2>&1 || status=$?
  cat "$report"
  fenced "$report" | summary
  exit "$status"
}

main "$@"
