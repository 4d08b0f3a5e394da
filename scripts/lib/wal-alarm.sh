# shellcheck shell=bash
# What a continuous job comes to, whatever its server: /var/lib/granary/JOB.wal.json, and the alarm in the journal.

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
# JOB.base.json is read again only when it is a new one.
copy_whole() {
  local broken copy chain started file=$GRANARY_STATE/$JOB.base.json
  [[ -e $file ]] || return 1
  if [[ ! -e $WORK/bases || $file -nt $WORK/bases ]]; then
    jq -r '.copies | to_entries[] | "\(.key) \(.value.chain) \(.value.started)"' "$file" >"$WORK/bases.new" || return 1
    touch -r "$file" "$WORK/bases.new"
    mv "$WORK/bases.new" "$WORK/bases"
  fi
  broken=$(copy_file "$1" broken)
  while read -r copy chain started; do
    if [[ $copy == "$1" && $chain == "$CHAIN" ]] && ((started > ${broken:-0})); then return 0; fi
  done <"$WORK/bases"
  return 1
}

# judge_copies: begins a judgement: each must be whole and have what is not older than the limit.
judge_copies() {
  local copy newest boot
  ALARM=ok ALARM_TEXT='' ALARM_RANK=''
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

# copies_lines: prints a line a copy, with tabs between.
copies_lines() {
  local copy
  for copy in $(conf GRANARY_COPIES); do
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$copy" "${COPY_OK[$copy]-false}" "$(copy_file "$copy" newest)" \
      "${OUTBOX_COUNT[$copy]-0}" "${OUTBOX_BYTES[$copy]-0}" "$(copy_file "$copy" broken)"
  done
}

# state_write ARGUMENT...: the state of this round; what only this kind of server has are jq's ARGUMENTs, by their names. One
# jq for all of it: this is most of what a quiet round costs.
state_write() {
  local receiving=false new at
  new=$(wal_state_file "$JOB").new
  TZ=UTC printf -v at '%(%Y-%m-%dT%H:%M:%SZ)T' "$EPOCHSECONDS"
  if receiver_running; then receiving=true; fi
  copies_lines | jq -Rn --arg job "$JOB" --arg at "$at" --arg name "$ALARM" --arg message "$ALARM_TEXT" \
    --argjson code "$(exit_field "$ALARM" code)" --argjson receiving "$receiving" --arg chain "$CHAIN" \
    --arg system "$CHAIN_SYSTEM" --arg chainReason "$CHAIN_REASON" "$@" '
    def time: if . == "" then null else tonumber | todate end;
    [inputs | split("\t") | {(.[0]): {ok: (.[1] == "true"), newest: (.[2] | time), pending: (.[3] | tonumber),
      pendingBytes: (.[4] | tonumber), brokenSince: (.[5] | time)}}] as $copies |
    $ARGS.named + {ok: ($ARGS.named.code == 0), copies: ($copies | add)}' >"$new"
  mv "$new" "$(wal_state_file "$JOB")"
}

# wal_status UNIT: prints what the service came to, and ends with the code of what is wrong. A state that is not renewed
# is the worst one: the service does not run.
wal_status() {
  local file name at
  file=$(wal_state_file "$JOB")
  [[ -r $file ]] || fail wal-stalled "$1 never ran"
  cat "$file"
  at=$(date -d "$(jq -r .at "$file")" +%s)
  ((EPOCHSECONDS - at <= $(stall_limit))) ||
    fail wal-stalled "$1 does not run: its state is $((EPOCHSECONDS - at)) s old"
  name=$(jq -r .name "$file")
  case $name in
    ok) ;;
    wal-gap) fail wal-gap "$(jq -r .message "$file")" ;;
    wal-settings) fail wal-settings "$(jq -r .message "$file")" ;;
    space) fail space "$(jq -r .message "$file")" ;;
    *) fail wal-stalled "$(jq -r .message "$file")" ;;
  esac
}
