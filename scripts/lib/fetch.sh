# shellcheck shell=bash
# Choosing a backup in a copy, fetching its artifacts and opening them.

# manifest_choose DIRECTORY AT: prints the manifest's path: latest, the one of a stamp, or the newest not after a time.
manifest_choose() {
  local limit file chosen=
  case $2 in
    latest) limit=99999999T999999Z ;;
    [0-9]*T[0-9]*Z) limit=${2//[-:]/} ;;
    *) limit=$(date -u -d "$2" +%Y%m%dT%H%M%SZ) || fail usage "--at '$2' is neither latest, nor a stamp, nor a time" ;;
  esac
  for file in "$1"/*.json; do
    if [[ -e $file && ! $(basename "$file" .json) > $limit ]]; then chosen=$file; fi
  done
  [[ -n $chosen ]] || fail manifest "copy $COPY has no backup of job $JOB at or before '$2'"
  if [[ $2 =~ ^[0-9]{8}T[0-9]{6}Z$ && $(basename "$chosen" .json) != "$2" ]]; then
    fail manifest "copy $COPY has no backup of job $JOB with the stamp $2"
  fi
  printf '%s' "$chosen"
}

# artifact_field MANIFEST ROLE FILTER
artifact_field() { jq -r --arg role "$2" ".artifacts[] | select(.role == \$role) | $3" "$1"; }

# artifact_fetch COPY MANIFEST ROLE DIRECTORY: sets FETCHED. What an interrupted restore fetched in full is not fetched again.
artifact_fetch() {
  local name sha
  name=$(artifact_field "$2" "$3" .name)
  sha=$(artifact_field "$2" "$3" .encrypted.sha256)
  FETCHED=$4/$name
  if [[ $1 == local ]]; then
    FETCHED=$GRANARY_BACKUPS/$JOB/$name
    [[ -e $FETCHED ]] || fail artifact-corrupt "$FETCHED is named by its manifest but is not there"
  elif [[ ! -e $FETCHED || $(sha256 <"$FETCHED") != "$sha" ]]; then
    copy_rclone "$1" copyto "$(copy_path "$1" "$(job_prefix)/$name")" "$FETCHED" 2>"$WORK/rclone.err" ||
      fail fetch-failed "$name could not be fetched from copy $1: $(rclone_said)"
  fi
  if [[ $(sha256 <"$FETCHED") != "$sha" ]]; then
    [[ $1 == local ]] || rm -f "$FETCHED"
    fail artifact-corrupt "$name in copy $1 differs from its manifest"
  fi
}

# artifact_open FILE COMMAND...: decrypts and decompresses FILE into COMMAND.
artifact_open() {
  local file=$1 status=(0 0 0)
  shift
  age -d -i "$IDENTITY" "$file" 2>"$WORK/age.err" | zstd -dcq 2>"$WORK/zstd.err" | "$@" || status=("${PIPESTATUS[@]}")
  if ((status[2] != 0)); then fail restore-failed "the opened $(basename "$file") could not be written (${status[2]})"; fi
  if ((status[0] != 0)); then
    if grep -qE 'no identity matched|identity file|malformed secret key|reading "' "$WORK/age.err"; then
      fail identity-wrong "age: $(sed -n '1s/^age: error: //p' "$WORK/age.err")"
    fi
    fail artifact-corrupt "$(basename "$file") cannot be decrypted: $(sed -n '1s/^age: error: //p' "$WORK/age.err")"
  fi
  ((status[1] == 0)) || fail artifact-corrupt "$(basename "$file") cannot be decompressed: $(last_line "$WORK/zstd.err")"
}
