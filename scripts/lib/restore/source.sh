# shellcheck shell=bash
# Bringing source code back: a repository with every ref, its HEAD checked out, without the Git remote's help.

# shellcheck source=../restore-directory.sh
source "$LIB/restore-directory.sh"

restore_prepare() {
  need_tools git
  directory_prepare
}
restore_cleanup() { directory_drop; }

# refs_restore: all refs as they were, and the commit that was checked out.
refs_restore() {
  repository_at "$PART"
  repository init --quiet
  repository fetch --quiet --no-write-fetch-head --update-head-ok "$WORK/source.bundle" '+refs/*:refs/*' 2>"$WORK/git.err" ||
    fail restore-failed "git: $(last_line "$WORK/git.err")"
  rm -f "$WORK/source.bundle"
  repository -c advice.detachedHead=false checkout --quiet "$(head_name)" 2>"$WORK/git.err" ||
    fail restore-failed "git: $(last_line "$WORK/git.err")"
}

# head_name: the branch that points to the saved HEAD, or the commit itself.
head_name() {
  jq -r '.head as $head | ([.refs | to_entries[] | select(.value == $head and (.key | startswith("refs/heads/")))][0].key
    // $head) | ltrimstr("refs/heads/")' "$MANIFEST"
}

# refs_compare: every ref of the manifest, and nothing else.
refs_compare() {
  local found
  found=$(repository for-each-ref --format='%(refname) %(objectname)' |
    jq -Rn '[inputs | split(" ") | {key: .[0], value: .[1]}] | from_entries')
  jq -e --argjson found "$found" '.refs == $found' "$MANIFEST" >/dev/null ||
    fail compare-failed "the restored refs are not those of the manifest" "directory=$INTO"
  repository fsck --strict --no-progress >/dev/null 2>"$WORK/git.err" ||
    fail compare-failed "git fsck: $(sed -n 1p "$WORK/git.err")" "directory=$INTO"
}

restore_run() {
  timed fetch artifact_open "$COPY" "$MANIFEST" bundle --to "$WORK/source.bundle" # to fetch from, it must be a file
  timed restore refs_restore
  timed compare refs_compare
  chmod 0755 "$PART"
  directory_done
  restored "$(jq -c --arg directory "$INTO" '{directory: $directory, compared: {refs: (.refs | length)}, head}' "$MANIFEST")"
}
