# shellcheck shell=bash
# seal: producer | zstd | age > FILE.partial, with the hashes of the compressed and of the encrypted stream taken on
# the way. Each stage is a process of its own on fifos, so that each one's exit status is waited for and known.
# The raw dump is not hashed: it is by far the largest stream, and zstd reports its exact size.

declare -gA STAGE_PID=()    # stage -> process id
declare -gA STAGE_STATUS=() # stage -> exit status
# From the end of the stream to its source: when several fail, the first of these is the cause and the rest its echo.
readonly STAGES_DOWNSTREAM="hash write encrypt plainhash head split compress produce ending"

STAGE_ENTER=:
SEAL_ENDING=no

# seal_ending yes|no: whether what is sealed next comes out of a container, with an ending (ending.sh).
seal_ending() { SEAL_ENDING=$1; }

# stages_enter COMMAND: is called first in each stage: a kind lets go there of what it holds open.
stages_enter() { STAGE_ENTER=$1; }

# stage NAME IN OUT COMMAND...: starts one.
stage() {
  local name=$1 in=$2 out=$3
  shift 3
  {
    "$STAGE_ENTER"
    # A program takes the place of this subshell, so that its process id is the stage's.
    if [[ $(type -t "$1") == file ]]; then exec "$@"; fi
    "$@"
  } <"$in" >"$out" 2>"$WORK/$name.err" &
  STAGE_PID[$name]=$!
}

# stage_head BYTES: prints the first bytes that a zstd stream holds, and reads the rest away.
stage_head() {
  { zstd -dcq 2>/dev/null || true; } | head -c "$1"
  cat >/dev/null
}

# stages_stop: ends what still runs.
stages_stop() {
  local name
  for name in "${!STAGE_PID[@]}"; do
    [[ -v STAGE_STATUS[$name] ]] || kill "${STAGE_PID[$name]}" 2>/dev/null || true
  done
}

# stages_wait: every exit status is taken.
stages_wait() {
  local name status
  for name in "${!STAGE_PID[@]}"; do
    status=0
    wait "${STAGE_PID[$name]}" || status=$?
    STAGE_STATUS[$name]=$status
  done
}

