# shellcheck shell=bash
# The spool of a continuous job, whatever its server: room, pieces, and since when what the server had is in pieces.
#
# A piece is the bytes START to END of one file of the log, named FILE.START-END.STAMP.zst.age (8 hex digits each, UTC).

CUT_MADE=()     # pieces of this round
CUT_STAMPED=0   # seconds since 1970 of the newest stamp
CUT_POSITION=0  # what of the log is in pieces, as one number that only grows
SPACE_LOW=no
SAMPLE_TIME=()  # when the server was how far: what is cut up to there has everything committed until then
SAMPLE_POSITION=()

# nap SECONDS: without a process of its own.
nap() { read -rt "$1" <>"$WORK/nap" || true; }

# space_look: a tenth of the disk must be free, at least 1 GiB; 10 GiB are enough on any disk.
space_look() {
  local left size need was=$SPACE_LOW
  read -r left size < <(df --output=avail,size -B1 "$SPOOL" | tail -n 1)
  need=$((size / 10))
  if ((need < 1073741824)); then need=1073741824; fi
  if ((need > 10737418240)); then need=10737418240; fi
  SPACE_LOW=no
  if ((left < need)); then SPACE_LOW=yes; fi
  if [[ $SPACE_LOW != "$was" ]]; then log space "low=$SPACE_LOW" "free=$left" "needed=$need"; fi
}

# sample_add POSITION [TIME]: how far the server is, asked not before TIME (seconds since 1970). Default: now.
sample_add() {
  SAMPLE_TIME+=("${2-$EPOCHSECONDS}") SAMPLE_POSITION+=("$1")
  if ((${#SAMPLE_TIME[@]} > 60)); then
    SAMPLE_TIME=("${SAMPLE_TIME[@]:1}") SAMPLE_POSITION=("${SAMPLE_POSITION[@]:1}")
  fi
}
samples_forget() { SAMPLE_TIME=() SAMPLE_POSITION=(); }

# covered: prints since when the server was further than what is cut; nothing when that is not known.
covered() {
  local i
  for ((i = ${#SAMPLE_POSITION[@]} - 1; i >= 0; i--)); do
    if ((SAMPLE_POSITION[i] <= CUT_POSITION)); then
      printf '%s' "${SAMPLE_TIME[i]}"
      return 0
    fi
  done
}

# cut_reached POSITION: how far the log is in pieces now.
cut_reached() { CUT_POSITION=$1; }

# file_bytes FILE START END
file_bytes() { dd if="$1" bs=131072 iflag=skip_bytes,count_bytes skip="$2" count=$(($3 - $2)) status=none; }

# piece_make FILE START END NAME: one piece in SPOOL/cut. --stream-size: zstd refuses a stream of another length.
piece_make() {
  local piece recipient recipients=()
  piece=$(printf '%s.%08x-%08x.%s.zst.age' "$4" "$2" "$3" "$STAMP")
  for recipient in $(conf GRANARY_RECIPIENTS); do recipients+=(-r "$recipient"); done
  file_bytes "$1" "$2" "$3" | zstd -1 -q -c --stream-size=$(($3 - $2)) | age "${recipients[@]}" -o "$SPOOL/cut/$piece" ||
    return 1
  CUT_MADE+=("$piece")
}

# stamp_next: sets STAMP. Stamps only grow, whatever the clock does: they order the pieces that share a page.
stamp_next() {
  CUT_STAMPED=$((EPOCHSECONDS > CUT_STAMPED ? EPOCHSECONDS : CUT_STAMPED + 1))
  TZ=UTC printf -v STAMP '%(%Y%m%dT%H%M%SZ)T' "$CUT_STAMPED"
}

# stamp_at SECONDS: sets STAMP, of a moment that may have been the last one's too.
stamp_at() {
  CUT_STAMPED=$(($1 > CUT_STAMPED ? $1 : CUT_STAMPED))
  STAMP=$(date -u -d "@$CUT_STAMPED" +%Y%m%dT%H%M%SZ)
}
