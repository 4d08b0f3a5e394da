#!/usr/bin/env bash
# What a pull request would change, as one comment on it that is kept up to date: the 3-2-1 proof, the plan, the cost.
# A plan that breaks a rule of policy/ fails.
#
# usage: .github/steps/preview.sh [--settings-only]
#   --settings-only   what needs no secret: the proof and the cost, for pull requests from forks and for a look
#   PR_NUMBER, GITHUB_REPOSITORY, GH_TOKEN   where to comment; without PR_NUMBER it goes to the run's page, or stdout
#   BASE              the commit to compare the cost with (default: none, the cost is shown as it is)
#   STACK             default prod
# exit codes: 0 all is well; 1 the rule is broken, the plan cannot be made, or the comment not be written
set -Eeuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly MARK='<!-- granary preview -->'
work=$(mktemp -d)
FORGET+=("$work")
failed=0

# section TITLE FILE STATUS: a part of the comment, open if it failed.
section() {
  local title=$1 file=$2 status=$3 open=
  if ((status)); then open=' open' failed=1 title="$title: FAILED"; fi
  printf '<details%s><summary>%s</summary>\n\n' "$open" "$title"
  fenced "$file"
  printf '\n</details>\n\n'
}

proof() {
  local status=0
  granary check --stack "$STACK" >"$work/proof" 2>&1 || status=$?
  section "3-2-1 proof of stack $STACK" "$work/proof" "$status" >>"$work/body"
}

plan() {
  local status=0 changes
  pulumi preview --stack "$STACK" --policy-pack policy --non-interactive --color never --suppress-progress \
    >"$work/plan" 2>&1 || status=$?
  cat "$work/plan"
  changes=$(sed -n '/^Resources:/,$p' "$work/plan" | sed -n 's/^ *\([+~-].*\)/\1/p' | paste -sd ';' - | sed 's/;/, /g')
  section "Plan: ${changes:-see inside}" "$work/plan" "$status" >>"$work/body"
}

# cost_of DIRECTORY [OPTION]: as the settings there have it, with the program that is here.
cost_of() { (cd "$1" && granary cost --stack "$STACK" "${@:2}"); }

# change BEFORE AFTER: prints what a month costs by each, the first one and those after 1 and 5 years, and the difference.
change() {
  jq -r -n --slurpfile before "$1" --slurpfile after "$2" '
    def two: . * 100 | round / 100;
    "EUR a month, without VAT: before, after, difference",
    ($after[0].total[] | . as $new | ($before[0].total[] | select(.month == $new.month)) as $old |
      "  month \(.month): \($old.eur | two), \($new.eur | two), \(($new.eur - $old.eur) | two | if . > 0 then "+\(.)" else . end)")'
}

cost() {
  local status=0
  if ! offers cost; then
    printf 'What it costs is not known: this version has no command for it.\n\n' >>"$work/body"
    return 0
  fi
  cost_of . >"$work/cost" 2>&1 || status=$?
  if [[ -n ${BASE:-} ]] && ((status == 0)); then
    mkdir "$work/base"
    if git show "$BASE:Pulumi.$STACK.yaml" >"$work/base/Pulumi.$STACK.yaml" 2>/dev/null &&
      cost_of "$work/base" --json >"$work/before" 2>/dev/null && cost_of . --json >"$work/after"; then
      change "$work/before" "$work/after" >"$work/change"
      cat "$work/cost" >>"$work/change"
      mv "$work/change" "$work/cost"
    fi
  fi
  section "Cost" "$work/cost" "$status" >>"$work/body"
}

# publish: one comment, written over at each push.
publish() {
  local id comments="repos/${GITHUB_REPOSITORY:-}/issues"
  if [[ -z ${PR_NUMBER:-} ]]; then summary <"$work/body"; return; fi
  need GITHUB_REPOSITORY GH_TOKEN
  jq -Rs '{body: .}' <"$work/body" >"$work/comment.json"
  id=$(gh api --paginate "$comments/$PR_NUMBER/comments" --jq ".[] | select(.body | startswith(\"$MARK\")) | .id" | head -n 1)
  if [[ -n $id ]]; then
    gh api --silent --method PATCH "$comments/comments/$id" --input "$work/comment.json"
  else
    gh api --silent --method POST "$comments/$PR_NUMBER/comments" --input "$work/comment.json"
  fi
}

main() {
  printf '%s\n' "$MARK" >"$work/body"
  case ${1:-} in
    '') proof; plan; cost ;;
    --settings-only) proof; cost ;;
    *) die "unknown argument '$1': see the head of this file" ;;
  esac
  publish
  exit "$failed"
}

main "$@"
