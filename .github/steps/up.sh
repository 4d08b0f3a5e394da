#!/usr/bin/env bash
# Makes what the settings say: the proof first, then `pulumi up`, then a look that nothing is left to do.
#
# usage: .github/steps/up.sh     (STACK: default prod)
# exit codes: 0 done; 1 the rule is broken, nothing was touched; another: pulumi's
set -Eeuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

main() {
  granary check --stack "$STACK" || die "nothing was touched: the settings break the rule"
  with_ssh_key
  pulumi up --stack "$STACK" --yes --non-interactive --color never --suppress-progress
  pulumi preview --stack "$STACK" --non-interactive --color never --suppress-progress --expect-no-changes
  granary check --stack "$STACK" --json | jq -r '.hosts[] | "- \(.host): \(if .ok then "keeps" else "BREAKS" end) the 3-2-1 rule"' | summary
}

main "$@"