# disk_full: whether the disk of the artifacts has no room, or a stage said so.
disk_full() {
  local left
  left=$(df --output=avail -B1 "$WORK" | tail -n 1)
  ((left < 1048576)) || grep -qs 'No space left on device' "$WORK"/*.err
}

# stages_judge: a failure of the producer is the dump's; that of any other stage the artifact's.
stages_judge() {
  local name
  for name in $STAGES_DOWNSTREAM; do
    [[ ${STAGE_STATUS[$name]-0} != 0 ]] || continue
    if disk_full; then fail space "no space left on the disk while writing $(basename "$SEALED")"; fi
    if [[ $name == produce && ${STAGE_STATUS[$name]} == 137 && -s $WORK/snapshot.err ]]; then
      fail dump-failed "the snapshot session ended during the dump: $(last_line "$WORK/snapshot.err")"
    elif [[ $name == produce ]]; then
      fail dump-failed "reading ended with ${STAGE_STATUS[$name]}: $(last_line "$WORK/$name.err")"
    elif [[ $name == ending ]]; then
      fail dump-failed "the dump is cut off: $(last_line "$WORK/$name.err")"
    fi
    fail encrypt-failed "stage $name ended with ${STAGE_STATUS[$name]}: $(last_line "$WORK/$name.err")"
  done
}

# seal FILE HEAD COMMAND...: makes FILE.partial from what COMMAND prints, which must begin with HEAD, and verifies it.
# Sets SEALED_RAW, SEALED_PLAIN, SEALED_BYTES (bytes of the dump, compressed, encrypted), SEALED_PLAIN_SHA, SEALED_SHA.
seal() {
  local head=$2 recipient recipients=() fifos=("$WORK"/{marked,raw,zst,plain,age,disk,to-hash,to-head})
  SEALED=$1.partial
  shift 2
  for recipient in $(conf GRANARY_RECIPIENTS); do recipients+=(-r "$recipient"); done
  STAGE_PID=() STAGE_STATUS=()
  rm -f "${fifos[@]}"
  mkfifo -m 600 "${fifos[@]}"
  stage write "$WORK/age" "$WORK/disk" tee --output-error=exit "$SEALED"
  stage hash "$WORK/disk" "$WORK/sealed.sha" sha256
  stage encrypt "$WORK/plain" "$WORK/age" age "${recipients[@]}"
  stage plainhash "$WORK/to-hash" "$WORK/plain.sha" sha256
  stage head "$WORK/to-head" "$WORK/head" stage_head "${#head}"
  stage split "$WORK/zst" "$WORK/plain" tee --output-error=exit "$WORK/to-hash" "$WORK/to-head"
  # Level 1: beside pg_dump on two cores the compressor is what the dump waits for, and a shop's tables stay open longer.
  stage compress "$WORK/raw" "$WORK/zst" zstd -1 -T0 -c -vv
  if [[ $SEAL_ENDING == yes ]]; then
    stage ending "$WORK/marked" "$WORK/raw" ending_take
    stage produce /dev/null "$WORK/marked" "$@"
  else
    stage produce /dev/null "$WORK/raw" "$@"
  fi
  printf '%s\n' "${STAGE_PID[produce]}" >"$WORK/produce.pid"
  stages_wait
  rm -f "$WORK/produce.pid"
  stages_judge
  seal_verify "$head"
}

# seal_verify HEAD: what can be known of an encrypted file without the identity: its size to the byte, its recipients,
# its hash as read back from the disk, and that the stream in it began as it should.
seal_verify() {
  local header recipients expected on_disk chunks sizes name
  name=$(basename "$SEALED")
  sizes=$(zstd_sizes "$WORK/compress.err")
  [[ -n $sizes ]] || fail verify-failed "zstd reported no sizes: $(last_line "$WORK/compress.err")"
  read -r SEALED_RAW SEALED_PLAIN <<<"$sizes"
  SEALED_PLAIN_SHA=$(<"$WORK/plain.sha")
  SEALED_SHA=$(<"$WORK/sealed.sha")
  [[ $(<"$WORK/head") == "$1" ]] || fail verify-failed "the stream of $name does not begin as it must"
  header=$(LC_ALL=C sed '/^--- /q' <"$SEALED" | wc -c)
  recipients=$(LC_ALL=C sed '/^--- /q' <"$SEALED" | LC_ALL=C awk '/^-> X25519 /' | wc -l)
  [[ $recipients == "$(wc -w <<<"$(conf GRANARY_RECIPIENTS)")" ]] ||
    fail verify-failed "$name is encrypted to $recipients recipients, not to those of the settings"
  # age: header, 16 bytes of nonce, then chunks of 64 KiB with 16 bytes of tag each.
  chunks=$(((SEALED_PLAIN + 65535) / 65536))
  expected=$((header + 16 + SEALED_PLAIN + 16 * chunks))
  SEALED_BYTES=$(stat -c %s "$SEALED")
  [[ $SEALED_BYTES == "$expected" ]] || fail verify-failed "$name has $SEALED_BYTES bytes, not $expected"
  sync "$SEALED" || fail space "$name could not be flushed to the disk"
  on_disk=$(sha256 <"$SEALED")
  [[ $on_disk == "$SEALED_SHA" ]] || fail verify-failed "$name read back from the disk has another hash"
  log sealed "artifact=${name%.partial}" "raw=$SEALED_RAW" "bytes=$SEALED_BYTES"
}

# zstd_sizes FILE: prints "raw compressed" from the report of zstd -vv, which is in bytes.
zstd_sizes() { sed -nE 's/.*\( *([0-9]+) *B? *=> *([0-9]+) *(B|bytes),.*/\1 \2/p' "$1" | tail -n 1; }

# artifact_json NAME ROLE: prints the artifact that seal just made.
artifact_json() {
  jq -cn --arg name "$1" --arg role "$2" --arg plain "$SEALED_PLAIN_SHA" --arg encrypted "$SEALED_SHA" \
    --argjson raw "$SEALED_RAW" --argjson plainBytes "$SEALED_PLAIN" --argjson encryptedBytes "$SEALED_BYTES" '
    {name: $name, role: $role, rawBytes: $raw, plain: {bytes: $plainBytes, sha256: $plain},
     encrypted: {bytes: $encryptedBytes, sha256: $encrypted}}'
}
