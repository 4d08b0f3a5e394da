# shellcheck shell=bash
# The mark of a host that is being brought back: granary-hold makes it, every job looks at it.

readonly GRANARY_HOLD=$GRANARY_ETC/held

held() { [[ -e $GRANARY_HOLD ]]; }

# hold_check: a backup now would be one of a host that is not whole.
hold_check() {
  if held; then fail held "this host is being brought back since $(date -u -r "$GRANARY_HOLD" +%FT%TZ)"; fi
}
