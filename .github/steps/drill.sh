#!/usr/bin/env bash
# The monthly drill: restores on a server made for it, keeps the evidence, and proposes it as a pull request, also when the
# drill failed: that is what one wants to read.
#
# usage: .github/steps/drill.sh [HOST]      (default: every host that owns data, one after the other)
#   DRILL_IDENTITY  text of the age identity of the drill; in a file in memory while the drill runs, in no argument
#   SSH_KEY         private key that lets in to the servers the program makes
#   GH_TOKEN        to push the branch and open the pull request; without it the commit stays here
#   BASE_BRANCH     default main;  STACK  default prod
# exit codes: the last failed drill's, else 0; 1 if there is no evidence to keep
set -Eeuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# hosts: every host that owns data. The exit code is about the rule, which an overdue drill breaks.
hosts() {
  local proof
  proof=$(granary check --stack "$STACK" --json) || true
  [[ -n $proof ]] && jq -er '.hosts[].host' <<<"$proof"
}

run_drill() {
  local status=0 host
  IDENTITY_FILE=$(mktemp /dev/shm/granary-identity.XXXXXX)
  FORGET+=("$IDENTITY_FILE")
  printf '%s\n' "$DRILL_IDENTITY" >"$IDENTITY_FILE"
  unset DRILL_IDENTITY
  for host in "$@"; do
    # One host that does not come back must not hide how the others do.
    granary drill "$host" --stack "$STACK" --identity "$IDENTITY_FILE" || status=$?
  done
  rm -f "$IDENTITY_FILE"
  return "$status"
}

# propose STATUS: a branch of today with what the drill left behind.
propose() {
  local status=$1 branch word=passed title
  ((status == 0)) || word=FAILED
  git add --all -- evidence docs/runbook.md
  git diff --cached --quiet && die "the drill left no evidence"
  branch=drill/$(date -u +%Y-%m-%d-%H%M%S)
  title="Drill of $(date -u +%Y-%m-%d): $word"
  git checkout --quiet -b "$branch"
  git -c user.name="${GIT_NAME:-granary}" -c user.email="${GIT_EMAIL:-granary@localhost}" commit --quiet -m "$title"
  if [[ -z ${GH_TOKEN:-} ]]; then return 0; fi
  gh auth setup-git
  git push --quiet origin "$branch"
  gh pr create --base "${BASE_BRANCH:-main}" --head "$branch" --title "$title" \
    --body "What was restored, from which copy, how long it took and what was compared: the files of this pull request."
}

main() {
  local status=0 all=()
  need DRILL_IDENTITY
  offers drill || die "this version of Granary has no command 'drill': there is nothing to run yet"
  with_ssh_key
  if (($# == 0)); then mapfile -t all < <(hosts) && set -- "${all[@]}"; fi
  (($#)) || die "no host to drill: are the settings right? npx granary check --stack $STACK"
  run_drill "$@" || status=$?
  propose "$status"
  exit "$status"
}

main "$@"
