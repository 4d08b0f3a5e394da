# shellcheck shell=bash
# Cutting a binary log: what the receiver has written becomes pieces in the outbox of every copy.
#
# The last piece of a file is named FILE.last.START-END.…, so that a file of which the end is missing is known by the names
# alone. A piece with nothing in it (START = END) says that the server had no more at its stamp: everything committed until
# the stamp of a piece is in it or before it. A server that writes nothing is known from one that is not heard.

CUT_FILE=   # the file that is being received
CUT_END=0   # bytes of it that are in pieces
CUT_HEAD=0  # bytes of its beginning whose hash is known: the receiver fetches a file anew, and it must be the same one
CUT_HASH=
CUT_COUNT=0 # pieces made of it
CUT_GAP=    # what does not follow on what was cut

# positions_read, positions_write: SPOOL/positions, so that a service that was killed goes on where it was.
positions_read() {
  [[ -e $SPOOL/positions ]] || return 0
  read -r CUT_FILE CUT_END CUT_HEAD CUT_HASH CUT_COUNT CUT_STAMPED <"$SPOOL/positions"
  cut_reached "$(position_number "$CUT_FILE" "$CUT_END")"
}
positions_write() {
  printf '%s %s %s %s %s %s\n' "$CUT_FILE" "$CUT_END" "$CUT_HEAD" "${CUT_HASH:--}" "$CUT_COUNT" "$CUT_STAMPED" >"$SPOOL/positions.new"
  sync "$SPOOL/positions.new"
  mv "$SPOOL/positions.new" "$SPOOL/positions"
}

# cut_begin FILE: nothing of it was cut.
cut_begin() {
  CUT_FILE=$1 CUT_END=0 CUT_HEAD=0 CUT_HASH='' CUT_COUNT=0
}

# file_after NAME: prints the name of the next file.
file_after() {
  local number=${1##*.}
  printf '%s.%0*d' "${1%.*}" "${#number}" $((10#$number + 1))
}

# same_file PATH SIZE: whether it begins as the file that was cut; remembers how it begins.
same_file() {
  if ((CUT_HEAD > 0)) && [[ $(file_bytes "$1" 0 "$CUT_HEAD" | sha256) != "$CUT_HASH" ]]; then
    CUT_GAP="file $CUT_FILE is another one than before"
    return 0
  fi
  if ((CUT_HEAD < 4096)); then
    CUT_HEAD=$(($2 < 4096 ? $2 : 4096))
    CUT_HASH=$(file_bytes "$1" 0 "$CUT_HEAD" | sha256)
  fi
}

# file_cut NAME: its new bytes; NAME carries ".last" if there are no more to come.
file_cut() {
  local path=$SPOOL/receive/$CUT_FILE size start=$CUT_END
  size=$(stat -c %s "$path")
  if ((size < CUT_END)); then return 0; fi # it is being fetched anew
  same_file "$path" "$size"
  if [[ -n $CUT_GAP ]] || { ((size == CUT_END)) && [[ $1 == "$CUT_FILE" ]]; }; then return 0; fi
  # A restore fetches every piece: of a file that took long, one piece that has all of it takes the place of many.
  if [[ $1 == *.last ]] && ((CUT_COUNT > 3)); then start=0; fi
  piece_make "$path" "$start" "$size" "$1"
  CUT_END=$size CUT_COUNT=$((CUT_COUNT + 1))
}

# stamp_covered: STAMP becomes the moment until which the server had nothing but what is received of the newest file by now.
stamp_covered() {
  local until
  cut_reached "$(position_number "$CUT_FILE" "$(stat -c %s "$SPOOL/receive/$CUT_FILE")")"
  until=$(covered)
  stamp_at "${until:-0}"
}

# cut_all: every file in SPOOL/receive, in the order of the log. A file is whole once the receiver has begun the next; the
# last piece of it keeps the stamp from before, for what came until now is in the newest file.
cut_all() {
  local next before=$CUT_STAMPED
  CUT_MADE=() CUT_GAP=
  [[ -n $CUT_FILE && -e $SPOOL/receive/$CUT_FILE ]] || return 0
  stamp_at 0
  next=$(file_after "$CUT_FILE")
  while [[ -e $SPOOL/receive/$next && -z $CUT_GAP ]]; do
    file_cut "$CUT_FILE.last"
    if (($(stat -c %s "$SPOOL/receive/$CUT_FILE") < CUT_END)) || [[ -n $CUT_GAP ]]; then return 0; fi
    cut_begin "$next"
    next=$(file_after "$next")
  done
  [[ -z $CUT_GAP ]] || return 0
  stamp_covered
  file_cut "$CUT_FILE"
  if ((${#CUT_MADE[@]} == 0 && CUT_STAMPED > before && EPOCHSECONDS - RECEIVED >= INTERVAL * 7 / 4)); then
    piece_make "$SPOOL/receive/$CUT_FILE" "$CUT_END" "$CUT_END" "$CUT_FILE" # nothing new, and that is known
  fi
}

# spool_clean: what is in pieces goes, but for the file that is being received.
spool_clean() {
  local path name
  for path in "$SPOOL"/receive/*; do
    name=$(basename "$path")
    if ((10#${name##*.} < 10#${CUT_FILE##*.})); then rm -f "$path"; fi
  done
}
