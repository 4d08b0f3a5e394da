# shellcheck shell=bash
# The private age identity on this host: from standard input into memory (tmpfs), for the length of one restore.

IDENTITY= # the file

# identity_take JOB [WHAT]: also removes what a killed run of the same left; hence only under its lock. WHAT: restore, or recover.
identity_take() {
  local kind name=${2:-restore}.$1
  kind=$(stat -f -c %T "$GRANARY_RUN")
  [[ $kind == tmpfs || $kind == ramfs ]] || fail config "$GRANARY_RUN is on $kind and not in memory (tmpfs)"
  identity_shred "$GRANARY_RUN/$name."*
  IDENTITY=$(mktemp "$GRANARY_RUN/$name.XXXXXX")
  cat >"$IDENTITY"
  grep -q '^AGE-SECRET-KEY-1' "$IDENTITY" || fail identity-wrong "there is no age identity on standard input"
}

# identity_drop: to be called in every case.
identity_drop() {
  [[ -z $IDENTITY ]] || identity_shred "$IDENTITY"
  IDENTITY=
}

# identity_shred FILE...
identity_shred() {
  local file
  for file in "$@"; do
    if [[ -e $file ]]; then shred -u "$file"; fi
  done
}
