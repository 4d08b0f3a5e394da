# shellcheck shell=bash
# Bringing uploads back: one snapshot of the repository in a copy, below a directory, with owners, modes and times.
#
# restic reads every file it wrote again and compares it with the snapshot. No lock is taken: a restore works beside
# whatever holds one, and with a key that may only read.

# shellcheck source=../restore-directory.sh
source "$LIB/restore-directory.sh"

restore_prepare() {
  need_tools restic ssh
  directory_prepare
  restic_says_in "$WORK"
  install -d -m 0700 "$GRANARY_CACHE"
  # What this host has are the files themselves, no backup of them.
  if [[ $COPY == local ]]; then
    COPY=$(conf GRANARY_COPIES)
    COPY=${COPY%% *}
    log copy-chosen "copy=$COPY" "message=files are in the copies alone; --copy names another one"
  fi
}

restore_cleanup() {
  restic_stop
  directory_drop
}

# restore_fail CLASS: what restic could not do. Anything but a copy that is out of reach, or a full disk here, is damage.
restore_fail() {
  local said
  said=$(restic_said)
  case $1 in
    key) fail repository-key "the password does not open the repository in copy $COPY: $said" "copy=$COPY" ;;
    full) fail restore-failed "there is no room for the files: $said" "directory=$INTO" ;;
    absent) fail fetch-failed "copy $COPY has no repository of job $JOB, or does not answer: $said" ;;
  esac
  if grep -qE 'error talking HTTP to rclone|unable to open repository|connection refused|Permission denied' "$WORK/restic.err"; then
    fail fetch-failed "copy $COPY could not be read: $said"
  fi
  fail artifact-corrupt "the repository in copy $COPY is damaged: $said" "copy=$COPY"
}

# snapshot_restore: --verify reads back what was written here.
snapshot_restore() {
  local status=0 options=()
  if [[ -n $ONLY ]]; then options+=(--include "${GRANARY_ROOT:-}$ONLY"); fi
  restic_run "$COPY" --no-lock restore "$(jq -r .snapshot "$MANIFEST")" --target "$PART" --verify "${options[@]}" || status=$?
  if ((status != 0)); then restore_fail "$(restic_class "$status")"; fi
}

# files_compare: all of them, or of --only at least one. Prints {files, bytes} as found.
files_compare() {
  local found
  found=$(find "$PART" -type f -printf '%s\n' | jq -cs '{files: length, bytes: (add // 0)}')
  if [[ -n $ONLY ]]; then
    [[ -e $PART${GRANARY_ROOT:-}$ONLY ]] || fail manifest "the backup $STAMP holds no $ONLY"
  else
    jq -e --argjson found "$found" '{files, bytes} == $found' "$MANIFEST" >/dev/null ||
      fail compare-failed "saved $(jq -c '{files, bytes}' "$MANIFEST"), restored $found" "directory=$INTO"
  fi
  printf '%s' "$found"
}

restore_run() {
  local found
  if [[ -z $(conf GRANARY_RESTIC_PASSWORD) ]]; then timed escrow escrow_open "$COPY"; fi
  timed restore snapshot_restore
  found=$(files_compare)
  chmod 0755 "$PART"
  directory_done
  if (($(jq .unread "$MANIFEST") > 0)); then
    log incomplete "message=$(jq .unread "$MANIFEST") files could not be read when this backup was made, and are not in it"
  fi
  restored "$(jq -c --arg directory "$INTO" --argjson found "$found" '{directory: $directory, snapshot, compared: $found, unread}' "$MANIFEST")"
}
