# shellcheck shell=bash
# Manifests: the JSON beside the artifacts that makes them count. Written last, read as untrusted.

# manifest_for_copy FILE COPY TIER SECONDS: prints the manifest as it is kept in a tier of a copy.
manifest_for_copy() {
  jq -S --arg name "$2" --arg tier "$3" --argjson seconds "$4" \
    '.tier = $tier | .copy = {name: $name, verified: true, seconds: $seconds}' "$1"
}

# manifest_stamp FILE: prints the stamp a manifest of this run is of: 20261123T030000Z. Asked for often, so without jq.
manifest_stamp() {
  local text
  text=$(<"$1")
  [[ $text =~ \"created\":\ *\"([0-9TZ:-]+)\" ]] || fail internal "$1 says no time"
  printf '%s' "${BASH_REMATCH[1]//[-:]/}"
}

# manifest_write STAMP FACTS SECONDS ARTIFACT...: prints the manifest; all but the stamp are JSON.
manifest_write() {
  local stamp=$1 facts=$2 seconds=$3
  local created="${stamp:0:4}-${stamp:4:2}-${stamp:6:2}T${stamp:9:2}:${stamp:11:2}:${stamp:13:2}Z"
  jq -n --arg host "$(conf GRANARY_HOST)" --arg job "$(conf GRANARY_JOB)" --arg kind "$(conf GRANARY_KIND)" \
    --arg created "$created" --argjson seconds "$seconds" --argjson tools "$(tool_versions)" \
    --argjson recipients "$(wc -w <<<"$(conf GRANARY_RECIPIENTS)")" --slurpfile facts <(printf '%s' "$facts") \
    --slurpfile artifacts <(printf '%s\n' "${@:4}") '
    {schema: 1, host: $host, job: $job, kind: $kind, created: $created, artifacts: $artifacts,
     tools: $tools, seconds: $seconds, recipients: $recipients} + $facts[0]'
}

# manifest_valid FILE: whether it is a manifest of this job and of that name, and names nothing but its own artifacts.
manifest_valid() {
  jq -e --arg stamp "$(basename "$1" .json)" --arg host "$(conf GRANARY_HOST)" --arg job "$(conf GRANARY_JOB)" \
    --arg kind "$(conf GRANARY_KIND)" '
    def hash: type == "object" and (.sha256 | test("^[0-9a-f]{64}$")) and (.bytes | type == "number");
    .schema == 1 and .host == $host and .job == $job and .kind == $kind and ($stamp | test("^[0-9]{8}T[0-9]{6}Z$"))
    and (.created | gsub("[-:]"; "")) == $stamp and .copy.verified == true
    and all(.artifacts[]; .name | test("^" + $stamp + "\\.[a-z.]+\\.zst\\.age$"))
    and ([.artifacts[].name] | length == (unique | length))
    and all(.artifacts[]; (.plain | hash) and (.encrypted | hash))' "$1" >/dev/null 2>&1
}

# manifests_fetch COPY DIRECTORY [TIER]: puts the manifests of a copy into DIRECTORY, and drops what is not a valid one.
manifests_fetch() {
  local file status=0
  if [[ $1 == local ]]; then
    for file in "$GRANARY_BACKUPS/$(conf GRANARY_JOB)"/*.json; do
      if [[ -e $file ]]; then cp "$file" "$2/"; fi
    done
  else
    copy_rclone "$1" copy --include '*.json' --max-depth 1 "$(copy_path "$1" "$(job_prefix "${3:-daily}")")" "$2" \
      2>"$WORK/rclone.err" || status=$?
    # 3: the directory does not exist, so no backup was ever made there.
    ((status == 0 || status == 3)) || fail fetch-failed "copy $1 could not be listed: $(rclone_said)"
  fi
  for file in "$2"/*.json; do
    if [[ -e $file ]] && ! manifest_valid "$file"; then
      log manifest-ignored "copy=$1" "file=$(basename "$file")" "reason=not a valid manifest of this job"
      rm -f "$file"
    fi
  done
}
