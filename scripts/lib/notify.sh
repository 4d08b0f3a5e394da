# shellcheck shell=bash
# Tells others how a run goes: a dead-man switch at its start and its end, and a message when it failed. What cannot be
# told is an event of its own in the journal, and never changes how the run ends.

readonly NOTIFY_SECONDS=10 # for each of them

# notify_send NAME URL [BODY]: the address is a secret: curl reads it from standard input, where no list of processes shows it.
notify_send() {
  local name=$1 url=$2 said
  local -a body=()
  notify_curl "$name" || return 0
  if (($# > 2)); then body=(--header 'Content-Type: application/json' --data-binary @/dev/fd/3); fi
  # What curl says may hold the address: its code tells enough.
  curl --disable --fail --silent --max-time "$NOTIFY_SECONDS" --output /dev/null "${body[@]}" --config - \
    <<<"url = \"$url\"" 3<<<"${3-}" 2>/dev/null && said=0 || said=$?
  ((said == 0)) || log notify-failed "job=$JOB" "to=$name" "message=curl ended with $said"
}

# notify_curl NAME: whether there is one.
notify_curl() {
  if command -v curl >/dev/null; then return 0; fi
  log notify-failed "job=$JOB" "to=$1" "message=curl is not installed" "hint=apt-get install curl"
  return 1
}

# notify_mail SUBJECT BODY: to each apart: an address that is refused keeps no other from being told.
notify_mail() {
  local to said
  notify_curl e-mail || return 0
  for to in $(conf GRANARY_ALERT_EMAIL_TO); do
    mail_send "$NOTIFY_SECONDS" "$to" "$1" "$2" && said=0 || said=$?
    ((said == 0)) || log notify-failed "job=$JOB" "to=$to" "message=the mail server did not take it: curl ended with $said"
  done
}

# notify_start: a run that begins and never ends is told by the switch that waits for its end.
notify_start() {
  [[ -z $(conf GRANARY_ALERT_PING) ]] || notify_send ping "$(conf GRANARY_ALERT_PING)/start"
}

# notify_end CODE
notify_end() {
  local ping text
  ping=$(conf GRANARY_ALERT_PING)
  if (($1 == 0)); then
    [[ -z $ping ]] || notify_send ping "$ping"
    return 0
  fi
  [[ -z $ping ]] || notify_send ping "$ping/$1"
  text=$(notify_text "$1")
  if [[ -n $(conf GRANARY_ALERT_WEBHOOK) ]]; then
    notify_send webhook "$(conf GRANARY_ALERT_WEBHOOK)" "$(jq -cn --arg text "$text" '{text: $text}')"
  fi
  if [[ -n $(conf GRANARY_ALERT_TELEGRAM_TOKEN) ]]; then
    notify_send telegram "https://api.telegram.org/bot$(conf GRANARY_ALERT_TELEGRAM_TOKEN)/sendMessage" \
      "$(jq -cn --arg chat "$(conf GRANARY_ALERT_TELEGRAM_CHAT)" --arg text "$text" '{chat_id: $chat, text: $text}')"
  fi
  if [[ -n $(conf GRANARY_ALERT_EMAIL_SERVER) ]]; then
    notify_mail "Backup of $(conf GRANARY_HOST)/$JOB FAILED: $(exit_name "$1")" "$text"
  fi
}

# notify_text CODE: prints what happened and what to do; nothing of the settings but names.
notify_text() {
  local name
  name=$(exit_name "$1")
  printf 'Backup of %s/%s FAILED: %s (code %s). ' "$(conf GRANARY_HOST)" "$JOB" "$name" "$1"
  if ((${#COPIES_OK[@]} > 0)); then printf 'Good in: %s. ' "${COPIES_OK[*]}"; fi
  if ((${#COPIES_FAILED[@]} > 0)); then printf 'Not in: %s. ' "${COPIES_FAILED[*]}"; fi
  printf 'On the host: journalctl -u granary@%s' "$JOB"
}
