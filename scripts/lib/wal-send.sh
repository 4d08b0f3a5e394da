# shellcheck shell=bash
# Sending: each copy has an outbox of its own, SPOOL/outbox/COPY/SYSTEM-MAJOR/, of hard links, and a sender of its own in
# the background, so that a copy that fails or stalls holds up no other. A link goes once the copy gave the piece back.
#
# SPOOL/copies/COPY.newest: seconds since 1970 up to which everything committed is proved to be in the copy.
# SPOOL/copies/COPY.broken: since when its outbox is whole again after it was dropped, and why.

declare -A SENDER=()       # copy -> process id
declare -A OUTBOX_COUNT=() # copy -> pieces that wait
declare -A OUTBOX_BYTES=()
readonly SEND_FLAGS=(--contimeout 10s --timeout 30s --retries 1 --low-level-retries 2 --transfers 4 --checkers 4 --buffer-size 0)
readonly SEND_BATCH=200 # pieces

# wal_prefix: prints where the pieces of a chain are, in every copy.
wal_prefix() { printf 'wal/%s/%s/%s' "$(conf GRANARY_HOST)" "$(conf GRANARY_JOB)" "$1"; }

# outbox_fill CHAIN PIECE...: pieces from SPOOL/cut into every outbox; on the disk for good before the segment may go.
outbox_fill() {
  local chain=$1 copy piece dirs=()
  shift
  (($# > 0)) || return 0
  for piece in "$@"; do dirs+=("$SPOOL/cut/$piece"); done
  sync "${dirs[@]}"
  for copy in $(conf GRANARY_COPIES); do
    mkdir -p "$SPOOL/outbox/$copy/$chain"
    ln -f -t "$SPOOL/outbox/$copy/$chain" "${dirs[@]}"
    sync "$SPOOL/outbox/$copy/$chain"
  done
  rm -f "${dirs[@]}"
}

# copy_file COPY KIND: prints what is kept about a copy; nothing when there is nothing.
copy_file() {
  local line
  if read -r line 2>/dev/null <"$SPOOL/copies/$1.$2"; then printf '%s' "$line"; fi
}

# copy_note COPY KIND TEXT
copy_note() {
  printf '%s\n' "$3" >"$SPOOL/copies/$1.$2.new"
  mv "$SPOOL/copies/$1.$2.new" "$SPOOL/copies/$1.$2"
}

# covered_note SECONDS: what is in the outboxes now goes up to that time.
covered_note() {
  local copy
  for copy in $(conf GRANARY_COPIES); do copy_note "$copy" covered "$1"; done
}

# pieces_verify COPY KEYPREFIX DIRECTORY LIST: reads them back in one go; prints those that came back as they were sent.
pieces_verify() {
  local piece back=$WORK/back
  rm -rf "$back"
  mkdir "$back"
  copy_rclone "$1" "${SEND_FLAGS[@]}" copy --no-traverse --files-from-raw "$4" "$(copy_path "$1" "$2")" "$back" \
    2>"$WORK/rclone.err" || log read-back-failed "copy=$1" "message=$(rclone_said)"
  while read -r piece; do
    if cmp -s "$3/$piece" "$back/$piece"; then
      printf '%s\n' "$piece"
    else
      log read-back-differs "copy=$1" "piece=$piece"
    fi
  done <"$4"
  rm -rf "$back"
}

# pieces_rename DIRECTORY LIST: STAMP becomes STAMP-1, -2, …, which sorts right after it. A key is written once: what a
# killed sender left half written stays where it is.
pieces_rename() {
  local piece head try
  while read -r piece; do
    head=${piece%.zst.age} try=1
    if [[ $head =~ ^(.*)-([0-9]+)$ && $head != *Z ]]; then head=${BASH_REMATCH[1]} try=$((BASH_REMATCH[2] + 1)); fi
    if [[ -e $1/$piece ]]; then mv "$1/$piece" "$1/$head-$try.zst.age"; fi
  done <"$2"
}

# batch_send COPY CHAIN LIST: sends, reads back, and takes away the links of what is proved to be there. Ends the sender
# when something is not.
batch_send() {
  local dir=$SPOOL/outbox/$1/$2 prefix
  prefix=$(wal_prefix "$2")
  if ! copy_rclone "$1" "${SEND_FLAGS[@]}" copy --immutable --no-traverse --files-from-raw "$3" \
    "$dir" "$(copy_path "$1" "$prefix")" 2>"$WORK/rclone.err"; then
    log send-failed "copy=$1" "message=$(rclone_said)"
    if grep -q 'immutable file modified' "$WORK/rclone.err"; then pieces_rename "$dir" "$3"; fi
    exit 22
  fi
  pieces_verify "$1" "$prefix" "$dir" "$3" >"$WORK/verified"
  (cd "$dir" && xargs -r rm -f <"$WORK/verified")
  [[ $(wc -l <"$WORK/verified") == $(wc -l <"$3") ]] || exit 22
}

# copy_drain COPY: everything that is in its outbox now; in a subshell. Succeeds when all of it is proved to be there.
copy_drain() {
  local dir covered list
  WORK=$SPOOL/send/$1
  covered=$(copy_file "$1" covered)
  for dir in "$SPOOL/outbox/$1"/*/; do
    [[ -d $dir ]] || continue
    find "$dir" -maxdepth 1 -name '*.age' -printf '%f\n' | LC_ALL=C sort >"$WORK/all"
    split -l "$SEND_BATCH" "$WORK/all" "$WORK/batch."
    for list in "$WORK"/batch.*; do
      [[ -e $list ]] || continue
      touch "$WORK/alive"
      batch_send "$1" "$(basename "$dir")" "$list"
      rm -f "$list"
    done
    rmdir --ignore-fail-on-non-empty "$dir"
  done
  [[ -z $covered ]] || copy_note "$1" newest "$covered"
}

# senders_start: one a copy, for those that have something to send and no sender at work.
senders_start() {
  local copy
  for copy in $(conf GRANARY_COPIES); do
    if [[ -n ${SENDER[$copy]-} ]] || ((${OUTBOX_COUNT[$copy]-0} == 0)); then continue; fi
    mkdir -p "$SPOOL/send/$copy"
    rm -f "$SPOOL/send/$copy"/batch.*
    touch "$SPOOL/send/$copy/alive"
    (
      trap - EXIT INT TERM
      copy_drain "$copy"
    ) &
    SENDER[$copy]=$!
  done
}

# senders_reap: takes note of those that ended; one that got nowhere for five minutes is ended.
senders_reap() {
  local copy alive
  for copy in "${!SENDER[@]}"; do
    if kill -0 "${SENDER[$copy]}" 2>/dev/null; then
      alive=$(stat -c %Y "$SPOOL/send/$copy/alive")
      ((EPOCHSECONDS - alive > 300)) || continue
      log send-stalled "copy=$copy" "seconds=$((EPOCHSECONDS - alive))"
      sender_end "$copy"
    fi
    if wait "${SENDER[$copy]}"; then copy_note "$copy" sent "$EPOCHSECONDS"; fi
    unset "SENDER[$copy]"
  done
}

# sender_end COPY: the subshell and its rclone.
sender_end() {
  pkill -KILL -P "${SENDER[$1]}" || true
  kill -KILL "${SENDER[$1]}" 2>/dev/null || true
}

# outboxes_look: what waits in each outbox, all in one go.
outboxes_look() {
  local piece bytes copy
  OUTBOX_COUNT=() OUTBOX_BYTES=()
  while read -r piece bytes; do
    copy=${piece%%/*}
    OUTBOX_COUNT[$copy]=$((${OUTBOX_COUNT[$copy]-0} + 1))
    OUTBOX_BYTES[$copy]=$((${OUTBOX_BYTES[$copy]-0} + bytes))
  done < <(find "$SPOOL/outbox" -ignore_readdir_race -name '*.age' -printf '%P %s\n')
}

# outboxes_bound: an outbox over the limit is given up: the copy is broken until a base backup made from now on is in it.
outboxes_bound() {
  local copy bytes limit
  outboxes_look
  limit=$(conf GRANARY_SPOOL_LIMIT 2147483648)
  for copy in $(conf GRANARY_COPIES); do
    bytes=${OUTBOX_BYTES[$copy]-0}
    ((bytes > limit)) || continue
    log copy-broken "copy=$copy" "bytes=$bytes" "limit=$limit"
    rm -rf "${SPOOL:?}/outbox/$copy"
    mkdir "$SPOOL/outbox/$copy"
    OUTBOX_COUNT[$copy]=0 OUTBOX_BYTES[$copy]=0
    copy_note "$copy" broken "$EPOCHSECONDS"
  done
}
