# shellcheck shell=bash
# What a continuous job comes to, round by round: /var/lib/granary/JOB.wal.json, and the alarm in the journal.

CHAIN=        # stamp of the beginning of the log without a gap
CHAIN_SYSTEM= # <system identifier>-<major version>
CHAIN_REASON= # why it was begun, if that was a gap
ALARM=       # name of the exit code, or ok
ALARM_TEXT=  # what is wrong; empty when nothing is
ALARM_SAID=0 # seconds since 1970 of the last line in the journal about it
ALARM_WAS=ok
ALARM_RANK=
declare -A COPY_OK=() # copy -> true or false

# wal_state_file JOB
wal_state_file() { printf '%s/%s.wal.json' "$GRANARY_STATE" "$1"; }

# chain_read: SPOOL/chain: "stamp system reason…".
chain_read() {
  CHAIN='' CHAIN_SYSTEM='' CHAIN_REASON=''
  [[ -e $SPOOL/chain ]] || return 0
  read -r CHAIN CHAIN_SYSTEM CHAIN_REASON <"$SPOOL/chain"
  log chain "begun=$CHAIN" "system=$CHAIN_SYSTEM" "gap=${CHAIN_REASON:-none}"
}

# stall_limit: seconds after which the newest of a copy is too old.
stall_limit() { conf GRANARY_WAL_STALL 120; }

# booted: prints seconds since 1970 of the start of this host: what was missed while it was off is no stall yet.
booted() {
  local up
  read -r up _ </proc/uptime
  printf '%s' $((EPOCHSECONDS - ${up%%.*}))
}

# problem NAME TEXT: the worst class first: gap, settings, space, stall.
problem() {
  local class rank=" wal-stalled space wal-settings wal-gap "
  class=${rank%% "$1" *}
  if [[ -z $ALARM_TEXT || ${#class} -gt ${#ALARM_RANK} ]]; then ALARM=$1 ALARM_RANK=$class; fi
  ALARM_TEXT+=${ALARM_TEXT:+; }$2
}

# copy_whole COPY: whether a base backup of this chain, made since its outbox was last given up, is in the copy.
copy_whole() {
  local broken
  broken=$(copy_file "$1" broken)
  jq -e --arg copy "$1" --arg chain "$CHAIN" --argjson since "${broken:-0}" \
    '.copies[$copy] | .chain == $chain and .started > $since' "$GRANARY_STATE/$JOB.base.json" >/dev/null 2>&1
}

# judge_copies: each must be whole and have what is not older than the limit.
judge_copies() {
  local copy newest boot
  boot=$(booted)
  for copy in $(conf GRANARY_COPIES); do
    COPY_OK["$copy"]=true
    newest=$(copy_file "$copy" newest)
    newest=${newest:-0}
    if ! copy_whole "$copy"; then
      COPY_OK["$copy"]=false
      problem wal-gap "copy $copy has no base backup to which its log belongs${CHAIN_REASON:+ ($CHAIN_REASON)}"
    fi
    if ((EPOCHSECONDS - (newest > boot ? newest : boot) > $(stall_limit))); then
      COPY_OK["$copy"]=false
      problem wal-stalled "the newest log in copy $copy is $(newest_text "$newest")"
    fi
  done
}

newest_text() { if (($1 > 0)); then printf '%s s old' $((EPOCHSECONDS - $1)); else printf 'none'; fi; }

# judge: sets ALARM and ALARM_TEXT.
judge() {
  ALARM=ok ALARM_TEXT='' ALARM_RANK=''
  judge_copies
  if [[ -n $SETTINGS_TEXT ]]; then problem wal-settings "$SETTINGS_TEXT"; fi
  if [[ $SPACE_LOW == yes ]]; then
    problem space "the disk of $SPOOL is nearly full: receiving stopped, the database keeps its log up to the bound of the slot"
  elif ((EPOCHSECONDS - RECEIVED > $(stall_limit))); then
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
    printf 'the database does not answer: %s' "$(last_line "$WORK/facts.err")"
  elif [[ -s $WORK/receiver.err ]]; then
    last_line "$WORK/receiver.err"
  else
    printf 'the receiver is silent'
  fi
}

# alarm_say: a line when something becomes an alarm, another each minute while it lasts, one when it is over.
alarm_say() {
  if [[ $ALARM != ok ]] && { [[ $ALARM != "$ALARM_WAS" ]] || ((EPOCHSECONDS - ALARM_SAID >= 60)); }; then
    log error "code=$(exit_field "$ALARM" code)" "name=$ALARM" "message=$ALARM_TEXT" "hint=$(exit_field "$ALARM" hint)"
    ALARM_SAID=$EPOCHSECONDS
  elif [[ $ALARM == ok && $ALARM_WAS != ok ]]; then
    log alarm-over "name=$ALARM_WAS"
  fi
  ALARM_WAS=$ALARM
}


# wal_state_write: the state of this round.
wal_state_write() {
  local copy receiving=false new
  new=$(wal_state_file "$JOB").new
  if receiver_running; then receiving=true; fi
  for copy in $(conf GRANARY_COPIES); do
    jq -n --arg name "$copy" --argjson ok "${COPY_OK[$copy]-false}" --arg newest "$(copy_file "$copy" newest)" \
      --argjson pending "$(outbox_count "$copy")" --argjson bytes "$(outbox_bytes "$copy")" \
      --arg broken "$(copy_file "$copy" broken)" \
      '{($name): {ok: $ok, newest: ($newest | tonumber? // null | if . then todate else . end), pending: $pending,
        pendingBytes: $bytes, brokenSince: ($broken | tonumber? // null | if . then todate else . end)}}'
  done | jq -s --arg job "$JOB" --arg at "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --arg name "$ALARM" --arg text "$ALARM_TEXT" \
    --argjson code "$(exit_field "$ALARM" code)" --argjson receiving "$receiving" --arg chain "$CHAIN" \
    --arg system "$CHAIN_SYSTEM" --arg position "$(lsn_text "$CUT_POSITION")" --arg reason "$CHAIN_REASON" \
    --arg status "$SLOT_STATUS" --argjson retained "${SLOT_RETAINED:-0}" --argjson limit "${SLOT_LIMIT:-0}" '
    {job: $job, at: $at, ok: ($code == 0), code: $code, name: $name, message: $text, receiving: $receiving,
     positionLsn: $position, system: $system, chain: $chain, chainReason: $reason,
     slot: {walStatus: $status, retainedBytes: $retained, limitBytes: $limit}, copies: add}' >"$new"
  mv "$new" "$(wal_state_file "$JOB")"
}

# lsn_text BYTES: prints 0/15012B8.
lsn_text() { printf '%X/%X' $(($1 >> 32)) $(($1 & 0xFFFFFFFF)); }
