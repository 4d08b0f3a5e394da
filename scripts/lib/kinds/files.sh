# shellcheck shell=bash
# Uploads: many files, of which few change. restic, one repository in each copy; each is written and verified by itself,
# so that one that fails stops no other. There is no artifact on this host: the files themselves are here.

# shellcheck source=../archive.sh
source "$LIB/archive.sh"
# shellcheck source=../restic.sh
source "$LIB/restic.sh"
# shellcheck source=../repository.sh
source "$LIB/repository.sh"
# shellcheck source=../repository-verify.sh
source "$LIB/repository-verify.sh"
# shellcheck source=../escrow.sh
source "$LIB/escrow.sh"

kind_env_check() { archive_env_check "$1"; }
kind_deployed() { archive_deployed "$1"; }

kind_preconditions() {
  local missing
  env_need "$JOB" RESTIC_PASSWORD
  need_tools restic ssh
  missing=$(paths_missing)
  [[ -z $missing ]] || fail source-missing "not there: ${missing//$'\n'/, }"
  install -d -m 0700 "$GRANARY_CACHE" "$GRANARY_CACHE/restic"
}

# touched_since FILE: prints the files of the job that were changed since FILE was made. restic reads a file as it finds
# it and cannot tell; of such a file the snapshot may hold what was before, what was after, or some of both.
touched_since() {
  local pattern exclude=()
  for pattern in "${BACKUP_EXCLUDES[@]}"; do
    if [[ $pattern != /* ]]; then pattern="*/$pattern"; fi
    exclude+=(-path "$pattern" -prune -o)
  done
  # A file that vanishes meanwhile is no failure of this: restic told of it, or had it.
  find "${BACKUP_PATHS[@]}" "${exclude[@]}" -type f -cnewer "$1" -print 2>/dev/null || true
}

# files_facts SUMMARY SNAPSHOT: prints what the manifest tells, JSON.
files_facts() {
  jq -c --arg snapshot "$2" --arg restic "$(restic version | first_version)" --arg repository "$(job_prefix files)" \
    --argjson unread "$(wc -l <"$RESTIC_DIR/unread")" --argjson changed "$(wc -l <"$RESTIC_DIR/touched")" --argjson paths "$(conf GRANARY_PATHS)" '
    {snapshot: $snapshot, repository: $repository, restic: $restic, paths: $paths, bytes: .total_bytes_processed, added: .data_added,
     files: .total_files_processed, filesNew: .files_new, filesChanged: .files_changed,
     dirs: (.dirs_new + .dirs_changed + .dirs_unmodified), unread: $unread, changedWhileRead: $changed}' "$1"
}

# complaints COPY: what restic could not read, and what may have changed while it did.
complaints() {
  local file
  for file in unread touched; do
    if [[ -s $RESTIC_DIR/$file ]]; then
      log "files-$file" "copy=$1" "files=$(wc -l <"$RESTIC_DIR/$file")" "first=$(sed -n 1p "$RESTIC_DIR/$file")"
    fi
  done
}

# files_send COPY: backup, read-back, escrow, and last the manifest that makes it count.
files_send() {
  local copy=$1 started saved snapshot looking class added short files
  trap 'printf "%s\n" "$?" >"$WORK/$copy.status"' EXIT
  started=$(now_us)
  mkdir "$WORK/$copy"
  restic_says_in "$WORK/$copy"
  printf '%s\n' "$BASHPID" >"$WORK/copy.pid"
  objects_remember "$copy"
  : >"$RESTIC_DIR/began"
  repository_save "$copy"
  class=$RESTIC_CLASS
  saved=$(seconds_since "$started")
  touched_since "$RESTIC_DIR/began" >"$RESTIC_DIR/touched" &
  looking=$!
  read -r added short files < <(jq -r '"\(.data_added) \(.snapshot_id) \(.total_files_processed)"' "$RESTIC_DIR/summary.json")
  repository_verify "$copy" "$added"
  snapshot=$(snapshot_verify "$copy" "$short")
  escrow_keep "$copy" "$RESTIC_DIR/seen/$JOB.password.age"
  wait "$looking"
  complaints "$copy"
  manifest_write "$STAMP" "$(files_facts "$RESTIC_DIR/summary.json" "$snapshot")" "{\"restic\":$saved}" >"$RESTIC_DIR/manifest.json"
  manifest_send "$copy" "$RESTIC_DIR/manifest.json" daily "$(seconds_since "$started")"
  repository_saved "$copy"
  log copy "copy=$copy" "verified=true" "stamp=$STAMP" "snapshot=${snapshot:0:8}" "files=$files" \
    "added=$added" "seconds=$(seconds_since "$started")"
  if [[ $class == partial ]]; then : >"$WORK/partial"; fi
}

# kind_run: each copy in turn; then what went wrong, under its own name if all that failed did so for the same reason.
kind_run() {
  local status first
  backup_arguments
  tool_versions_ask
  each_copy files_send
  if ((${#COPIES_FAILED[@]} > 0)); then
    status=$(for copy in "${COPIES_FAILED[@]}"; do cat "$WORK/$copy.status"; done | sort -u)
    case $(exit_name "$status") in
      repository-key) fail repository-key "the password does not open the repository in: ${COPIES_FAILED[*]}" "copies=${COPIES_FAILED[*]}" ;;
      repository-locked) fail repository-locked "somebody else works in the repository in: ${COPIES_FAILED[*]}" "copies=${COPIES_FAILED[*]}" ;;
    esac
  elif [[ -e $WORK/partial ]]; then
    sort -u "$WORK"/*/unread >"$WORK/unread"
    first=$(sed -n 1,3p "$WORK/unread" | paste -sd ' ')
    fail dump-failed "files could not be read, the snapshots are without them: $first" "files=$(wc -l <"$WORK/unread")"
  fi
}

# kind_cleanup: a run that is stopped stops its restic too, which takes its lock away.
kind_cleanup() {
  local dir
  if [[ -s $WORK/copy.pid ]]; then kill "$(<"$WORK/copy.pid")" 2>/dev/null; fi
  for dir in "$WORK"/*/; do
    restic_says_in "$dir"
    restic_stop
  done
}
