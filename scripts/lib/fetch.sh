# shellcheck shell=bash
# Choosing a backup in a copy, and opening its artifacts.

# stamp_soon: prints what no stamp is later than, if the clocks are right: two that differ by five minutes are not both.
stamp_soon() { date -u -d '5 minutes' +%Y%m%dT%H%M%SZ; }

# manifest_choose DIRECTORY AT: prints the manifest's path: latest, the one of a stamp, or the newest not after a time.
# What is dated in the future is not the latest: it is of a wrong clock, or of somebody who wants it to be restored.
manifest_choose() {
  local limit file chosen=
  case $2 in
    latest) limit=$(stamp_soon) ;;
    [0-9]*T[0-9]*Z) limit=${2//[-:]/} ;;
    *) limit=$(date -u -d "$2" +%Y%m%dT%H%M%SZ) || fail usage "--at '$2' is neither latest, nor a stamp, nor a time" ;;
  esac
  for file in "$1"/*.json; do
    if [[ -e $file && ! $(basename "$file" .json) > $limit ]]; then chosen=$file; fi
    if [[ -e $file && $2 == latest && $chosen != "$file" ]]; then
      log future-dated "copy=$COPY" "stamp=$(basename "$file" .json)" "message=not taken for the latest; --at with its stamp restores it"
    fi
  done
  [[ -n $chosen ]] || fail manifest "copy $COPY has no backup of job $JOB at or before '$2'"
  if [[ $2 =~ ^[0-9]{8}T[0-9]{6}Z$ && $(basename "$chosen" .json) != "$2" ]]; then
    fail manifest "copy $COPY has no backup of job $JOB with the stamp $2"
  fi
  printf '%s' "$chosen"
}

# artifact_field MANIFEST ROLE FILTER
artifact_field() { jq -r --arg role "$2" ".artifacts[] | select(.role == \$role) | $3" "$1"; }

ARTIFACT_PREFIX= # where artifact_read looks in a copy; empty: where the daily artifacts of the job are

# artifact_read COPY NAME: prints an artifact as the copy gives it.
artifact_read() {
  if [[ $1 == local ]]; then
    cat "$GRANARY_BACKUPS/$JOB/$2" 2>"$WORK/rclone.err"
  else
    copy_rclone "$1" cat "$(copy_path "$1" "${ARTIFACT_PREFIX:-$(job_prefix)}/$2")" 2>"$WORK/rclone.err"
  fi
}

# decompress_into SINK...: what is on standard input, decompressed: into the file after --to, or else into a command. Leaves
# the exit statuses of zstd and of the command. A file is written by zstd itself: one pass less over all of it.
decompress_into() {
  local status=(0 0)
  if [[ $1 == --to ]]; then
    zstd -dcq >"$2" 2>"$WORK/zstd.err" || status=("$?" 0)
  else
    zstd -dcq 2>"$WORK/zstd.err" | "$@" || status=("${PIPESTATUS[@]}")
  fi
  printf '%s %s\n' "${status[@]}" >"$WORK/opened.status"
}

# artifact_open COPY MANIFEST ROLE SINK...: fetches, hashes, decrypts and decompresses in one stream into SINK (as above),
# so that it takes as long as the slowest of these and no longer. What SINK got counts only once this returns.
artifact_open() {
  local name sha hasher zstd sink status=(0 0 0 0) from=$1
  read -r name sha <<<"$(artifact_field "$2" "$3" '"\(.name) \(.encrypted.sha256)"')"
  [[ -n $name ]] || fail manifest "the backup $STAMP has no artifact '$3'"
  shift 3
  rm -f "$WORK/to-hash"
  mkfifo -m 600 "$WORK/to-hash"
  sha256 <"$WORK/to-hash" >"$WORK/opened.sha" &
  hasher=$!
  # nopipe: the hash is taken to the end even if age has stopped, to tell a damaged artifact from a wrong identity.
  artifact_read "$from" "$name" | tee --output-error=exit-nopipe "$WORK/to-hash" |
    age -d -i "$IDENTITY" 2>"$WORK/age.err" | decompress_into "$@" || status=("${PIPESTATUS[@]}")
  wait "$hasher"
  read -r zstd sink <"$WORK/opened.status"
  ((status[0] == 0)) || fail fetch-failed "$name could not be read from copy $from: $(rclone_said)"
  [[ $(<"$WORK/opened.sha") == "$sha" ]] || fail artifact-corrupt "$name in copy $from differs from its manifest"
  # Before the sink: without the right identity it gets nothing, and may take offence at that.
  if ((status[2] != 0)) && grep -qE 'no identity matched|identity file|malformed secret key|reading "' "$WORK/age.err"; then
    fail identity-wrong "age: $(sed -n '1s/^age: error: //p' "$WORK/age.err")"
  fi
  ((sink == 0)) || fail restore-failed "the opened $name could not be written"
  ((status[2] == 0)) ||
    fail artifact-corrupt "$name cannot be decrypted: $(sed -n '1s/^age: error: //p' "$WORK/age.err")"
  if grep -qs 'No space left' "$WORK/zstd.err"; then fail restore-failed "the opened $name could not be written: no space left"; fi
  ((status[1] == 0 && zstd == 0)) || fail artifact-corrupt "$name cannot be decompressed: $(last_line "$WORK/zstd.err")"
}
