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

# tier_has COPY TIER STAMP: whether the copy holds a backup of that stamp's period that is not dated after it. One that is
# dated later was written by a wrong clock, or by somebody who wants no good one to be kept: it does not stand for the
# period. Ends with fetch-failed if the copy cannot be asked.
tier_has() {
  local period listed status=0 name
  period=$(tier_period "$2" "$3")
  listed=$(copy_rclone "$1" lsf --max-depth 1 --include "$period*.json" "$(copy_path "$1" "$(job_prefix "$2")")" 2>"$WORK/rclone.err") || status=$?
  # 3: there is no such directory yet.
  ((status == 0 || status == 3)) || fail fetch-failed "tier $2 of copy $1 could not be listed: $(rclone_said)"
  while read -r name; do
    if [[ $name =~ ^[0-9]{8}T[0-9]{6}Z\.json$ && ! ${name%.json} > $3 ]]; then return 0; fi
    if [[ -n $name ]]; then log future-dated "copy=$1" "tier=$2" "file=$name" "message=does not stand for its period"; fi
  done <<<"$listed"
  return 1
}

# tier_remembered COPY TIER STAMP: whether that was seen already, when it was not later than now.
tier_remembered() {
  local copy tier seen
  [[ -e $GRANARY_STATE/$JOB.tiers ]] || return 1
  while read -r copy tier seen; do
    if [[ $copy == "$1" && $tier == "$2" && $seen == "$(tier_period "$2" "$3")"* && ! $seen > $3 ]]; then return 0; fi
  done <"$GRANARY_STATE/$JOB.tiers"
  return 1
}

# tier_remember COPY TIER STAMP: one line a copy and tier: when its period was last seen to have a backup.
tier_remember() {
  local file=$GRANARY_STATE/$JOB.tiers
  { grep -vs "^$1 $2 " "$file" || true; printf '%s %s %s\n' "$1" "$2" "$3"; } >"$file.new"
  mv "$file.new" "$file"
}

# tiers_promote COPY MANIFEST DIRECTORY: the backup that was just verified in a copy also goes where its period has none yet.
tiers_promote() {
  local tier stamp
  stamp=$(manifest_stamp "$2")
  for tier in monthly annual; do
    if tier_remembered "$1" "$tier" "$stamp"; then continue; fi
    if ! tier_has "$1" "$tier" "$stamp"; then copy_send "$1" "$2" "$3" "$tier"; fi
    tier_remember "$1" "$tier" "$stamp"
  done
}
