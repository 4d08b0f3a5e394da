#!/usr/bin/env bash
# npm run lab: a lab to play in.
#
# usage: npm run lab -- up             bring up clouds, the stack and a shop; stays until Ctrl-C or `down`
#        npm run lab -- down           end it and remove what it wrote
#        npm run lab -- ssh [COMMAND]  a shell, or one command, on the shop's server as root
#        npm run lab -- shell [COMMAND]  the same on the laptop's side: pulumi and granary see the lab's stack
#        npm run lab -- browser [DIRECTORY]  a customer with a headless Chromium orders at the shop; screenshots
# exit codes: the command's; 69 no Chromium; 75 another lab is running, or none for `ssh`; 77 not root
set -Eeuo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${GRANARY_CACHE:-$HOME/.cache/granary}

usage() { sed -n '4,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 64; }

need_lab() {
  [[ -e $cache/run/lab.json ]] || { echo "error: no lab is up; start one with: npm run lab -- up" >&2; exit 75; }
}

# inside COMMAND...: in the lab's network, and with its names.
inside() {
  # shellcheck disable=SC2016
  unshare --mount bash -c '
    mount --bind "$1/run/resolv.conf" /etc/resolv.conf
    mount --bind "$1/run/nsswitch.conf" /etc/nsswitch.conf
    namespace=$(<"$1/run/namespace")
    shift
    exec nsenter --net="/run/netns/$namespace" -- "$@"' inside "$cache" "$@"
}

main() {
  local command=${1:-}
  (($# == 0)) || shift
  cd "$here/.."
  case $command in
    up)
      bash "$here/prepare.sh"
      exec bash "$here/enter.sh" node --import tsx "$here/lab.ts" --plugins "$(node --import tsx "$here/plugins/mode.ts")" "$@"
      ;;
    down)
      if [[ -e $cache/run/enter.pid ]]; then kill -TERM "$(<"$cache/run/enter.pid")"; else echo "no lab is up" >&2; fi
      ;;
    ssh)
      need_lab
      inside ssh -F /dev/null -o LogLevel=ERROR -o UserKnownHostsFile="$cache/run/known_hosts" \
        -i "$cache/run/laptop-ssh-key" "root@$(jq -r .address "$cache/run/lab.json")" "$@"
      ;;
    shell)
      need_lab
      # shellcheck source=/dev/null
      set -a && source "$cache/run/engine.env" && set +a
      PATH=$cache/bin:$PATH inside "${@:-bash}"
      ;;
    browser)
      need_lab
      inside node --import tsx "$here/browser/customer.ts" "$@"
      ;;
    *) usage ;;
  esac
}

main "$@"
