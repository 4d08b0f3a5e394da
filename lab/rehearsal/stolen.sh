#!/usr/bin/env bash
# What does root's loot in /root/stolen, a copy of /etc/granary, still open? One line each: `spaces open`, `box shut`.
#
# The stolen keys are tried for themselves; the stolen password of the repositories with the keys of now, for it must not
# open them even to who gets in.

set -Euo pipefail

readonly STOLEN=/root/stolen NOW=/etc/granary
readonly FAST=(--config /dev/null --retries 1 --low-level-retries 1 --contimeout 5s)

value() { sed -n "s/^$2=//p" "$1/media.env"; }

# tried NAME COMMAND...
tried() {
  if "${@:2}" >/dev/null 2>&1 </dev/null; then printf '%s open\n' "$1"; else printf '%s shut\n' "$1"; fi
}

# with_keys DIRECTORY COPY COMMAND...: the copy's key in the environment.
with_keys() (
  while IFS= read -r line; do export "${line?}"; done < <(grep "^RCLONE_CONFIG_${2}_" "$1/media.env")
  "${@:3}"
)

# ssh_with KEY...
ssh_with() {
  ssh -F /dev/null -p 23 -i "$1" -o IdentitiesOnly=yes -o BatchMode=yes -o "UserKnownHostsFile=$NOW/known_hosts" "${@:2}"
}

main() {
  local host door
  host=$(value "$STOLEN" RCLONE_CONFIG_BOX_HOST)
  tried spaces with_keys "$STOLEN" SPACES rclone "${FAST[@]}" lsf "spaces:$(value "$STOLEN" GRANARY_COPY_SPACES_ROOT)/daily"
  tried r2 with_keys "$STOLEN" R2 rclone "${FAST[@]}" lsf "r2:$(value "$STOLEN" GRANARY_COPY_R2_ROOT)/daily"
  tried box ssh_with "$STOLEN/box_ed25519" "$(value "$STOLEN" RCLONE_CONFIG_BOX_USER)@$host" ls
  RESTIC_PASSWORD=$(value "$STOLEN" GRANARY_RESTIC_PASSWORD)
  export RESTIC_PASSWORD
  tried "repository in spaces" with_keys "$NOW" SPACES restic --no-cache cat config --no-lock \
    -r "rclone:spaces:$(value "$NOW" GRANARY_COPY_SPACES_ROOT)/files/shop/media"
  door="ssh -F /dev/null -T -p 23 -i $(echo "$NOW"/restic-media*_ed25519) -o IdentitiesOnly=yes -o BatchMode=yes"
  door+=" -o UserKnownHostsFile=$NOW/known_hosts -o HostKeyAlias=[$host]:23 $(value "$NOW" GRANARY_COPY_BOX_RESTIC_LOGIN)"
  tried "repository in box" restic --no-cache -r rclone:files -o "rclone.program=$door" -o "rclone.args=" cat config --no-lock
}

main
