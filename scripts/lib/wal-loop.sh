# shellcheck shell=bash
# The rounds of granary-wal. A chain is a run of log without a gap, in a prefix of its own for each system identifier
# and major version of the server; a new chain needs a base backup before anything can be recovered from it.

FACTS=no      # whether the server answered in this round
SETTINGS_TEXT= # what in the server's settings is in the way
RECEIVED=0    # seconds since 1970 of the last piece

# chain_begin REASON: a new slot, an empty spool, and a base backup as soon as the log comes. What was cut is sent as is.
chain_begin() {
  local system=$SERVER_SYSTEM-$((SERVER_VERSION / 10000)) name=chain-begun
  if [[ -n $CHAIN ]]; then name=wal-gap; fi
  log "$name" "system=$system" "before=$CHAIN_SYSTEM" "last=$CUT_LAST" "message=$1"
  receiver_stop
  if ! slot_create; then
    log slot-failed "slot=$SLOT" "message=$(last_line "$WORK/slot.err")"
    return 0 # next round
  fi
  rm -f "$SPOOL"/receive/* "$SPOOL/positions"
  cut_reset
  samples_forget
  printf '%s %s %s\n' "$STAMP" "$system" "${CHAIN:+$1}" >"$SPOOL/chain.new"
  sync "$SPOOL/chain.new"
  mv "$SPOOL/chain.new" "$SPOOL/chain"
  chain_read
  base_soon
}

# chain_check: whether the log goes on where it was.
chain_check() {
  if [[ -z $CHAIN ]]; then
    chain_begin "the first log of this job"
  elif [[ $CHAIN_SYSTEM != "$SERVER_SYSTEM-$((SERVER_VERSION / 10000))" ]]; then
    chain_begin "another database server: $SERVER_SYSTEM-$((SERVER_VERSION / 10000))"
  elif [[ $SLOT_STATUS == absent || $SLOT_STATUS == lost ]]; then
    chain_begin "slot $SLOT was $SLOT_STATUS"
  elif [[ -n $CUT_GAP ]]; then
    chain_begin "segment $CUT_GAP does not follow $CUT_LAST"
  elif ! receiver_running && receiver_diverged; then
    chain_begin "$(last_line "$WORK/receiver.err")"
  fi
}

# facts_look: what the server says; a heartbeat if nothing was written for most of a minute.
facts_look() {
  local beat=
  if ((EPOCHSECONDS - RECEIVED >= PACE * 7 / 4)); then beat=heartbeat; fi
  FACTS=no
  if ! server_facts $beat; then return 0; fi
  if [[ -n $beat ]]; then nap 0.5; fi # so that it is received before this round cuts
  FACTS=yes
  sample_add "$SERVER_LSN"
}

# cut_round: pieces into the outboxes, positions to the disk, and only then is the log taken from the spool.
cut_round() {
  local until
  cut_all
  if ((${#CUT_MADE[@]} > 0)); then
    outbox_fill "$CHAIN_SYSTEM" "${CUT_MADE[@]}"
    positions_write
    RECEIVED=$EPOCHSECONDS
    until=$(covered)
    if [[ -n $until ]]; then covered_note "$until"; fi
  fi
  spool_clean
}

# base_begin, base_possible: for base_look: what makes a base backup, and whether there is a log it could belong to.
base_begin() { exec "$LIB/../granary-base" "$JOB"; }
base_possible() { ((${#CUT_END[@]} > 0)); }

# settings_look: again whenever nothing is received.
settings_look() {
  if receiver_running && [[ -z $SETTINGS_TEXT ]]; then return 0; fi
  SETTINGS_TEXT=$(settings_said)
  if [[ -z $SETTINGS_TEXT ]]; then SETTINGS_TEXT=$(slot_bound); fi
}

# stream: the chain goes on, or a new one begins, and the receiver runs.
stream() {
  settings_look
  if [[ -n $SETTINGS_TEXT ]]; then return 0; fi
  chain_check
  if [[ $SPACE_LOW == no ]]; then receiver_ensure; fi
}

# round: one look at everything. The server first, for what is cut afterwards has all it had then.
round() {
  space_look
  facts_look
  if [[ $SPACE_LOW == yes ]]; then receiver_stop; fi
  if [[ $FACTS == yes ]]; then stream; fi
  cut_round
  senders_reap
  outboxes_bound
  senders_start
  base_look
  judge
  wal_state_write
}
