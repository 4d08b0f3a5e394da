# shellcheck shell=bash
# Source code: every ref pushed to a Git remote, and all of it as a bundle in the copies, so that losing the account
# at the remote loses nothing.

REPOSITORY=

kind_env_check() { env_need "$1" SOURCE_PATH; }

# repository_at PATH: which one `repository` is about.
repository_at() { REPOSITORY=$1; }

# repository ARGUMENT...: git without hooks, without the user's settings, and without prompts; it may belong to another user.
repository() {
  GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_TERMINAL_PROMPT=0 GIT_OPTIONAL_LOCKS=0 \
    git -c safe.directory='*' -c core.hooksPath=/dev/null -C "$REPOSITORY" "$@"
}

source_path() { printf '%s%s' "${GRANARY_ROOT:-}" "$(conf GRANARY_SOURCE_PATH)"; }

kind_preconditions() {
  need_tools git ssh
  repository_at "$(source_path)"
  repository rev-parse --git-dir >/dev/null 2>"$WORK/git.err" ||
    fail source-missing "$(conf GRANARY_SOURCE_PATH) is no Git repository: $(last_line "$WORK/git.err")"
  [[ -n $(repository for-each-ref --count=1) ]] || fail source-missing "$(conf GRANARY_SOURCE_PATH) has no commit yet"
}

# source_bundle: every ref and HEAD, with all their history.
source_bundle() { repository bundle create --quiet - --all HEAD; }

# push_said: the line that tells most of what Git said.
push_said() { awk '/^ ! |^fatal:|^error:|^ssh:|denied|verification failed/ { print; found = 1; exit } { line = $0 } END { if (!found) print line }' "$WORK/push.err"; }

# source_push: every branch and tag, nothing deleted there and nothing forced: a rewritten branch fails the run.
# Refs of remotes (what was fetched) are not pushed.
source_push() {
  local remote known
  remote=$(conf GRANARY_SOURCE_REMOTE)
  [[ -n $remote ]] || return 0
  known=$GRANARY_RUN/$JOB.known_hosts
  conf GRANARY_SOURCE_KNOWN_HOST >"$known"
  GIT_SSH_COMMAND="ssh -F /dev/null -i $(own_key git) -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=15 -o StrictHostKeyChecking=yes -o UserKnownHostsFile=$known" \
    repository push --quiet "$remote" 'refs/heads/*:refs/heads/*' 'refs/tags/*:refs/tags/*' 2>"$WORK/push.err" || {
    log push-failed "message=$(push_said)"
    return 1
  }
  log pushed "refs=$(repository for-each-ref refs/heads refs/tags | wc -l)"
}

kind_produce() {
  artifact bundle bundle '# v' source_bundle
  facts "$(repository for-each-ref --format='%(refname) %(objectname)' | jq -Rn --arg head "$(repository rev-parse HEAD)" '
    {head: $head, refs: ([inputs | split(" ") | {key: .[0], value: .[1]}] | from_entries)}')"
}

# kind_afterwards: the copies have the bundle by now, whatever the remote says.
kind_afterwards() {
  source_push || fail push-failed "the remote did not take every ref: $(push_said)"
}

# kind_deployed JOB: prints the commit that is checked out, or "absent".
kind_deployed() {
  local head
  need_tools git ssh
  repository_at "$(source_path)"
  if head=$(repository rev-parse HEAD 2>/dev/null); then
    jq -cn --arg head "$head" '{head: $head}'
  else
    log source-missing "job=$1" "message=$(conf GRANARY_SOURCE_PATH) is no Git repository yet"
    printf '"absent"'
  fi
}
