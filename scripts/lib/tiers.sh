# shellcheck shell=bash
# Monthly and annual backups: the first verified backup of a month, and of a year, in each copy by itself.
#
# The copy is asked, not this host's memory; what it answered is remembered (JOB.tiers), so that it is asked once a month.

# tier_period TIER STAMP: prints what all stamps of the same period begin with: 202611 or 2026.
tier_period() {
  case $1 in
    monthly) printf '%s' "${2:0:6}" ;;
    annual) printf '%s' "${2:0:4}" ;;
  esac
}

# tier_has COPY TIER PERIOD: whether the copy holds a backup of that period. Ends with fetch-failed if it cannot be asked.
tier_has() {
  local listed status=0
  listed=$(copy_rclone "$1" lsf --max-depth 1 --include "$3*.json" "$(copy_path "$1" "$(job_prefix "$2")")" 2>"$WORK/rclone.err") || status=$?
  # 3: there is no such directory yet.
  ((status == 0 || status == 3)) || fail fetch-failed "tier $2 of copy $1 could not be listed: $(rclone_said)"
  [[ -n $listed ]]
}

# tier_remembered COPY TIER PERIOD
tier_remembered() { grep -qsxF "$1 $2 $3" "$GRANARY_STATE/$JOB.tiers"; }

# tier_remember COPY TIER PERIOD: one line a copy and tier, the newest period.
tier_remember() {
  local file=$GRANARY_STATE/$JOB.tiers
  { grep -vs "^$1 $2 " "$file" || true; printf '%s %s %s\n' "$1" "$2" "$3"; } >"$file.new"
  mv "$file.new" "$file"
}

# tiers_promote COPY MANIFEST DIRECTORY: the backup that was just verified in a copy also goes where its period has none yet.
tiers_promote() {
  local tier stamp period
  stamp=$(manifest_stamp "$2")
  for tier in monthly annual; do
    period=$(tier_period "$tier" "$stamp")
    if tier_remembered "$1" "$tier" "$period"; then continue; fi
    if ! tier_has "$1" "$tier" "$period"; then copy_send "$1" "$2" "$3" "$tier"; fi
    tier_remember "$1" "$tier" "$period"
  done
}
