# shellcheck shell=bash
# Whether every base backup in a copy still has its log behind it, piece by piece, told from what the copy lists.

VERIFY_GAPS=0 # gaps that no base backup was made after

# bases_fetch COPY DIRECTORY: the manifests of the base backups of the job, DIRECTORY/SYSTEM/STAMP.json; others are dropped.
bases_fetch() {
  local file system status=0
  mkdir -p "$2"
  copy_rclone "$1" copy --include '*/*.json' "$(copy_path "$1" "$(job_prefix base)")" "$2" 2>"$WORK/rclone.err" || status=$?
  # 3: the directory does not exist, so there are none.
  ((status == 0 || status == 3)) || fail fetch-failed "copy $1 could not be listed: $(rclone_said)"
  for file in "$2"/*/*.json; do
    system=$(basename "$(dirname "$file")")
    base_manifest_valid "$file" "$system" && continue
    log manifest-ignored "copy=$1" "file=$system/$(basename "$file")" "reason=not a valid manifest of this job"
    rm -f "$file"
  done
}

# gap_open COPY BASE SEGMENT NEWEST: whether nothing was done about a gap since it was found: what is behind it cannot be
# had from this copy any more, and a base backup made afterwards is all that helps. NEWEST: the stamp of the last one.
gap_open() {
  local file=$GRANARY_STATE/$JOB.gaps found
  touch "$file"
  found=$(awk -v key="$1/$2/$3" '$1 == key { print $2 }' "$file")
  if [[ -z $found ]]; then
    found=$(date -u +%Y%m%dT%H%M%SZ)
    printf '%s %s\n' "$1/$2/$3" "$found" >>"$file"
  fi
  [[ ! $4 > $found ]]
}

# base_verify COPY MANIFEST NEWEST NEWEST_CHAIN: prints a line of JSON. The gap where an older chain ended was told then.
base_verify() {
  local size chain
  size=$(jq .wal.segmentBytes "$2") chain=$(jq -r .wal.chain "$2")
  chain_walk "$WORK/segments" "$(jq .wal.timeline "$2")" $(($(jq .wal.startLsn "$2") / size)) "$size"
  if ! chain_whole && [[ $chain == "$4" ]]; then
    if gap_open "$1" "$(basename "$2" .json)" "$CHAIN_MISSING" "$3"; then VERIFY_GAPS=$((VERIFY_GAPS + 1)); fi
    log gap "copy=$1" "base=$(basename "$2" .json)" "segment=$CHAIN_MISSING" "until=$CHAIN_END"
  fi
  jq -c --arg copy "$1" --arg until "$CHAIN_END" --arg missing "$CHAIN_MISSING" '
    {copy: $copy, base: .stamp, system: .wal.system, chain: .wal.chain, until: $until,
     missing: (if $missing == "" then null else $missing end)}' "$2"
}

# copy_verify COPY: every base backup of it. Fails when there is none.
copy_verify() {
  local file system='' newest='' chain=''
  bases_fetch "$1" "$WORK/bases.$1"
  for file in "$WORK/bases.$1"/*/*.json; do
    if [[ $(basename "$file") > $newest ]]; then newest=$(basename "$file") chain=$(jq -r .wal.chain "$file"); fi
  done
  [[ -n $newest ]] || fail wal-gap "copy $1 has no base backup of job $JOB" "copy=$1"
  for file in "$WORK/bases.$1"/*/*.json; do
    if [[ $(basename "$(dirname "$file")") != "$system" ]]; then
      system=$(basename "$(dirname "$file")")
      pieces_list "$1" "$system" >"$WORK/names"
      chain_segments "$WORK/names" >"$WORK/segments"
    fi
    base_verify "$1" "$file" "${newest%.json}" "$chain"
  done
}

# wal_verify: every copy, and the failure only after all of them.
wal_verify() {
  local copy
  for copy in $(conf GRANARY_COPIES); do copy_verify "$copy"; done
  ((VERIFY_GAPS == 0)) || fail wal-gap "pieces of the log are missing behind base backups, see the lines before: run granary-base $JOB" "gaps=$VERIFY_GAPS"
}
