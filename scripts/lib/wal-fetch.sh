# shellcheck shell=bash
# The log of a copy, for a recovery: which pieces are needed, whether there is a gap, and the segments made of them.

AT_EPOCH=  # seconds since 1970 of the instant asked for; empty: the latest
BASE=      # manifest of the base backup
BASE_SYSTEM=
TARGET=    # timeline to recover to
SEGMENT_BYTES=
PIECES=0   # fetched

# base_field FILTER: prints a field of the chosen base backup.
base_field() { jq -r "$1" "$BASE"; }

# base_choose COPY: the newest base backup that ended before the instant asked for; none that is dated in the future.
base_choose() {
  local file best='' ended limit=${AT_EPOCH:-$((EPOCHSECONDS + 300))}
  bases_fetch "$1" "$WORK/bases"
  for file in "$WORK"/bases/*/*.json; do
    ended=$(jq -r '.wal.ended | fromdate' "$file")
    if ((ended > limit)); then
      if [[ -z $AT_EPOCH ]]; then log future-dated "copy=$1" "file=$(basename "$file")" "message=not taken for the latest"; fi
      continue
    fi
    if [[ $(basename "$file") > $best ]]; then
      best=$(basename "$file") BASE=$file
      BASE_SYSTEM=$(basename "$(dirname "$file")")
    fi
  done
  [[ -n $best ]] || fail manifest "copy $1 has no base backup of job $JOB that ended at or before '$AT'"
  SEGMENT_BYTES=$(base_field .wal.segmentBytes)
  log chosen "copy=$1" "base=${best%.json}" "system=$BASE_SYSTEM"
}

# piece_open FILE: prints what is in a piece.
piece_open() {
  local status=(0 0)
  age -d -i "$IDENTITY" "$1" 2>"$1.err" | zstd -dcq 2>/dev/null || status=("${PIPESTATUS[@]}")
  if grep -qs 'no identity matched' "$1.err"; then fail identity-wrong "age: $(sed -n '1s/^age: error: //p' "$1.err")"; fi
  ((status[0] == 0 && status[1] == 0))
}

# pieces_fetch COPY LIST: the named pieces into WORK/pieces; those that are there already stay.
pieces_fetch() {
  mkdir -p "$WORK/pieces"
  copy_rclone "$1" --transfers 8 --checkers 8 --buffer-size 0 copy --no-traverse --files-from-raw "$2" \
    "$(copy_path "$1" "$(wal_prefix "$BASE_SYSTEM")")" "$WORK/pieces" 2>"$WORK/rclone.err" ||
    fail fetch-failed "the log could not be read from copy $1: $(rclone_said)"
}

# histories_open COPY: the files that say where one timeline goes over into the next; TARGET and TIMELINES from them.
histories_open() {
  local name newest=0
  grep -E '^[0-9A-F]{8}\.history\.' "$WORK/names" >"$WORK/histories" || : >"$WORK/histories"
  if [[ -s $WORK/histories ]]; then
    pieces_fetch "$1" "$WORK/histories"
    while read -r name; do
      piece_open "$WORK/pieces/$name" >"$SEGMENTS/${name%%.*}.history" ||
        fail artifact-corrupt "$name in copy $1 cannot be opened"
      if ((16#${name%%.*} > newest)); then newest=$((16#${name%%.*})); fi
    done <"$WORK/histories"
  fi
  if [[ -n $TIMELINE ]]; then newest=$TIMELINE; fi
  timelines_set "$newest"
}

# timelines_set TIMELINE: the way from the base backup to that timeline; to its own one if there is none.
timelines_set() {
  local history own timeline lsn previous='' begins=0
  printf -v history '%s/%08X.history' "$SEGMENTS" "$1"
  own=$(base_field .wal.timeline)
  TARGET=$own
  timeline_begins "$own" 0
  [[ -s $history ]] && (($1 > own)) || return 0
  while read -r timeline lsn _; do
    [[ $timeline =~ ^[0-9]+$ ]] || continue
    if [[ -n $previous ]]; then timeline_begins "$timeline" "$begins"; fi
    begins=$(($(lsn_bytes "$lsn") / SEGMENT_BYTES))
    if ((timeline == own)) && (($(lsn_bytes "$lsn") >= $(base_field .wal.endLsn))); then TARGET=$1 previous=$timeline; fi
  done <"$history"
  if [[ $TARGET == "$1" ]]; then timeline_begins "$1" "$begins"; fi
}

# lsn_bytes 0/15012B8: prints the number of bytes.
lsn_bytes() { printf '%s' $(((16#${1%/*} << 32) + 16#${1#*/})); }

