# shellcheck shell=bash
# The artifacts of one run: sealed one after the other, then published together on this host.

ARTIFACTS=()      # JSON, one an artifact
FACTS='{}'        # what the kind tells in the manifest, JSON
PHASE_TIMES='{}'  # seconds by artifact, JSON

# facts JSON: what the kind tells in the manifest beside what all tell.
facts() { FACTS=$1; }

# artifact ROLE EXTENSION HEAD COMMAND...: seals what COMMAND prints, which must begin with HEAD, as STAMP.EXTENSION.zst.age.
artifact() {
  local role=$1 name=$STAMP.$2.zst.age started
  started=$(now_us)
  seal "$DIR/$name" "${@:3}"
  ARTIFACTS+=("$(artifact_json "$name" "$role")")
  PHASE_TIMES=$(times_with "$PHASE_TIMES" "$role" "$(seconds_since "$started")")
}

# manifest_make: $WORK/manifest.json, of all the artifacts of this run.
manifest_make() { manifest_write "$STAMP" "$FACTS" "$PHASE_TIMES" "${ARTIFACTS[@]}" >"$WORK/manifest.json"; }

# publish_local: the renames; a manifest never stands beside an artifact that is not there.
publish_local() {
  local name
  while read -r name; do mv "$DIR/$name.partial" "$DIR/$name"; done < <(jq -r '.artifacts[].name' "$WORK/manifest.json")
  manifest_for_copy "$WORK/manifest.json" local daily 0 >"$DIR/$STAMP.json.partial"
  sync "$DIR/$STAMP.json.partial"
  mv "$DIR/$STAMP.json.partial" "$DIR/$STAMP.json"
  sync "$DIR"
  log published "copy=local" "stamp=$STAMP"
}
