# shellcheck shell=bash
# Copying from bucket to bucket. Nothing is ever deleted or overwritten in the replica: only what it does not have is sent,
# --immutable, so what happens to an object at the source after it was copied never reaches it.

# replica_rclone ARGUMENT...: a subshell, so that only this rclone sees the two keys.
replica_rclone() (
  copy_environment "$FROM"
  copy_environment "$TO"
  export GOMEMLIMIT=48MiB
  exec rclone "${RCLONE_FLAGS[@]}" "$@"
)

# replica_metadata: prints the option that keeps what an upload says about itself (cache control), where rclone knows it.
# Its type is kept anyway.
replica_metadata() {
  local flags
  [[ $(conf GRANARY_REPLICA_HOLDS) == uploads ]] || return 0
  flags=$(rclone --config /dev/null help flags 2>&1)
  if [[ $flags == *' --metadata '* ]]; then printf '%s' --metadata; fi
}

# replica_copy LIST PREFIX: the keys of a list to below a prefix of the replica. Leaves why it failed in PROBLEMS.
replica_copy() {
  local metadata
  [[ -s $1 ]] || return 0
  metadata=$(replica_metadata)
  replica_rclone copy --immutable --checksum --no-traverse --transfers 4 ${metadata:+"$metadata"} --files-from-raw "$1" \
    "$(copy_path "$FROM" '')" "$(copy_path "$TO" "$2")" 2>"$WORK/rclone.err" || PROBLEMS+=("$(rclone_said)")
}

# replica_data DIFFERENCES: all but manifests. Of a repository first the packs, then what points at them; no snapshot if
# anything it may need did not arrive.
replica_data() {
  replica_keys "$1" missing artifact pack escrow upload >"$WORK/list"
  replica_copy "$WORK/list" ''
  replica_keys "$1" missing index >"$WORK/list"
  replica_copy "$WORK/list" ''
  replica_keys "$1" changed upload escrow >"$WORK/list"
  replica_copy "$WORK/list" "$(conf GRANARY_REPLICA_CHANGED)/$STAMP"
  ((${#PROBLEMS[@]} == 0)) || return 0
  replica_keys "$1" missing snapshot >"$WORK/list"
  replica_copy "$WORK/list" ''
}

# manifest_parts FILE PREFIX: prints key and SHA-256 of all that a manifest is about: its artifacts, or of a files job the
# snapshot, which restic names after its content, and whose packs are in the replica before it.
manifest_parts() {
  jq -r --arg prefix "$2" 'if .artifacts == [] then "\(.repository)/snapshots/\(.snapshot) \(.snapshot)"
    else .artifacts[] | "\($prefix)/\(.name) \(.encrypted.sha256)" end' "$1" 2>/dev/null
}

# manifest_proved FILE PREFIX: whether the replica gives back, read in full, everything that a manifest names.
manifest_proved() {
  local key sha found count=0
  while read -r key sha; do
    [[ $key =~ ^[a-z]+(/[A-Za-z0-9][A-Za-z0-9._-]*)+$ && $sha =~ ^[0-9a-f]{64}$ ]] || return 1
    found=$(copy_sha "$TO" "$key") || found=
    if [[ $found != "$sha" ]]; then
      log unproved "artifact=$key" "message=the replica does not have what its manifest says"
      return 1
    fi
    count=$((count + 1))
  done < <(manifest_parts "$1" "$2")
  ((count > 0))
}

# replica_manifests DIFFERENCES: last, and each only once the replica has given back what it is about.
replica_manifests() {
  local key
  replica_keys "$1" missing manifest >"$WORK/list"
  [[ -s $WORK/list ]] || return 0
  mkdir "$WORK/manifests"
  replica_rclone copy --no-traverse --files-from-raw "$WORK/list" "$(copy_path "$FROM" '')" "$WORK/manifests" \
    2>"$WORK/rclone.err" || PROBLEMS+=("$(rclone_said)")
  : >"$WORK/proved"
  while IFS= read -r key; do
    if [[ ! -e $WORK/manifests/$key ]]; then continue; fi
    if manifest_proved "$WORK/manifests/$key" "${key%/*}"; then printf '%s\n' "$key" >>"$WORK/proved"; fi
  done <"$WORK/list"
  [[ -s $WORK/proved ]] || return 0
  copy_rclone "$TO" copy --immutable --no-traverse --files-from-raw "$WORK/proved" "$WORK/manifests" \
    "$(copy_path "$TO" '')" 2>"$WORK/rclone.err" || PROBLEMS+=("$(rclone_said)")
}
