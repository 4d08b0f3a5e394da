# shellcheck shell=bash
# Whether the pieces of a copy are a log without a gap, told from their names alone: FILE.START-END.STAMP.zst.age.

CHAIN_END=     # stamp of the last piece before the first gap, or of the last one of all
declare -A TIMELINES=() # timeline -> number of its first segment; empty: not known
CHAIN_MISSING= # the segment that is missing or not whole; empty when nothing is
CHAIN_SEGMENTS=() # those that recovery may use, in the order of the log; the last one may be partial

# chain_segments FILE: reads names, prints a line a segment: "SEGMENT END STAMP HOLE PIECE…": how far its pieces reach
# from its beginning without a hole, the stamp of the last of these, whether a hole follows (0 or 1), and as many of
# them as are needed, oldest first. Pieces overlap by a page: that of the one before was perhaps half written.
chain_segments() {
  LC_ALL=C sort -t. -k1,1 -k3,3 -k2,2 "$1" | LC_ALL=C awk -F '[.-]' '
    function hex(text, i, value) {
      value = 0
      for (i = 1; i <= length(text); i++) value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
      return value
    }
    function flush(i, j, n, reach, stamp, hole, low, line, taken) {
      if (segment == "") return
      reach = 0; n = 0; hole = 0; stamp = ""
      for (i = 1; i <= count && !hole; i++) {
        if (first[i] == 0 || first[i] <= reach - 8192) {
          taken[++n] = i
          if (last[i] > reach) reach = last[i]
          stamp = when[i]
        } else hole = 1
      }
      low = reach + 8192; line = ""
      for (j = n; j >= 1; j--) {
        i = taken[j]
        if (first[i] < low) { line = " " name[i] line; low = first[i] }
      }
      printf "%s %d %s %d%s\n", segment, reach, stamp == "" ? "-" : stamp, hole, line
    }
    $0 ~ /^[0-9A-F]+\.[0-9a-f]+-[0-9a-f]+\.[0-9]+T[0-9]+Z(-[0-9]+)?\.zst\.age$/ && length($1) == 24 {
      # Names of digits are no numbers: two of them would be equal when rounded.
      if ($1 "" != segment "") { flush(); segment = $1 ""; count = 0 }
      count++
      first[count] = hex($2); last[count] = hex($3); when[count] = $4; name[count] = $0
    }
    END { flush() }'
}

# segment_name TIMELINE NUMBER SIZE: the name of a segment, in REPLY. (No subshell: it is called for thousands.)
segment_name() {
  local each=$((4294967296 / $3))
  printf -v REPLY '%08X%08X%08X' "$1" $(($2 / each)) $(($2 % each))
}

# chain_walk SUMMARY TIMELINE NUMBER SIZE [UNTIL]: follows the log in what chain_segments printed, from a segment on, over
# to a newer timeline where there is one; at most to the first segment that has something newer than stamp UNTIL.
# Fills CHAIN_*. When TIMELINES is filled, it goes over only where that says so.
chain_walk() {
  local -A reach=() stamp=() hole=()
  local segment end when gap timeline=$2 number=$3 size=$4 until=${5-} newest=0
  CHAIN_END='' CHAIN_MISSING='' CHAIN_SEGMENTS=()
  while read -r segment end when gap _; do
    reach[$segment]=$end stamp[$segment]=$when hole[$segment]=$gap
    if ((16#${segment:0:8} > newest)); then newest=$((16#${segment:0:8})); fi
  done <"$1"
  while :; do
    chain_timeline "$timeline" "$number" "$size" "$newest"
    timeline=$REPLY
    segment_name "$timeline" "$number" "$size"
    segment=$REPLY
    if [[ ! -v reach[$segment] ]] || ((reach[$segment] == 0)); then
      if chain_more "$number" "$size" || ((${#CHAIN_SEGMENTS[@]} == 0)); then CHAIN_MISSING=$segment; fi
      return 0
    fi
    CHAIN_SEGMENTS+=("$segment")
    CHAIN_END=${stamp[$segment]}
    if ((hole[$segment] == 1)) || { ((reach[$segment] < size)) && chain_more $((number + 1)) "$size"; }; then
      CHAIN_MISSING=$segment
      return 0
    fi
    if ((reach[$segment] < size)) || [[ -n $until && $CHAIN_END > $until ]]; then return 0; fi
    number=$((number + 1))
  done
}

# timeline_begins TIMELINE NUMBER: the walk may go over to that timeline from that segment on.
timeline_begins() { TIMELINES["$1"]=$2; }

# chain_timeline TIMELINE NUMBER SIZE NEWEST: the newest timeline that has the segment and may follow, in REPLY.
chain_timeline() {
  local timeline
  for ((timeline = $4 > $1 ? $4 : $1; timeline > $1; timeline--)); do
    segment_name "$timeline" "$2" "$3"
    if [[ -v reach[$REPLY] ]]; then
      if ((${#TIMELINES[@]} == 0)) || { [[ -v TIMELINES[$timeline] ]] && (($2 >= TIMELINES[timeline])); }; then break; fi
    fi
  done
  REPLY=$timeline
}

# chain_more NUMBER SIZE: whether there is a segment from that one on.
chain_more() {
  local segment
  for segment in "${!reach[@]}"; do
    if ((16#${segment:8:8} * (4294967296 / $2) + 16#${segment:16:8} >= $1)); then return 0; fi
  done
  return 1
}

# segment_number NAME SIZE: prints the number of a segment from the beginning of the log.
segment_number() { printf '%s' $((16#${1:8:8} * (4294967296 / $2) + 16#${1:16:8})); }

# chain_whole: whether the last walk met no gap.
chain_whole() { [[ -z $CHAIN_MISSING ]]; }

# pieces_list COPY CHAIN: prints the names of the pieces in a copy.
pieces_list() {
  local status=0
  copy_rclone "$1" lsf --files-only "$(copy_path "$1" "$(wal_prefix "$2")")" 2>"$WORK/rclone.err" || status=$?
  # 3: the directory does not exist, so there are none.
  ((status == 0 || status == 3)) || fail fetch-failed "the log in copy $1 could not be listed: $(rclone_said)"
}
