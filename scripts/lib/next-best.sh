# shellcheck shell=bash
# What else there is, when a backup cannot be had or is not what it should be: the same one in another copy, or an older one.

# next_stamps COPY: the stamps of the backups in a copy, oldest first; none of a copy that does not answer soon.
next_stamps() {
  local dir=$WORK/next/$1 file
  mkdir -p "$dir"
  (
    rclone_impatient
    manifests_fetch "$1" "$dir"
  ) 2>/dev/null || return 0
  for file in "$dir"/*.json; do
    if [[ -e $file ]]; then basename "$file" .json; fi
  done
}

# next_best COPY: logs what could be taken instead of it, the best first.
next_best() {
  local asked=$1 copy stamp older='' older_in='' point=${POINT-no} offers=()
  [[ -n $STAMP ]] || return 0
  if [[ $point == yes ]]; then mapfile -t offers < <(point_elsewhere); fi
  for copy in "$asked" local $(conf GRANARY_COPIES); do
    while read -r stamp; do
      if [[ $stamp == "$STAMP" && $copy != "$asked" && $point == no ]]; then offers+=("--copy $copy --at $stamp"); fi
      if [[ $stamp < $STAMP && $stamp > $older ]]; then older=$stamp older_in=$copy; fi
    done < <(next_stamps "$copy")
  done
  if [[ -n $older ]]; then offers+=("--copy $older_in --at $older"); fi
  for copy in "${offers[@]}"; do log next-best "try=$copy"; done
}
