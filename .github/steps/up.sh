#!/usr/bin/env bash
# Makes what the settings say: the proof first, then `pulumi up`, then a look that nothing is left to do.
#
# usage: .github/steps/up.sh     (STACK: default prod)
# exit codes: 0 done; 1 the rule is broken, nothing was touched; another: pulumi's, also when a rule of policy/ is broken
set -Eeuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# planned: whether the settings keep the rule. A drill that failed or is overdue must not stop what may mend it.
planned() {
  local proof
  proof=$(granary check --stack "$STACK" --json) || true
  [[ -n $proof ]] && jq -e '[.hosts[].legs[] | select(.rule != "0 errors") | .ok] | all(. != false)' <<<"$proof" >/dev/null
}

main() {
  granary check --stack "$STACK" || true
  planned || die "nothing was touched: the settings are wrong, or break the 3-2-1 rule"
  with_ssh_key
  # A host that is dead does not keep the others from what they need; pulumi names it, and the step fails.
  pulumi up --continue-on-error --stack "$STACK" --policy-pack policy --yes --non-interactive --color never --suppress-progress
  pulumi preview --stack "$STACK" --non-interactive --color never --suppress-progress --expect-no-changes
  printf 'Stack %s is as the settings say.\n' "$STACK" | summary
}

main "$@"
