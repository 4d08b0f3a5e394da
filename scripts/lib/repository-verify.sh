# shellcheck shell=bash
# That a copy really holds what restic wrote.
#
# restic names each file of a repository after the SHA-256 of its bytes. So every file that a run wrote is read back in
# full and hashed, as artifacts are. Which ones are new, the listing tells beside the one that was remembered. Through a
# box's append-only account nothing can be read but by restic: there it is `restic check` that compares the packs of the
# index with those on the box, by name and size, and reads every directory of every snapshot.

# Bytes of the repository that are on this disk at a time.
readonly READ_BACK_BYTES=268435456

# objects_list COPY: prints `bytes name` of each file of the repository but locks; nothing if there is none.
objects_list() {
  local status=0
  copy_rclone "$1" lsf -R --fast-list --files-only --format sp --separator ' ' --exclude '/locks/**' \
    "$(copy_path "$1" "$(job_prefix files)")" 2>"$WORK/rclone.err" || status=$?
  # 3: there is no such directory.
  ((status == 0 || status == 3)) || fail copy-failed "copy $1 cannot be listed: $(rclone_said)" "copy=$1"
}

# objects_remember COPY: before the first backup into a repository that was there already: what others wrote is not read.
objects_remember() {
  local memory
  memory=$(repository_memory "$1" objects)
  if append_only "$1" || [[ -e $memory || -e $(repository_memory "$1" running) ]]; then return 0; fi
  objects_list "$1" >"$memory.new"
  # An empty one says nothing: the first run is yet to come.
  if [[ -s $memory.new ]]; then mv "$memory.new" "$memory"; else rm "$memory.new"; fi
}

# batch_read COPY LIST: reads the files of LIST back and compares each with its name; `config` alone has none. Those that
# differ are added to $RESTIC_DIR/wrong.
batch_read() {
  local dir=$RESTIC_DIR/read found
  rm -rf "$dir"
  mkdir "$dir"
  sed 's/^[0-9]* //' "$2" | copy_rclone "$1" copy --no-traverse --files-from-raw - "$(copy_path "$1" "$(job_prefix files)")" "$dir" \
    2>"$WORK/rclone.err" || fail copy-failed "read-back from copy $1 failed: $(rclone_said)" "copy=$1"
  found=$(find "$dir" -type f -printf x | wc -c)
  ((found == $(wc -l <"$2"))) || fail copy-failed "copy $1 gave back $found of $(wc -l <"$2") files of the repository" "copy=$1"
  (cd "$dir" && find . -type f -not -name config -exec openssl dgst -sha256 -r {} +) |
    awk '{ name = $2; sub(/.*\//, "", name); if ($1 != name) print substr($2, 4) }' >>"$RESTIC_DIR/wrong"
  rm -rf "$dir"
}

# packs_indexed COPY: prints the names of the packs that the repository relies on.
packs_indexed() {
  local index
  restic_run "$1" --no-lock list index || restic_fail "$1" failed
  for index in $(<"$RESTIC_DIR/restic.out"); do
    restic_run "$1" --no-lock cat index "$index" || restic_fail "$1" failed
    jq -r '.packs[].id' "$RESTIC_DIR/restic.out"
  done
}

# wrong_judge COPY: a pack that differs is damage, unless no index names it: then it is what a killed upload left.
wrong_judge() {
  local file
  [[ -s $RESTIC_DIR/wrong ]] || return 0
  packs_indexed "$1" >"$RESTIC_DIR/indexed"
  while IFS= read -r file; do
    if [[ $file != data/* ]] || grep -qxF "${file##*/}" "$RESTIC_DIR/indexed"; then
      fail copy-failed "copy $1 gave back something else than was sent" "copy=$1" "file=$file"
    fi
    log leftover-ignored "copy=$1" "file=$file" "message=of an upload that was interrupted; maintenance removes it"
  done <"$RESTIC_DIR/wrong"
}

# objects_verify COPY: everything that is not remembered, in batches; then it is.
objects_verify() {
  local memory batch
  memory=$(repository_memory "$1" objects)
  objects_list "$1" >"$memory.new"
  rm -f "$RESTIC_DIR"/batch.*
  : >"$RESTIC_DIR/wrong"
  awk -v limit="$READ_BACK_BYTES" -v prefix="$RESTIC_DIR/batch." '
    FILENAME == ARGV[1] { known[$0]; next }
    !($0 in known) { bytes += $1; if (bytes > limit && lines) { bytes = $1; lines = 0; number++ } lines++; print >(prefix (number + 0)) }
  ' <(cat "$memory" 2>/dev/null || true) "$memory.new"
  for batch in "$RESTIC_DIR"/batch.*; do
    if [[ -e $batch ]]; then batch_read "$1" "$batch"; fi
  done
  wrong_judge "$1"
  mv "$memory.new" "$memory"
}

# snapshot_verify COPY SHORT: the snapshot itself, and the escrow beside the repository, in one call. Prints its full id.
snapshot_verify() {
  local dir=$RESTIC_DIR/seen status=0 file
  rm -rf "$dir"
  mkdir "$dir"
  copy_rclone "$1" copy --include "/$JOB/snapshots/$2*" --include "/$JOB.password.age" \
    "$(copy_path "$1" "files/$(conf GRANARY_HOST)")" "$dir" 2>"$WORK/rclone.err" || status=$?
  # 3: a box's account for artifacts has no such directory before the first escrow.
  ((status == 0 || status == 3)) || fail copy-failed "read-back from copy $1 failed: $(rclone_said)" "copy=$1"
  if append_only "$1"; then
    restic_run "$1" --no-lock --no-cache snapshots --json "$2" || restic_fail "$1" failed
    jq -er '.[0].id' "$RESTIC_DIR/restic.out" || fail copy-failed "copy $1 does not have snapshot $2" "copy=$1"
    return 0
  fi
  file=$(find "$dir" -path '*/snapshots/*' -type f)
  [[ -n $file ]] || fail copy-failed "copy $1 does not have snapshot $2" "copy=$1"
  [[ $(sha256 <"$file") == "$(basename "$file")" ]] || fail copy-failed "copy $1 gave back another snapshot than was sent" "copy=$1"
  basename "$file"
}

# repository_check COPY: for a repository that only restic can read.
repository_check() {
  local status=0
  restic_run "$1" check --with-cache || status=$?
  if ((status != 0)); then restic_fail "$1" "$(restic_class "$status")"; fi
  touch "$(repository_memory "$1" objects)"
}

# repository_verify COPY ADDED: ADDED is the bytes that restic says it wrote.
repository_verify() {
  if append_only "$1"; then
    if (($2 > 0)) || [[ ! -e $(repository_memory "$1" objects) ]]; then repository_check "$1"; fi
  elif (($2 > 0)) || [[ ! -e $(repository_memory "$1" objects) ]]; then
    objects_verify "$1"
  fi
}
