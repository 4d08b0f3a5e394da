# shellcheck shell=bash
# Base backups: pg_basebackup through the doors of the database into one sealed tar, and what makes it count in a copy.

BASE_FACTS='{}' # JSON for the manifest

# base_prefix CHAIN: prints where the base backups of a chain are, in every copy.
base_prefix() { printf 'base/%s/%s/%s' "$(conf GRANARY_HOST)" "$(conf GRANARY_JOB)" "$1"; }

# base_stream: the tar, on standard output, with the server's own manifest of every file in it. Without the log: that is
# in every copy anyway. A checkpoint at once, or a quiet server would let us wait for minutes.
base_stream() {
  local options=(-U "$PG_USER" --no-password -D - -Ft -X none -c fast -l "granary $STAMP")
  if [[ -z $PG_CONTAINER ]]; then
    PGOPTIONS='' pg_exec env LC_ALL=C pg_basebackup "${options[@]}"
  fi
  # Through a fifo: docker's own standard output is three times slower and keeps a processor busy.
  sidecar_remove "granary-base-$JOB"
  sidecar "granary-base-$JOB" "$WORK:/out" sh -c 'exec pg_basebackup "$@" >/out/raw' pg_basebackup "${options[@]}"
}

# base_seal: the sealed tar, and what is known about it from the server, before and after.
base_seal() {
  local start timeline started
  server_facts || fail database-unreachable "the server does not answer: $(last_line "$WORK/facts.err")"
  start=$SERVER_LSN timeline=$SERVER_TIMELINE started=$EPOCHSECONDS
  seal "$DIR/$STAMP.base.tar.zst.age" backup_label base_stream
  mv "$DIR/$STAMP.base.tar.zst.age.partial" "$DIR/$STAMP.base.tar.zst.age"
  server_facts || fail database-unreachable "the server does not answer: $(last_line "$WORK/facts.err")"
  [[ $timeline == "$SERVER_TIMELINE" ]] || fail dump-failed "the server changed its timeline during the base backup"
  BASE_FACTS=$(jq -cn --arg system "$CHAIN_SYSTEM" --arg chain "$CHAIN" --argjson timeline "$timeline" \
    --argjson startLsn "$start" --argjson endLsn "$SERVER_LSN" --argjson size "$SERVER_SEGMENT" --argjson started "$started" \
    --argjson ended "$EPOCHSECONDS" --argjson version "$SERVER_VERSION" '
    {system: $system, chain: $chain, serverVersion: $version, timeline: $timeline, startLsn: $startLsn, endLsn: $endLsn,
     segmentBytes: $size, started: ($started | todate), ended: ($ended | todate)}')
}

# base_manifest: prints the manifest. startLsn and endLsn are numbers of bytes, and no narrower than the backup's own.
base_manifest() {
  jq -n --arg stamp "$STAMP" --arg host "$(conf GRANARY_HOST)" --arg job "$JOB" --argjson facts "$BASE_FACTS" \
    --argjson artifact "$(artifact_json "$STAMP.base.tar.zst.age" base)" --argjson tools "$(tool_versions)" \
    --argjson seconds "$1" --argjson recipients "$(wc -w <<<"$(conf GRANARY_RECIPIENTS)")" '
    {schema: 1, host: $host, job: $job, kind: "postgres", tier: "base", stamp: $stamp, artifacts: [$artifact],
     wal: $facts, tools: $tools, seconds: {base: $seconds}, recipients: $recipients}'
}

# base_manifest_valid FILE SYSTEM: whether it is one of this job and of its name.
base_manifest_valid() {
  jq -e --arg stamp "$(basename "$1" .json)" --arg host "$(conf GRANARY_HOST)" --arg job "$(conf GRANARY_JOB)" --arg system "$2" '
    .schema == 1 and .tier == "base" and .host == $host and .job == $job and .stamp == $stamp
    and ($stamp | test("^[0-9]{8}T[0-9]{6}Z$")) and .copy.verified == true and .wal.system == $system
    and ([.artifacts[].name] == [$stamp + ".base.tar.zst.age"])
    and (.artifacts[0].encrypted.sha256 | test("^[0-9a-f]{64}$"))
    and ([.wal | .timeline, .startLsn, .endLsn, .segmentBytes | type == "number"] | all)
    and (.wal.ended | test("^[0-9T:-]+Z$"))' "$1" >/dev/null 2>&1
}

# base_log_wait COPY: until everything up to the end of the base backup is in the copy; it counts for nothing before.
# Later than that second: in the same one the server may have been looked at before the end.
base_log_wait() {
  local ended newest waited
  ended=$(jq -r '.ended | fromdate' <<<"$BASE_FACTS")
  for ((waited = 0; waited < $(conf GRANARY_BASE_WAIT 300); waited++)); do
    newest=$(cat "$SPOOL/copies/$1.newest" 2>/dev/null || printf 0)
    if ((newest > ended)); then return 0; fi
    sleep 1
  done
  fail copy-failed "the log of the base backup did not reach copy $1: see granary-wal $JOB --status" "copy=$1"
}

# base_log_check COPY: the log from the beginning of the base backup to its end, without a gap, as the copy lists it.
base_log_check() {
  local start size last
  start=$(jq .startLsn <<<"$BASE_FACTS") size=$(jq .segmentBytes <<<"$BASE_FACTS")
  pieces_list "$1" "$CHAIN_SYSTEM" >"$WORK/pieces"
  chain_segments "$WORK/pieces" >"$WORK/segments"
  chain_walk "$WORK/segments" "$(jq .timeline <<<"$BASE_FACTS")" $((start / size)) "$size"
  chain_whole || fail wal-gap "segment $CHAIN_MISSING is missing or not whole in copy $1" "copy=$1"
  last=${CHAIN_SEGMENTS[-1]}
  (($(segment_number "$last" "$size") >= ($(jq .endLsn <<<"$BASE_FACTS") - 1) / size)) ||
    fail wal-gap "the log in copy $1 ends at segment $last, before the end of the base backup" "copy=$1"
}

# base_send COPY: the tar, then the log it needs, then the manifest that makes it count.
base_send() {
  local name=$STAMP.base.tar.zst.age prefix dir=$WORK/copy.$1 started
  started=$(now_us)
  prefix=$(base_prefix "$CHAIN_SYSTEM")
  copy_put "$1" "$prefix" "$DIR" "$name"
  copy_compare "$1" "$prefix/$name" "$SEALED_SHA"
  base_log_wait "$1"
  base_log_check "$1"
  mkdir "$dir"
  jq -S --arg name "$1" --argjson seconds "$(seconds_since "$started")" \
    '.copy = {name: $name, verified: true, seconds: $seconds}' "$WORK/manifest.json" >"$dir/$STAMP.json"
  copy_put "$1" "$prefix" "$dir" "$STAMP.json"
  copy_compare "$1" "$prefix/$STAMP.json" "$(sha256 <"$dir/$STAMP.json")"
  log copy "copy=$1" "tier=base" "verified=true" "stamp=$STAMP" "seconds=$(seconds_since "$started")"
}
