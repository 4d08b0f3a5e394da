#!/usr/bin/env bash
# Opens the state. With PULUMI_BACKEND_URL (a bucket of your own) or PULUMI_ACCESS_TOKEN there is nothing to exchange; with
# PULUMI_ORGANIZATION alone GitHub's identity token of this run is exchanged for a token of Pulumi Cloud that ends in an hour.
#
# usage: .github/steps/login.sh
# exit codes: 0 the state can be opened; 1 it cannot
set -Eeuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Bodies and headers with secrets go by standard input: arguments are seen by every process.
identity() {
  need ACTIONS_ID_TOKEN_REQUEST_URL ACTIONS_ID_TOKEN_REQUEST_TOKEN
  curl -fsS --max-time 60 --config - "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=urn:pulumi:org:$PULUMI_ORGANIZATION" \
    <<<"header = \"Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN\"" | jq -er .value
}

exchange() {
  local grant=urn:ietf:params:oauth:grant-type:token-exchange id=urn:ietf:params:oauth:token-type:id_token
  local kind=urn:pulumi:token-type:access_token:${PULUMI_TOKEN_TYPE:-organization}
  jq -R --arg audience "urn:pulumi:org:$PULUMI_ORGANIZATION" --arg grant "$grant" --arg id "$id" --arg kind "$kind" \
    --arg scope "${PULUMI_TOKEN_SCOPE:-}" '{audience: $audience, grant_type: $grant, subject_token_type: $id,
      requested_token_type: $kind, scope: $scope, expiration: 3600, subject_token: .}' |
    curl -fsS --max-time 60 -H 'Content-Type: application/json' --data @- https://api.pulumi.com/api/oauth/token |
    jq -er .access_token
}

main() {
  local token
  need PULUMI_CONFIG_PASSPHRASE
  if [[ -z ${PULUMI_BACKEND_URL:-}${PULUMI_ACCESS_TOKEN:-} ]]; then
    [[ -n ${PULUMI_ORGANIZATION:-} ]] ||
      die "no state: set PULUMI_BACKEND_URL, PULUMI_ACCESS_TOKEN or PULUMI_ORGANIZATION (docs/github.md)"
    token=$(identity | exchange) || die "Pulumi Cloud gave no token: is GitHub an OIDC issuer of $PULUMI_ORGANIZATION there?"
    if [[ -n ${GITHUB_ENV:-} ]]; then
      printf '::add-mask::%s\n' "$token"
      printf 'PULUMI_ACCESS_TOKEN=%s\n' "$token" >>"$GITHUB_ENV"
    fi
    export PULUMI_ACCESS_TOKEN=$token
  fi
  pulumi whoami --non-interactive >/dev/null
  pulumi stack select --non-interactive "$STACK"
}

main "$@"