# log_walk NAMES: CHAIN_*, of the pieces named in a file, from the base backup on.
log_walk() {
  local until=
  if [[ -n $AT_EPOCH ]]; then until=$(date -u -d "@$((AT_EPOCH + 60))" +%Y%m%dT%H%M%SZ); fi
  chain_segments "$1" >"$WORK/segments"
  chain_walk "$WORK/segments" "$(base_field .wal.timeline)" $(($(base_field .wal.startLsn) / SEGMENT_BYTES)) \
    "$SEGMENT_BYTES" "$until"
}

# log_check COPY: before anything large is fetched: the log must reach as far as was asked for.
log_check() {
  local asked
  log_walk "$WORK/names"
  log walked "copy=$1" "segments=${#CHAIN_SEGMENTS[@]}" "until=$CHAIN_END" "missing=$CHAIN_MISSING" "timeline=$TARGET"
  asked=$(date -u -d "@${AT_EPOCH:-0}" +%Y%m%dT%H%M%SZ)
  if [[ -n $CHAIN_MISSING ]] && { [[ -z $AT_EPOCH ]] || [[ $asked > $CHAIN_END ]]; }; then gap_fail "$1"; fi
  if [[ -z $CHAIN_MISSING && -n $AT_EPOCH && $asked > $CHAIN_END ]]; then
    fail wal-gap "the log in copy $1 goes to $CHAIN_END and not to $AT: take another copy, or --at latest"
  fi
}

# gap_fail COPY: says up to when recovery is possible from this copy, and which other one has what is missing.
gap_fail() {
  local missing=$CHAIN_MISSING until=${CHAIN_END:-never} copy others=
  for copy in $(conf GRANARY_COPIES); do
    [[ $copy != "$1" ]] || continue
    # In a subshell: another copy may be out of reach.
    if (pieces_list "$copy" "$BASE_SYSTEM" >"$WORK/names.$copy" && log_walk "$WORK/names.$copy" &&
      [[ ${CHAIN_MISSING:-none} != "$missing" && -n $CHAIN_END && ! $CHAIN_END < $until ]]); then others+=" $copy"; fi
  done
  fail wal-gap "segment $missing is missing or not whole in copy $1" "until=$until" "copies=${others# }" \
    "try=--copy ${others:+${others##* }} or --at $until"
}

# segment_make SEGMENT PIECE...: oldest first, so that a page that was half written is written over; zeros to the end.
segment_make() {
  local file=$SEGMENTS/$1 piece range
  shift
  for piece in "$@"; do
    range=${piece#*.}
    piece_open "$WORK/pieces/$piece" |
      dd of="$file" bs=131072 iflag=fullblock oflag=seek_bytes seek=$((16#${range:0:8})) conv=notrunc status=none ||
      printf '%s\n' "$piece" >>"$WORK/bad"
  done
  truncate -s "$SEGMENT_BYTES" "$file"
}

# segments_make COPY: fetches and opens what is needed. A piece that cannot be opened is left out, and then what remains
# must be enough: a piece that a killed sender left half written was sent again.
segments_make() {
  local segment rest running pieces
  while :; do
    : >"$WORK/bad"
    awk 'NR == FNR { want[$1] = 1; next } $1 in want { print }' <(printf '%s\n' "${CHAIN_SEGMENTS[@]}") \
      "$WORK/segments" >"$WORK/wanted"
    cut -d ' ' -f 5- "$WORK/wanted" | tr ' ' '\n' >"$WORK/need"
    pieces_fetch "$1" "$WORK/need"
    running=0
    while read -r segment _ _ _ rest; do
      read -ra pieces <<<"$rest"
      segment_make "$segment" "${pieces[@]}" &
      running=$((running + 1))
      if ((running >= $(nproc))); then wait -n && running=$((running - 1)); fi
    done <"$WORK/wanted"
    wait
    PIECES=$(wc -l <"$WORK/need")
    log opened "segments=${#CHAIN_SEGMENTS[@]}" "pieces=$PIECES"
    [[ -s $WORK/bad ]] || return 0
    log pieces-left-out "copy=$1" "pieces=$(tr '\n' ' ' <"$WORK/bad")"
    grep -vxFf "$WORK/bad" "$WORK/names" >"$WORK/names.good" || : >"$WORK/names.good"
    mv "$WORK/names.good" "$WORK/names"
    rm -f "$SEGMENTS"/????????????????????????
    log_check "$1"
  done
}
