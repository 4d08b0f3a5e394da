# shellcheck shell=bash
# Directories and files as one tar: owners, modes, times, links, extended attributes; no plain copy on the disk.

ARCHIVE_PATHS=()

# archive_env_check JOB
archive_env_check() {
  env_need "$1" PATHS
  jq -e 'type == "array" and length > 0 and all(.[]; type == "string" and startswith("/"))' <<<"$(conf GRANARY_PATHS)" >/dev/null 2>&1 ||
    fail config "GRANARY_PATHS of job $1 is not a JSON list of absolute paths"
  jq -e 'type == "array" and all(.[]; type == "string")' <<<"$(conf GRANARY_EXCLUDE '[]')" >/dev/null 2>&1 ||
    fail config "GRANARY_EXCLUDE of job $1 is not a JSON list of patterns"
}

# paths_missing: prints those of GRANARY_PATHS that are not there.
paths_missing() {
  local path
  while IFS= read -r path; do [[ -e ${GRANARY_ROOT:-}$path ]] || printf '%s\n' "$path"; done < <(jq -r '.[]' <<<"$(conf GRANARY_PATHS)")
}

# archive_preconditions: a path that vanished is a failure: a backup without it would look whole.
archive_preconditions() {
  local missing
  need_tools tar
  missing=$(paths_missing)
  [[ -z $missing ]] || fail source-missing "not there: ${missing//$'\n'/, }"
}

# archive_deployed JOB: prints what is there of the paths, JSON.
archive_deployed() {
  local missing
  missing=$(paths_missing)
  [[ -z $missing ]] || log source-missing "job=$1" "message=not there yet: ${missing//$'\n'/, }"
  jq -cn --arg missing "$missing" '{missing: ($missing | split("\n") | map(select(. != "")))}'
}

# archive_list: the paths without their leading slash, as tar stores them.
archive_list() { mapfile -t ARCHIVE_PATHS < <(jq -r '.[] | ltrimstr("/") | if . == "" then "." else . end' <<<"$(conf GRANARY_PATHS)"); }

# archive_excludes: prints tar's options, one a line: a pattern that begins with / is a path, any other fits anywhere below.
archive_excludes() {
  jq -r '.[] | if startswith("/") then "--anchored", "--exclude=" + ltrimstr("/") else "--no-anchored", "--exclude=" + . end' \
    <<<"$(conf GRANARY_EXCLUDE '[]')"
}

# archive_tar: prints the tar. Its list of members, one a line, goes to $WORK/members; what it says to $WORK/tar.err.
archive_tar() {
  local excludes
  mapfile -t excludes < <(archive_excludes)
  LC_ALL=C tar --create --directory "${GRANARY_ROOT:-/}" --format=posix --sort=name --numeric-owner --acls --xattrs --sparse \
    --exclude-caches "${excludes[@]}" --verbose --index-file="$WORK/members" -- "${ARCHIVE_PATHS[@]}" 2>"$WORK/tar.err"
}

# archive_changed: whether all that tar complains of is files that changed or went while they were read.
archive_changed() {
  ! grep -qvE ': (file changed as we read it|File removed before we read it|File shrank by [0-9]+ bytes; padding with zeros)$|socket ignored$|^tar: Exiting with failure' "$WORK/tar.err"
}

# archive_growing: a file that changed is reported, not a failure: its beginning is there.
archive_growing() {
  local status=0
  archive_tar || status=$?
  if ((status == 1)) && archive_changed; then return 0; fi
  if ((status != 0)); then last_line "$WORK/tar.err" >&2; fi
  exit "$status" # of this stage: returned, it would be taken for a mistake of the script
}

# archive_unchanged: a file that changed makes a backup of it that never existed: a failure, and the run can be repeated.
archive_unchanged() {
  local status=0
  archive_tar || status=$?
  if ((status != 0)); then sed -n 1p "$WORK/tar.err" >&2; fi
  exit "$status"
}

# archive_facts: how much there was, and what changed meanwhile.
archive_facts() {
  local changed
  changed=$(sed -nE 's/^tar: (.*): (file changed as we read it|File removed before we read it|File shrank by .*)$/\1/p' "$WORK/tar.err")
  if [[ -n $changed ]]; then log changed-while-read "files=$(wc -l <<<"$changed")" "first=$(sed -n 1p <<<"$changed")"; fi
  facts "$(jq -cn --argjson files "$(grep -vc '/$' "$WORK/members" || true)" --arg changed "$changed" \
    --argjson paths "$(conf GRANARY_PATHS)" '
    {files: $files, paths: $paths, changedWhileRead: ($changed | split("\n") | map(select(. != "")) | length)}')"
}
