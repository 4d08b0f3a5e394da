# shellcheck shell=bash
# The copy on this host: what a run may rely on before it starts, what an interrupted one left, and what is old.

# local_manifests DIRECTORY: prints the stamps of verified local backups, newest first.
local_manifests() {
  local file
  for file in "$1"/*.json; do
    if [[ -e $file ]]; then basename "$file" .json; fi
  done | sort -r
}

# leftovers_remove DIRECTORY: what a killed run left. Only while holding the lock.
leftovers_remove() {
  local path
  for path in "$1"/*.partial "$1"/.work.*; do
    [[ -e $path ]] || continue
    log leftover-removed "path=$path"
    rm -rf "$path"
  done
}

# clock_synced: whether the kernel's clock is disciplined by NTP. Where systemd does not run, the kernel is asked as
# timedatectl does: adjtimex(2), and whether the largest error it knows of is below 16 seconds.
clock_synced() {
  local said
  if said=$(timedatectl show -p NTPSynchronized --value 2>/dev/null); then
    [[ $said == yes ]]
  else
    perl -e '
      use POSIX "uname";
      my %call = (x86_64 => 159, aarch64 => 171);
      my $number = $call{(uname)[4]} // exit 1;
      my $timex = "\0" x 256; # modes 0: read only; maxerror, in microseconds, is the fourth long
      exit(syscall($number, $timex) < 0 || unpack("x24 q", $timex) >= 16_000_000);'
  fi
}

# clock_check DIRECTORY: the name of an artifact is its time, so a clock that runs behind would bury new under old.
clock_check() {
  local now newest
  now=$(date -u +%Y%m%dT%H%M%SZ)
  newest=$(local_manifests "$1" | sed -n 1p)
  [[ ! $now < 20240101T000000Z ]] || fail clock "the clock says $now, which is before Granary was made"
  [[ -z $newest || ! $now < $newest ]] || fail clock "the clock says $now, but the newest backup is of $newest"
  clock_synced || log clock-unsynced "message=the clock is not synchronised; old local artifacts are kept"
}

# space_check DIRECTORY: twice the last artifact, so that this one fits with growth, or at least one MiB.
space_check() {
  local needed=1048576 left newest
  newest=$(local_manifests "$1" | sed -n 1p)
  if [[ -n $newest ]]; then needed=$((needed + 2 * $(jq '[.artifacts[].encrypted.bytes] | add' "$1/$newest.json"))); fi
  left=$(df --output=avail -B1 "$1" | tail -n 1)
  ((left >= needed)) || fail space "$left bytes are free in $1, $needed are needed"
}

# stamp_new DIRECTORY: prints a stamp no artifact has; two runs within one second get two.
stamp_new() {
  local stamp
  stamp=$(date -u +%Y%m%dT%H%M%SZ)
  while compgen -G "$1/$stamp.*" >/dev/null; do
    sleep 0.2
    stamp=$(date -u +%Y%m%dT%H%M%SZ)
  done
  printf '%s' "$stamp"
}

# prune_local DIRECTORY: artifacts older than GRANARY_LOCAL_DAYS go, but never the last two that are verified, nothing
# while the clock is not synchronised, and a manifest goes before its artifacts.
prune_local() {
  local limit kept=0 file stamp
  clock_synced || return 0
  limit=$(date -u -d "$(conf GRANARY_LOCAL_DAYS) days ago" +%Y%m%dT%H%M%SZ)
  for stamp in $(local_manifests "$1"); do
    kept=$((kept + 1))
    if ((kept > 2)) && [[ $stamp < $limit ]]; then
      rm -f "$1/$stamp.json" "$1/$stamp".*.age
      log pruned "stamp=$stamp"
    fi
  done
  for file in "$1"/*.age; do # of runs that were killed before their manifest
    stamp=$(basename "$file")
    stamp=${stamp%%.*}
    if [[ ! -e $1/$stamp.json && $stamp < $limit ]]; then rm -f "$file"; fi
  done
}
