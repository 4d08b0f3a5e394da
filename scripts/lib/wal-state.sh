# shellcheck shell=bash
# What the continuous log of a PostgreSQL job comes to, round by round.

# judge: sets ALARM and ALARM_TEXT.
judge() {
  judge_copies
  if [[ -n $SETTINGS_TEXT ]]; then problem wal-settings "$SETTINGS_TEXT"; fi
  if [[ $SPACE_LOW == yes ]]; then
    problem space "the disk of $SPOOL is nearly full: receiving stopped, the database keeps its log up to the bound of the slot"
  elif ((EPOCHSECONDS - RECEIVED > $(stall_limit))) || [[ $ALARM != ok && $FACTS == no ]]; then
    problem wal-stalled "nothing was received for $((EPOCHSECONDS - RECEIVED)) s: $(receiver_problem)"
  fi
  if [[ $FACTS == yes ]]; then
    if [[ $SLOT_STATUS == unreserved ]]; then problem wal-stalled "slot $SLOT is about to be lost"; fi
    if ((SLOT_LIMIT > 0 && SLOT_RETAINED * 2 > SLOT_LIMIT)); then
      problem wal-stalled "the database keeps $SLOT_RETAINED bytes for slot $SLOT, more than half of its bound"
    fi
  fi
  alarm_say
}

# receiver_problem: prints why nothing comes.
receiver_problem() {
  if [[ $FACTS == no ]]; then
    printf 'the database does not answer: %s' "$(sed -n 1p "$WORK/facts.err")"
  elif [[ -s $WORK/receiver.err ]]; then
    last_line "$WORK/receiver.err"
  else
    printf 'the receiver is silent'
  fi
}

# wal_state_write: the state of this round.
wal_state_write() {
  local its
  printf -v its '{"walStatus":"%s","retainedBytes":%s,"limitBytes":%s}' "$SLOT_STATUS" "${SLOT_RETAINED:-0}" "${SLOT_LIMIT:-0}"
  state_write --arg positionLsn "$(lsn_text "$CUT_POSITION")" --argjson slot "$its"
}

# lsn_text BYTES: prints 0/15012B8.
lsn_text() { printf '%X/%X' $(($1 >> 32)) $(($1 & 0xFFFFFFFF)); }
