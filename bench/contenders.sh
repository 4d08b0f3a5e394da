# shellcheck shell=bash
# What is measured. Each reports its seconds with `result`; the names are those of summary.jq.

RECIPIENT=
RUN_DIR= # stands for /run

contenders_prepare() {
  export GNUPGHOME=$WORK/gnupg
  install -d -m 0700 "$GNUPGHOME" "$WORK/local"
  gpg --quiet --batch --passphrase '' --quick-gen-key bench default default never 2>/dev/null
  age-keygen -o "$WORK/identity" 2>/dev/null
  RECIPIENT=$(age-keygen -y "$WORK/identity")
  export GRANARY_ROOT=$WORK/root
  install -d -m 0700 "$GRANARY_ROOT"/{etc/granary,var/lib/granary,var/backups/granary}
  # A host's /run is in memory, and the restore insists on it.
  RUN_DIR=$(mktemp -d /dev/shm/granary-bench.XXXXXX)
  ln -s "$RUN_DIR" "$GRANARY_ROOT/run"
  job_settings >"$GRANARY_ROOT/etc/granary/bench.env"
  chmod 0600 "$GRANARY_ROOT/etc/granary/bench.env"
  # The plain dump that both restores bring back, made beforehand; through a pipe, as a backup's is: in a dump that goes
  # straight to a file pg_dump notes where each table begins, which a parallel restore then need not look for.
  if [[ -n $CONTAINER ]]; then
    docker exec "$CONTAINER" sh -c "pg_dump -U postgres -Fc -Z0 \"\$1\" | cat >/tmp/granary-bench.dump" sh "$DATABASE"
  else
    pg_dump -Fc -Z0 "$DATABASE" | cat >"$WORK/bare.dump"
  fi
}

job_settings() {
  printf '%s\n' GRANARY_MACHINE=bench GRANARY_HOST=bench GRANARY_JOB=bench GRANARY_KIND=postgres "GRANARY_RECIPIENTS=$RECIPIENT" \
    GRANARY_LOCAL_DAYS=7 "GRANARY_PG_CONTAINER=$CONTAINER" "GRANARY_PG_DATABASE=$DATABASE" GRANARY_PG_USER=postgres \
    "GRANARY_COPIES=${COPY_NAMES[*]}"
  copy_settings
}

# since MICROSECONDS: seconds with three digits.
since() {
  local spent=$((${EPOCHREALTIME/[^0-9]/} - $1))
  printf '%d.%03d' $((spent / 1000000)) $((spent / 1000 % 1000))
}

# (c) the floor: reading the database through the door, with nothing done to it.
floor() {
  local start=${EPOCHREALTIME/[^0-9]/}
  "${DOOR[@]}" pg_dump -U postgres -Fc -Z0 "$DATABASE" >/dev/null
  result floor "$(since "$start")"
}

# (a) the procedure's script: pg_dump's own compression to a plain file, gpg, one upload, not read back.
procedure() {
  local start=${EPOCHREALTIME/[^0-9]/} file=$WORK/local/procedure.dump
  "${DOOR[@]}" pg_dump -U postgres -F c -d "$DATABASE" >"$file"
  gpg --batch --yes --trust-model always --recipient bench --output "$file.gpg" --encrypt "$file"
  rm "$file"
  result procedure-local "$(since "$start")"
  rclone --config /dev/null copyto "$file.gpg" "$(copy_path spaces postgres/procedure.dump.gpg)"
  result procedure-whole "$(since "$start")"
  rm "$file.gpg"
}

# (b) the steps of a Granary job as one would type them: stream and hash, globals, each copy uploaded and read back.
by_hand() {
  local start=${EPOCHREALTIME/[^0-9]/} file=$WORK/local/hand.dump.zst.age name artifact
  "${DOOR[@]}" pg_dump -U postgres -Fc -Z0 "$DATABASE" | zstd -q -1 -T0 | age -r "$RECIPIENT" >"$file"
  "${DOOR[@]}" pg_dumpall -U postgres --globals-only | zstd -q -1 -T0 | age -r "$RECIPIENT" >"$file.globals"
  sha256sum <"$file" >"$file.sha256"
  sha256sum <"$file.globals" >"$file.globals.sha256"
  result by-hand-local "$(since "$start")"
  for name in "${COPY_NAMES[@]}"; do
    for artifact in "$file" "$file.globals"; do
      rclone --config /dev/null copyto "$artifact" "$(copy_path "$name" "daily/hand/${artifact##*/}")"
      rclone --config /dev/null cat "$(copy_path "$name" "daily/hand/${artifact##*/}")" | sha256sum | cmp - "$artifact.sha256"
    done
  done
  result by-hand-whole "$(since "$start")"
  rm "$file"*
}

# Granary's job. It says event=published when its artifacts, verified, have their names on this disk.
granary() {
  local start=${EPOCHREALTIME/[^0-9]/} line last='' local_seconds=''
  while IFS= read -r line; do
    last=$line
    printf '%s\n' "$line" >>"$WORK/granary.log"
    if [[ $line == event=published* ]]; then local_seconds=$(since "$start"); fi
  done < <(
    set +e
    "$REPO/scripts/granary-backup" bench 2>&1
    echo "exit=$?"
  )
  if [[ $last != exit=0 || -z $local_seconds ]]; then
    tail -n 5 "$WORK/granary.log" >&2
    return 1
  fi
  result granary-local "$local_seconds"
  result granary-whole "$(since "$start")"
}

bare_restore() {
  local start=${EPOCHREALTIME/[^0-9]/} dump=$WORK/bare.dump
  if [[ -n $CONTAINER ]]; then dump=/tmp/granary-bench.dump; fi
  "${DOOR[@]}" createdb -U postgres granary_bare
  "${DOOR[@]}" pg_restore -U postgres -j "$(nproc)" --exit-on-error -d granary_bare "$dump"
  result bare-restore "$(since "$start")"
  door_sql 'DROP DATABASE granary_bare'
}

granary_restore() {
  local start=${EPOCHREALTIME/[^0-9]/}
  "$REPO/scripts/granary-restore" bench --into granary_restored <"$WORK/identity" >"$WORK/restore.json" 2>>"$WORK/granary.log" || {
    tail -n 5 "$WORK/granary.log" >&2
    return 1
  }
  result granary-restore "$(since "$start")"
  say "    $(jq -c '.seconds' "$WORK/restore.json")"
  door_sql 'DROP DATABASE granary_restored'
}
