# shellcheck shell=bash
# Peers beside Granary, each set up for speed at the same durability: encrypted, in one copy on the same disk.
#
#   borgmatic  (pip) with its PostgreSQL hook, pg_dump -Fc uncompressed into borg 1.2, zstd level 1, repokey encryption
#   pgBackRest (Debian) full backup: zstd level 3, AES-256, two processes; without its archive check, which needs a restart
# And the bare tools: pg_dump -Fc to a file; pg_basebackup -Ft | zstd | age.

peers_install() {
  local missing=()
  command -v borg >/dev/null || missing+=(borgbackup)
  command -v pgbackrest >/dev/null || missing+=(pgbackrest)
  python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
  if ((${#missing[@]} > 0)); then
    say "installing: ${missing[*]}"
    DEBIAN_FRONTEND=noninteractive apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qqy -o Dpkg::Use-Pty=0 install --no-install-recommends "${missing[@]}" >&2
  fi
  say "installing borgmatic with pip"
  python3 -m venv "$WORK/borgmatic"
  timeout 300 "$WORK/borgmatic/bin/pip" -q --disable-pip-version-check install borgmatic==2.1.10 >&2
}

peers_prepare() {
  peers_install
  sed 's/^GRANARY_COPIES=.*/GRANARY_COPIES=spaces/; s/^GRANARY_JOB=.*/GRANARY_JOB=one/' \
    "$GRANARY_ROOT/etc/granary/bench.env" >"$GRANARY_ROOT/etc/granary/one.env"
  chmod 0600 "$GRANARY_ROOT/etc/granary/one.env"
  tiers_done one
  cat >"$WORK/borgmatic.yaml" <<YAML
repositories: [{ path: $WORK/borg, label: bench }]
encryption_passphrase: bench
compression: zstd,1
postgresql_databases:
  - { name: $DATABASE, username: postgres, format: custom, compression: 0 }
borg_base_directory: $WORK/borg-home
user_runtime_directory: $WORK/borg-run
YAML
  mkdir -p "$WORK/borg-home" "$WORK/borg-run"
  BORG_PASSPHRASE=bench BORG_BASE_DIR=$WORK/borg-home borg init --encryption repokey "$WORK/borg" 2>"$WORK/borg.log"
  install -d -o postgres -g postgres "$WORK/pgbackrest" "$WORK/pgbackrest/repo" "$WORK/pgbackrest/log" "$WORK/pgbackrest/lock"
  pgbackrest_run stanza-create
}

# tiers_done JOB: as on any day but the first of a month, when a backup is sent to two more places.
tiers_done() {
  local name
  for name in "${COPY_NAMES[@]}"; do
    printf '%s monthly %s\n%s annual %s\n' "$name" "$(date -u +%Y%m)" "$name" "$(date -u +%Y)"
  done >"$GRANARY_ROOT/var/lib/granary/$1.tiers"
}

pgbackrest_run() {
  (cd / && PGBACKREST_REPO1_CIPHER_PASS=bench runuser -u postgres -- pgbackrest --config=/dev/null --stanza=bench --pg1-path="$WORK/pg/data" \
    --pg1-port="$PGPORT" --pg1-socket-path="$PGHOST" --repo1-path="$WORK/pgbackrest/repo" --repo1-cipher-type=aes-256-cbc \
    --log-path="$WORK/pgbackrest/log" --lock-path="$WORK/pgbackrest/lock" --log-level-console=error "$@" \
    >>"$WORK/peers.log" 2>&1) || { tail -n 5 "$WORK/peers.log" >&2; return 1; }
}

bare_dump() {
  local start=${EPOCHREALTIME/[^0-9]/}
  pg_dump -Fc -f "$WORK/local/bare-fc.dump" "$DATABASE"
  result bare-pg-dump "$(since "$start")"
  rm "$WORK/local/bare-fc.dump"
}

borgmatic_first() { borgmatic_run borgmatic-first; }
borgmatic_again() { borgmatic_run borgmatic-again; }

borgmatic_run() {
  local start=${EPOCHREALTIME/[^0-9]/}
  PATH=$WORK/borgmatic/bin:$PATH "$WORK/borgmatic/bin/borgmatic" --config "$WORK/borgmatic.yaml" --verbosity -1 create >>"$WORK/peers.log" 2>&1 ||
    { tail -n 5 "$WORK/peers.log" >&2; return 1; }
  result "$1" "$(since "$start")"
}

# The same work as borgmatic's: one verified copy. The local artifact is a second one.
granary_one() {
  local start=${EPOCHREALTIME/[^0-9]/}
  "$REPO/scripts/granary-backup" one 2>>"$WORK/granary.log" || { tail -n 5 "$WORK/granary.log" >&2; return 1; }
  result granary-one-copy "$(since "$start")"
}

pgbackrest_full() {
  local start=${EPOCHREALTIME/[^0-9]/}
  pgbackrest_run backup --type=full --no-archive-check --compress-type=zst --compress-level=3 --process-max=2 --start-fast
  result pgbackrest-full "$(since "$start")"
  rm -rf "$WORK"/pgbackrest/repo/backup/bench/2*
}

base_by_hand() {
  local start=${EPOCHREALTIME/[^0-9]/}
  pg_basebackup -D - -Ft -X fetch -c fast | zstd -q -1 -T0 | age -r "$RECIPIENT" >"$WORK/local/hand.base"
  result base-by-hand "$(since "$start")"
  rm "$WORK/local/hand.base"
}

# granary_base: until its artifact is sealed and verified on this disk; sending it is the same for all.
granary_base() {
  local start=${EPOCHREALTIME/[^0-9]/} line sealed=''
  while IFS= read -r line; do
    printf '%s\n' "$line" >>"$WORK/granary.log"
    if [[ $line == 'event=sealed stamp='* ]]; then sealed=$(since "$start"); fi
  done < <("$REPO/scripts/granary-base" wal 2>&1 || true)
  [[ -n $sealed ]] || { tail -n 5 "$WORK/granary.log" >&2; return 1; }
  result granary-base "$sealed"
}
