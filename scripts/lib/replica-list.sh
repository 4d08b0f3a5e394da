# shellcheck shell=bash
# What is in the two buckets of a replica, and how they differ. A listing has a line an object, sorted by key:
# size, tab, MD5 (empty where the store knows none: an object that was sent in parts), tab, key.
#
# One listing of a whole bucket is a request a thousand objects; rclone prints it as it comes, in little memory.

# REPLICA_AWK: what the programs below share. Needs holds and changed, as the settings have them.
readonly REPLICA_AWK='
  function key_of(line,  at) { at = index(line, "\t"); return substr(line, at + index(substr(line, at + 1), "\t") + 1) }
  function has_md5(hash) { return length(hash) == 32 && hash !~ /[^0-9a-f]/ }
  function same(a, b,  x, y) {
    split(a, x, "\t"); split(b, y, "\t")
    return x[1] == y[1] && !(has_md5(x[2]) && has_md5(y[2]) && x[2] != y[2])
  }
  # class: what an object is; "" for what a replica leaves out: locks, records, and what it keeps for itself.
  function class(key) {
    if (holds == "uploads") return index(key, ".granary/") == 1 ? "" : "upload"
    if (key ~ /^(daily|monthly|annual|base)\/.*\.json$/) return "manifest"
    if (key ~ /^(daily|monthly|annual|base|wal)\//) return "artifact"
    if (key ~ /^files\/[^\/.][^\/]*\/[^\/]+\/locks\//) return ""
    if (key ~ /^files\/[^\/.][^\/]*\/[^\/]+\/snapshots\//) return "snapshot"
    if (key ~ /^files\/[^\/.][^\/]*\/[^\/]+\/index\//) return "index"
    if (key ~ /^files\/[^\/.][^\/]*\/[^\/]+\.password\.age$/) return "escrow"
    return key ~ /^files\/[^\/.]/ ? "pack" : ""
  }
  # stamp: the time in a name, 20261123T030000Z, or "".
  function stamp(key,  name) {
    name = key; sub(/.*\//, "", name)
    return match(name, /[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]Z/) ? substr(name, RSTART, 16) : ""
  }'

# replica_awk PROGRAM FILE...
replica_awk() {
  LC_ALL=C awk -v holds="$(conf GRANARY_REPLICA_HOLDS)" -v changed="$(conf GRANARY_REPLICA_CHANGED)/" "$REPLICA_AWK $1" "${@:2}"
}

# replica_list COPY FILE
replica_list() {
  copy_rclone "$1" lsf -R --files-only --format shp --hash MD5 --separator $'\t' "$(copy_path "$1" '')" \
    >"$2.raw" 2>"$WORK/rclone.err" || fail fetch-failed "copy $1 could not be listed: $(rclone_said)" "copy=$1"
  ! grep -qvE $'^[0-9]+\t[^\t]*\t.' "$2.raw" || fail fetch-failed "a key in $1 has a line break in it: rename that object" "copy=$1"
  LC_ALL=C sort -t $'\t' -k 3 "$2.raw" >"$2"
  rm "$2.raw"
}

# replica_wanted EARLY LATE: prints what the replica should have. What points at other objects (manifests, snapshots) is
# taken from the earlier listing: what it points at was written before it, so the later listing has all of that.
replica_wanted() {
  replica_awk '
    { kind = class(key_of($0)) }
    kind == "" { next }
    (kind == "manifest" || kind == "snapshot") == (FILENAME == ARGV[1])' "$1" "$2" | LC_ALL=C sort -t $'\t' -k 3
}

# replica_compare WANTED TARGET: prints `missing|changed CLASS SIZE KEY`, by tabs. The newest version that the replica keeps
# of a changed object stands for that object.
replica_compare() {
  replica_awk '
    { key = key_of($0) }
    FILENAME == ARGV[1] {
      if (index(key, changed) == 1) { key = substr(key, length(changed) + 1); sub(/^[^\/]*\//, "", key); newest[key] = $0 }
      else first[key] = $0
      next
    }
    {
      what = ""
      if (!(key in newest) && !(key in first)) what = "missing"
      else if (!same($0, key in newest ? newest[key] : first[key])) what = "changed"
      if (what != "") { split($0, field, "\t"); print what "\t" class(key) "\t" field[1] "\t" key }
    }' "$2" "$1"
}

# replica_keys DIFFERENCES WHAT CLASS...: prints keys.
replica_keys() {
  local what=$2
  LC_ALL=C awk -F '\t' -v what="$what" -v classes=" ${*:3} " '
    $1 == what && index(classes, " " $2 " ") { print substr($0, length($1 $2 $3) + 4) }' "$1"
}

# replica_vanished TARGET CUTOFFS SOURCE...: prints keys that no listing of the source has although their time is not over:
# CUTOFFS is `daily=20261024T000000Z …`; what has a later stamp must be there still.
replica_vanished() {
  CUTOFFS=$2 replica_awk '
    BEGIN { n = split(ENVIRON["CUTOFFS"], all, " "); for (i = 1; i <= n; i++) { split(all[i], pair, "="); cutoff[pair[1]] = pair[2] } }
    { key = key_of($0) }
    FILENAME != ARGV[ARGC - 1] { there[key] = 1; next }
    {
      tier = key; sub(/\/.*/, "", tier)
      if (tier in cutoff && !(key in there) && stamp(key) > cutoff[tier]) print key
    }' "${@:3}" "$1"
}

# replica_gone DIFFERENCES SOURCE: prints the missing that the source still has: what expired meanwhile is not missed.
replica_gone() {
  replica_awk '
    FILENAME == ARGV[1] { there[key_of($0)] = 1; next }
    { split($0, field, "\t"); if (field[1] != "missing" || substr($0, length(field[1] field[2] field[3]) + 4) in there) print }' "$2" "$1"
}

# replica_newest LISTING: prints `HOST/JOB STAMP`, the newest daily manifest of each job.
replica_newest() {
  replica_awk '
    { key = key_of($0) }
    key ~ /^daily\/[^\/]+\/[^\/]+\/[^\/]+\.json$/ && stamp(key) != "" {
      split(key, part, "/"); job = part[2] "/" part[3]
      if (stamp(key) > newest[job]) newest[job] = stamp(key)
    }
    END { for (job in newest) print job " " newest[job] }' "$1"
}

# replica_oldest DIFFERENCES: prints the oldest stamp of what is missing; nothing if no name has one.
replica_oldest() { replica_awk '/^missing/ && stamp($0) != "" { print stamp($0) }' "$1" | sort | sed -n 1p; }
