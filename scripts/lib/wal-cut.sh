# shellcheck shell=bash
# Cutting: what the receiver has written becomes pieces, compressed and encrypted, in the outbox of every copy.
#
# A piece is the bytes START to END of one file, named FILE.START-END.STAMP.zst.age (8 hex digits each, UTC). Pieces of
# a segment overlap by one page: the last page of a piece may have been half written, so the next one begins with it.

readonly WAL_PAGE=8192
readonly CUT_MOST=32 # pieces a round
declare -A CUT_END=()   # file -> bytes cut
declare -A CUT_HASH=()  # file -> hash of the last page cut
declare -A CUT_COUNT=() # file -> pieces made
CUT_LAST=               # the newest segment of which all was cut
CUT_POSITION=0          # bytes since the beginning of the log that are in pieces
CUT_GAP=                # a segment that does not follow on what was cut

# positions_read, positions_write: SPOOL/positions, so that a service that was killed goes on where it was.
positions_read() {
  local file end hash count
  [[ -e $SPOOL/positions ]] || return 0
  while read -r file end hash count; do
    if [[ $file == last ]]; then
      CUT_LAST=${end#-} CUT_POSITION=$hash CUT_STAMPED=$count
    else
      CUT_END[$file]=$end CUT_HASH[$file]=$hash CUT_COUNT[$file]=$count
    fi
  done <"$SPOOL/positions"
}
positions_write() {
  local file
  {
    printf 'last %s %s %s\n' "${CUT_LAST:--}" "$CUT_POSITION" "$CUT_STAMPED"
    for file in "${!CUT_END[@]}"; do
      printf '%s %s %s %s\n' "$file" "${CUT_END[$file]}" "${CUT_HASH[$file]}" "${CUT_COUNT[$file]}"
    done
  } >"$SPOOL/positions.new"
  sync "$SPOOL/positions.new"
  mv "$SPOOL/positions.new" "$SPOOL/positions"
}

# cut_reset: a new chain: nothing was cut, and it has a stamp of its own.
cut_reset() {
  CUT_END=() CUT_HASH=() CUT_COUNT=() CUT_LAST='' CUT_POSITION=0 CUT_GAP=''
  stamp_next
}

# page_begun FILE NUMBER: whether a page has its magic; pages are written in order, and a file is zeros beforehand.
page_begun() {
  local magic
  magic=$(od -An -tu2 -j $(($2 * WAL_PAGE)) -N 2 "$1") && ((magic != 0))
}

# pages_begun FILE FROM TO: prints how many pages are begun, known to be at least FROM. Steps of growing width first.
pages_begun() {
  local low=$2 high=$3 step=1 middle
  while ((low < high)); do
    middle=$((low + step - 1 < high ? low + step - 1 : high - 1))
    if page_begun "$1" "$middle"; then low=$((middle + 1)) step=$((step * 2)); else high=$middle && break; fi
  done
  while ((low < high)); do
    middle=$(((low + high) / 2))
    if page_begun "$1" "$middle"; then low=$((middle + 1)); else high=$middle; fi
  done
  printf '%s' "$low"
}

# segment_cut PATH NAME COMPLETE(yes|no) SIZE
segment_cut() {
  local size=$4 had=${CUT_END[$2]-0} start end hash count=${CUT_COUNT[$2]-0}
  if [[ $3 == yes ]]; then
    ((had < size)) || return 0
    end=$size hash=complete
  else
    end=$(($(pages_begun "$1" $((had / WAL_PAGE)) $((size / WAL_PAGE))) * WAL_PAGE))
    ((end > 0)) || return 0
    hash=$(file_bytes "$1" $((end - WAL_PAGE)) "$end" | sha256)
    if ((end == had)) && [[ $hash == "${CUT_HASH[$2]-}" ]]; then return 0; fi
  fi
  start=$((had > 0 ? had - WAL_PAGE : 0))
  # A restore fetches every piece: of a segment that took long, one piece that has all of it takes the place of many.
  if [[ $3 == yes ]] && ((count > 3)); then start=0; fi
  piece_make "$1" "$start" "$end" "$2"
  CUT_END[$2]=$end CUT_HASH[$2]=$hash CUT_COUNT[$2]=$((count + 1))
  if [[ $3 == yes ]]; then CUT_LAST=$2; fi
  CUT_POSITION=$(($(segment_number "$2" "$size") * size + end))
}

# history_cut PATH NAME
history_cut() {
  local size
  [[ ! -v CUT_END[$2] ]] || return 0
  size=$(stat -c %s "$1")
  piece_make "$1" 0 "$size" "$2"
  CUT_END[$2]=$size CUT_HASH[$2]=complete CUT_COUNT[$2]=1
}

# follows NAME SIZE: whether a segment is the next of the newest complete one, or that one on another timeline.
follows() {
  local number last
  [[ -n $CUT_LAST ]] || return 0
  number=$(segment_number "$1" "$2")
  last=$(segment_number "$CUT_LAST" "$2")
  ((number <= last + 1))
}

# file_cut PATH NAME: by descriptor: when the receiver renames the file meanwhile, it is still the same one.
file_cut() {
  local size descriptor
  { exec {descriptor}<"$1"; } 2>/dev/null || return 0 # just renamed: next round
  size=$(stat -Lc %s "/dev/fd/$descriptor")
  # Of another size it is still being made. While the server is away its size of segments is not known.
  if ((size == ${SERVER_SEGMENT:-$size} && size >= 1048576 && (size & (size - 1)) == 0)); then
    if [[ ! -v CUT_END[$2] ]] && ! follows "$2" "$size"; then
      CUT_GAP=$2
    elif [[ $1 == *.partial ]]; then
      segment_cut "/dev/fd/$descriptor" "$2" no "$size"
    else
      segment_cut "/dev/fd/$descriptor" "$2" yes "$size"
    fi
  fi
  exec {descriptor}<&-
}

# cut_all: every file in SPOOL/receive, in the order of the log; CUT_MOST pieces at most, for they are sent only then.
cut_all() {
  local path name size
  CUT_MADE=() CUT_GAP=
  stamp_next
  for path in "$SPOOL"/receive/*; do
    if ((${#CUT_MADE[@]} == CUT_MOST)); then return 0; fi
    name=${path##*/}
    name=${name%.partial}
    if [[ $name =~ ^[0-9A-F]{8}\.history$ ]]; then
      history_cut "$path" "$name"
    elif [[ $name =~ ^[0-9A-F]{24}$ && -s $path ]]; then
      file_cut "$path" "$name"
      [[ -z $CUT_GAP ]] || return 0
    fi
  done
}

# spool_clean: of what is in pieces, only the newest complete segment stays (the receiver goes on from it), and what
# belongs to an older timeline than the newest goes.
spool_clean() {
  local path name newest=
  for path in "$SPOOL"/receive/*; do
    name=${path##*/}
    name=${name%.partial}
    if [[ $name =~ ^[0-9A-F]{24}$ ]]; then newest=$name; fi
  done
  for path in "$SPOOL"/receive/*; do
    name=${path##*/}
    name=${name%.partial}
    [[ $name =~ ^[0-9A-F]{24}$ && $name != "$CUT_LAST" && $name != "$newest" && -v CUT_END[$newest] ]] || continue
    if [[ ${CUT_HASH[$name]-} == complete || ($path == *.partial && ${name:0:8} < ${newest:0:8}) ]]; then
      rm -f "$path"
      unset "CUT_END[$name]" "CUT_HASH[$name]" "CUT_COUNT[$name]"
    fi
  done
}
