# shellcheck shell=bash
# The copies, through rclone. Remotes exist only as RCLONE_CONFIG_* in the environment of each call, so a credential is
# in no argument and no file but the job's settings.

# Waits are bounded and retries few: a copy that is down must be reported, not waited for. 48 MiB for the Go heap keeps
# rclone small; two parts of 8 MiB in flight fill a 1 Gbit/s line.
readonly RCLONE_FLAGS=(
  --config /dev/null --contimeout 15s --timeout 5m --retries 3 --low-level-retries 3
  --buffer-size 4M --use-mmap --s3-chunk-size 8M --s3-upload-concurrency 2
  # A key that may only touch its objects cannot ask for the bucket; the artifact is read back, so no MD5 beforehand.
  --s3-no-check-bucket --s3-disable-checksum
)

RCLONE_MORE=() # for some calls: a later flag wins

# rclone_impatient: from here on a copy that does not answer soon is given up. For a subshell.
rclone_impatient() { RCLONE_MORE=(--contimeout 5s --timeout 10s --retries 1 --low-level-retries 1); }

# copy_environment COPY: exports the credentials of one copy. Only in a subshell: nothing else may see them.
copy_environment() {
  local key
  for key in "${!CONF[@]}"; do
    if [[ $key == RCLONE_CONFIG_"${1^^}"_* ]]; then export "$key=${CONF[$key]}"; fi
  done
}

# copy_rclone COPY ARGUMENT...: a subshell, so that only this rclone sees the credentials of this copy.
copy_rclone() (
  copy_environment "$1"
  export GOMEMLIMIT=48MiB
  exec rclone "${RCLONE_FLAGS[@]}" "${RCLONE_MORE[@]}" "${@:2}"
)

# rclone_said: the last message of rclone; its indented lines are only details of the one before.
rclone_said() { awk '/^[^ \t]/ { line = $0 } END { sub(/^[0-9\/]+ [0-9:]+ /, "", line); print line }' "$WORK/rclone.err"; }

# copy_check NAME: it must be one of the settings.
copy_check() {
  [[ " $(conf GRANARY_COPIES) " == *" $1 "* ]] || fail usage "copy '$1' is none of: local $(conf GRANARY_COPIES)"
}

# copy_path COPY KEY: prints the rclone path of a key.
copy_path() {
  local root
  root=$(conf "GRANARY_COPY_${1^^}_ROOT")
  printf '%s:%s%s' "$1" "${root:+${root%/}/}" "$2"
}

# job_prefix [TIER]: prints where the artifacts of this job are, in every copy. Default: daily.
job_prefix() { printf '%s/%s/%s' "${1:-daily}" "$(conf GRANARY_HOST)" "$(conf GRANARY_JOB)"; }

# copy_put COPY PREFIX DIRECTORY NAME...: files of DIRECTORY to below a prefix of the copy. --immutable, because a key is written
# once: a different object that has it already is somebody else's and must stay (a locked R2 bucket would refuse anyway,
# SFTP would overwrite). rclone heeds it only when it copies directories, hence the list and not copyto.
copy_put() {
  local copy=$1 prefix=$2 dir=$3
  shift 3
  copy_rclone "$copy" copy --immutable --no-traverse --transfers 1 --files-from-raw - \
    "$dir" "$(copy_path "$copy" "$prefix")" 2>"$WORK/rclone.err" < <(printf '%s\n' "$@") ||
    fail copy-failed "upload to copy $copy failed: $(rclone_said)" "copy=$copy"
}

# copy_sha COPY KEY: prints the hash of what the copy gives back, read in full.
copy_sha() { copy_rclone "$1" cat "$(copy_path "$1" "$2")" 2>"$WORK/rclone.err" | sha256; }

# copy_compare COPY KEY SHA: reads back.
copy_compare() {
  local found
  found=$(copy_sha "$1" "$2") ||
    fail copy-failed "read-back from copy $1 failed: $(rclone_said)" "copy=$1" "artifact=$2"
  [[ $found == "$3" ]] || fail copy-failed "copy $1 gave back something else than was sent" "copy=$1" "artifact=$2"
}

# copy_send COPY MANIFEST DIRECTORY [TIER]: the artifacts of a manifest, then the manifest that makes them count.
copy_send() {
  local copy=$1 tier=${4:-daily} name names=() shas=() started stamp sha prefix
  started=$(now_us)
  prefix=$(job_prefix "$tier")
  stamp=$(manifest_stamp "$2")
  while read -r name sha; do
    names+=("$name") shas+=("$sha")
  done < <(jq -r '.artifacts[] | "\(.name) \(.encrypted.sha256)"' "$2")
  copy_put "$copy" "$prefix" "$3" "${names[@]}"
  for name in "${!names[@]}"; do copy_compare "$copy" "$prefix/${names[$name]}" "${shas[$name]}"; done
  manifest_send "$copy" "$2" "$tier" "$(seconds_since "$started")"
  log copy "copy=$copy" "tier=$tier" "verified=true" "stamp=$stamp" "seconds=$(seconds_since "$started")"
}

# manifest_send COPY MANIFEST TIER SECONDS: written last, and read back.
manifest_send() {
  local dir=$WORK/copy.$1.$3 prefix name
  prefix=$(job_prefix "$3")
  name=$(manifest_stamp "$2").json
  mkdir "$dir"
  manifest_for_copy "$2" "$1" "$3" "$4" >"$dir/$name"
  copy_put "$1" "$prefix" "$dir" "$name"
  copy_compare "$1" "$prefix/$name" "$(sha256 <"$dir/$name")"
}

# copy_send_all COPY MANIFEST DIRECTORY: the daily backup, and the monthly and the annual one if this is the first.
copy_send_all() {
  copy_send "$@"
  tiers_promote "$@"
}

# each_copy COMMAND ARGUMENT...: COMMAND COPY ARGUMENT... for each copy in turn; one that fails stops no other. Sets
# COPIES_OK and COPIES_FAILED. A subshell in the background and not `if COMMAND`: there bash would ignore every failing
# command inside.
each_copy() {
  local copy command=$1
  shift
  COPIES_OK=() COPIES_FAILED=()
  for copy in $(conf GRANARY_COPIES); do
    "$command" "$copy" "$@" &
    if wait "$!"; then COPIES_OK+=("$copy"); else COPIES_FAILED+=("$copy"); fi
  done
}

# copies_send MANIFEST DIRECTORY
copies_send() { each_copy copy_send_all "$@"; }
