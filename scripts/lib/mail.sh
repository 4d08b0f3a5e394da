# shellcheck shell=bash
# One message to one address, through a mail server that asks for a password or not.
#
# Settings: GRANARY_ALERT_EMAIL_SERVER, smtps://HOST[:PORT] or smtp://HOST[:PORT]; …_FROM; and, where the server asks for them,
# …_USER and …_PASSWORD.

# mail_send SECONDS TO SUBJECT BODY: returns curl's code. What is secret is read by curl from standard input, where no list of
# processes shows it.
mail_send() {
  local config message server
  local -a options=()
  config=$(mail_config "$2")
  message=$(mail_message "$2" "$3" "$4")
  server=$(conf GRANARY_ALERT_EMAIL_SERVER)
  # A relay of this machine may speak in plain: nothing leaves it.
  if [[ ! $server =~ ^smtp://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?$ ]]; then options=(--ssl-reqd); fi
  # The path of the address is the name that curl says it has; without one it would be taken from the name of the file.
  curl --disable --silent --max-time "$1" --output /dev/null "${options[@]}" --crlf --upload-file /dev/fd/3 --config - \
    <<<"$config" 3<<<"$message" 2>/dev/null
}

# mail_config TO: prints what curl is told.
mail_config() {
  local user
  user=$(conf GRANARY_ALERT_EMAIL_USER)
  printf 'url = %s\n' "$(mail_quoted "$(conf GRANARY_ALERT_EMAIL_SERVER)/${HOSTNAME:-localhost}")"
  printf 'mail-from = %s\nmail-rcpt = %s\n' "$(mail_quoted "$(conf GRANARY_ALERT_EMAIL_FROM)")" "$(mail_quoted "$1")"
  [[ -z $user ]] || printf 'user = %s\n' "$(mail_quoted "$user:$(conf GRANARY_ALERT_EMAIL_PASSWORD)")"
}

mail_quoted() {
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# mail_message TO SUBJECT BODY: prints it. Whatever the text is, it ends no header and begins none: a header is one line of
# printable ASCII, and the body is base64.
mail_message() {
  local LC_ALL=C subject from
  from=$(conf GRANARY_ALERT_EMAIL_FROM)
  subject=${2//[![:print:]]/?}
  printf 'From: Granary <%s>\nTo: <%s>\nSubject: %s\n' "$from" "$1" "${subject:0:200}"
  printf 'Date: %s\nMessage-ID: <%s.%s@%s>\n' "$(date -R)" "${EPOCHREALTIME/[^0-9]/}" "$$" "${from##*@}"
  printf 'Auto-Submitted: auto-generated\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n'
  printf 'Content-Transfer-Encoding: base64\n\n'
  printf '%s\n' "$3" | openssl base64
}
