#!/usr/bin/env bash
# One look at every copy, with keys that can only read: is there a good backup of each job, as young as it should be?
#
# usage: .github/steps/status.sh     (STACK: default prod; SSH_KEY: for a storage box)
# Leaves status.html, the page to look at, and publishes it where the settings have statusPage. What is red fails the run, and GitHub tells whoever watches the repository.
# exit codes: those of `granary status`
set -Eeuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

main() {
  local status=0 report
  local -a publish=()
  offers status || die "this version of Granary has no command 'status': there is nothing to run yet"
  report=$(mktemp)
  FORGET+=("$report")
  with_ssh_key
  if grep -qE '^ *granary:statusPage:' "Pulumi.$STACK.yaml"; then publish=(--publish); fi
  granary status --stack "$STACK" --html status.html "${publish[@]}" >"$report" 2>&1 || status=$?
  cat "$report"
  fenced "$report" | summary
  exit "$status"
}

main "$@"
