# shellcheck shell=bash
# A repository in a copy: made once, taken up again after an interruption, written to by a backup.

# repository_memory COPY WHAT: prints the file in which this host remembers something of a repository.
repository_memory() { printf '%s/%s.%s.%s' "$GRANARY_STATE" "$JOB" "$1" "$2"; }

# repository_absent COPY: ends the script unless the copy surely holds no repository. rclone tells restic of a copy that
# does not answer as of a missing file, and a second `init` over a repository would be the end of it.
repository_absent() {
  local found
  # The account for files of a box shows nothing but through restic, and refuses to overwrite.
  if append_only "$1"; then return 0; fi
  objects_list "$1" >"$RESTIC_DIR/objects"
  found=$(grep -cE '^[0-9]+ (config$|data/|index/|snapshots/)' "$RESTIC_DIR/objects" || true)
  ((found == 0)) ||
    fail copy-failed "copy $1 holds $found files of a repository, but restic sees none: it is damaged, or the copy does not answer: $(restic_said)" "copy=$1"
}

# repository_make COPY
repository_make() {
  local status=0
  repository_absent "$1"
  restic_run "$1" init || status=$?
  ((status == 0)) || restic_fail "$1" "$(restic_class "$status")"
  log repository-made "copy=$1" "repository=$(job_prefix files)"
}

# repository_resume COPY: after a run that did not come to its end. Its lock goes; of a first run, what it had uploaded is
# put into an index, so that it need not be uploaded again: restic itself writes one only every ten minutes or 50,000 blobs.
repository_resume() {
  if [[ ! -e $(repository_memory "$1" running) ]]; then return 0; fi
  log resumed "copy=$1" "message=the last run was interrupted"
  restic_run "$1" unlock || log unlock-failed "copy=$1" "message=$(restic_said)"
  if [[ -e $(repository_memory "$1" objects) ]]; then return 0; fi
  restic_patient "$1" rebuild-index
  if [[ $RESTIC_CLASS != ok ]]; then log reindex-failed "copy=$1" "message=$(restic_said)"; fi
}

BACKUP=() BACKUP_PATHS=() BACKUP_EXCLUDES=()

# backup_arguments: sets BACKUP. Mounted file systems below the paths are part of them: left out, they would be missed
# only at a restore. Directories that call themselves caches (CACHEDIR.TAG) are left out.
backup_arguments() {
  BACKUP=(backup --json --host "$(conf GRANARY_HOST)" --tag "$(conf GRANARY_JOB)" --exclude-caches --cleanup-cache)
  mapfile -t BACKUP_EXCLUDES < <(jq -r --arg root "${GRANARY_ROOT:-}" '.[] | if startswith("/") then $root + . else . end' <<<"$(conf GRANARY_EXCLUDE '[]')")
  mapfile -t BACKUP_PATHS < <(jq -r --arg root "${GRANARY_ROOT:-}" '.[] | $root + .' <<<"$(conf GRANARY_PATHS)")
  if ((${#BACKUP_EXCLUDES[@]} > 0)); then BACKUP+=("${BACKUP_EXCLUDES[@]/#/--exclude=}"); fi
  BACKUP+=(-- "${BACKUP_PATHS[@]}")
}

# repository_save COPY: the backup. Sets RESTIC_CLASS to ok or partial, and leaves restic's summary in summary.json and
# what it could not read in unread.
repository_save() {
  local running
  running=$(repository_memory "$1" running)
  repository_resume "$1"
  : >"$running"
  restic_patient "$1" "${BACKUP[@]}"
  if [[ $RESTIC_CLASS == absent ]]; then
    repository_make "$1"
    restic_patient "$1" "${BACKUP[@]}"
  fi
  if [[ $RESTIC_CLASS != ok && $RESTIC_CLASS != partial ]]; then restic_fail "$1" "$RESTIC_CLASS"; fi
  awk '/"message_type":"summary"/ { summary = $0 } END { if (summary) print summary }' "$RESTIC_DIR/restic.out" >"$RESTIC_DIR/summary.json"
  [[ -s $RESTIC_DIR/summary.json ]] || fail copy-failed "restic made no snapshot in copy $1: $(restic_said)" "copy=$1"
  : >"$RESTIC_DIR/unread"
  if [[ $RESTIC_CLASS == ok ]]; then return 0; fi
  jq -Rr 'fromjson? | select(.message_type == "error") | .item' "$RESTIC_DIR/restic.err" | sort -u >"$RESTIC_DIR/unread"
}

# repository_saved COPY: the run came to its end with this copy.
repository_saved() { rm -f "$(repository_memory "$1" running)"; }
