# shellcheck shell=bash
# The rounds of granary-binlog. A chain is a run of log without a gap, in a prefix of its own in every copy: names of
# files begin again with another server or after RESET MASTER. A new chain needs a dump before it is of use.

FACTS=no       # whether the server answered in this round
SETTINGS_TEXT= # what in the server's settings is in the way
RECEIVED=0     # seconds since 1970 of the last piece

# chain_directory: prints the name of the prefix in the copies.
chain_directory() { printf '%s-%s' "$CHAIN_SYSTEM" "$CHAIN"; }

# chain_begin REASON: from the newest file of the server on. What was cut before is sent as it is.
chain_begin() {
  local name=chain-begun
  if [[ -n $CHAIN ]]; then name=wal-gap; fi
  log "$name" "system=$SERVER_SYSTEM" "before=$CHAIN_SYSTEM" "file=${SERVER_FILES[-1]}" "message=$1"
  receiver_stop
  rm -f "$SPOOL"/receive/*
  samples_forget
  cut_begin "${SERVER_FILES[-1]}"
  stamp_next
  printf '%s %s %s\n' "$STAMP" "$SERVER_SYSTEM" "${CHAIN:+$1}" >"$SPOOL/chain.new"
  sync "$SPOOL/chain.new"
  positions_write
  mv "$SPOOL/chain.new" "$SPOOL/chain"
  chain_read
  CUT_GAP=
  base_soon
}

# chain_check: whether the log goes on where it was.
chain_check() {
  if [[ -z $CHAIN || -z $CUT_FILE ]]; then
    chain_begin "the first log of this job"
  elif [[ $CHAIN_SYSTEM != "$SERVER_SYSTEM" ]]; then
    chain_begin "another database server: $SERVER_SYSTEM"
  elif [[ ! -v SERVER_SIZE[$CUT_FILE] ]]; then
    chain_begin "$CUT_FILE was purged before all of it was received"
  elif ((${SERVER_SIZE[$CUT_FILE]} < CUT_END)); then
    chain_begin "the server has less of $CUT_FILE than was received: it crashed, or RESET MASTER was run"
  elif [[ -n $CUT_GAP ]]; then
    chain_begin "$CUT_GAP"
  fi
}

# facts_look: what the server says.
facts_look() {
  local asked=$EPOCHSECONDS
  FACTS=no
  if ! server_facts; then return 0; fi
  FACTS=yes
  sample_add "$SERVER_POSITION" "$asked"
}

# settings_look: again whenever nothing is received.
settings_look() {
  if receiver_running && [[ -z $SETTINGS_TEXT ]]; then return 0; fi
  SETTINGS_TEXT=$(settings_said)
}

# cut_round: pieces into the outboxes, positions to the disk, and only then is the log taken from the spool.
cut_round() {
  cut_all
  if ((${#CUT_MADE[@]} > 0)); then
    outbox_fill "$(chain_directory)" "${CUT_MADE[@]}"
    positions_write
    RECEIVED=$EPOCHSECONDS
    covered_note "$CUT_STAMPED"
  fi
  if [[ -n $CUT_FILE ]]; then spool_clean; fi
}

# base_begin, base_possible: for base_look: a dump is what this log begins at.
base_begin() { exec "$LIB/../granary-backup" "$JOB"; }
base_possible() { [[ -n $CHAIN ]] && ((CUT_END > 0)); }

# judge: sets ALARM and ALARM_TEXT.
judge() {
  judge_copies
  if [[ -n $SETTINGS_TEXT ]]; then problem wal-settings "$SETTINGS_TEXT"; fi
  if [[ $SPACE_LOW == yes ]]; then
    problem space "the disk of $SPOOL is nearly full: receiving stopped; the server purges its log in its own time"
  elif ((EPOCHSECONDS - RECEIVED > $(stall_limit))); then
    problem wal-stalled "nothing was received for $((EPOCHSECONDS - RECEIVED)) s: $(receiver_problem)"
  fi
  alarm_say
}

# receiver_problem: prints why nothing comes.
receiver_problem() {
  if [[ $FACTS == no ]]; then
    printf 'the server does not answer: %s' "$(my_said "$(<"$WORK/facts.err")")"
  elif [[ -s $WORK/receiver.err ]]; then
    last_line "$WORK/receiver.err"
  else
    printf 'the receiver is silent'
  fi
}

# stream: the chain goes on, or a new one begins, and the receiver runs.
stream() {
  chain_check
  if [[ $SPACE_LOW == no ]]; then receiver_ensure; fi
}

# round: one look at everything. The server first, for what is cut afterwards has all it had then.
round() {
  space_look
  facts_look
  if [[ $SPACE_LOW == yes ]]; then receiver_stop; fi
  settings_look
  if [[ $FACTS == yes && -z $SETTINGS_TEXT ]]; then stream; fi
  nap 0.5
  cut_round
  senders_reap
  outboxes_bound
  senders_start
  base_look
  judge
  state_write --arg file "$CUT_FILE" --argjson position "$CUT_END"
}
