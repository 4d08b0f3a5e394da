# shellcheck shell=bash
# What else there is, when a backup cannot be had or is not what it should be: the same one in another copy, or an older one.

# next_stamps COPY: the stamps of the backups in a copy, oldest first; none of a copy that does not answer soon.
next_stamps() {
  local dir=$WORK/next/$1 file
  mkdir -p "$dir"
  (
    # shellcheck disable=SC2034 # of copy_rclone
    RCLONE_MORE=(--contimeout 5s --timeout 10s --retries 1 --low-level-retries 1)
    manifests_fetch "$1" "$dir"
  ) 2>/dev/null || return 0
  for file in "$dir"/*.json; do
    if [[ -e $file ]]; then basename "$file" .json; fi
  done
}

# next_best: logs what could be taken instead, the best first.
# shellcheck disable=SC2153 # COPY is the one that was asked for
next_best() {
  local copy stamp older='' older_in='' point=${POINT-no} offers=()
  [[ -n $STAMP ]] || return 0
  if [[ $point == yes ]]; then mapfile -t offers < <(point_elsewhere); fi
  for copy in "$COPY" local $(conf GRANARY_COPIES); do
    while read -r stamp; do
      if [[ $stamp == "$STAMP" && $copy != "$COPY" && $point == no ]]; then offers+=("--copy $copy --at $stamp"); fi
      if [[ $stamp < $STAMP && $stamp > $older ]]; then older=$stamp older_in=$copy; fi
    done < <(next_stamps "$copy")
  done
  if [[ -n $older ]]; then offers+=("--copy $older_in --at $older"); fi
  for copy in "${offers[@]}"; do log next-best "try=$copy"; done
}
