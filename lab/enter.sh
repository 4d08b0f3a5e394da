#!/usr/bin/env bash
# Runs a command inside the lab's own network, and takes the lab down when the command ends, however it ends.
#
# usage: lab/enter.sh COMMAND [ARGUMENT]...     (root)
#   The command sees a network namespace with a bridge and nothing else: no internet, no local network, and a
#   resolver of its own. On exit every process in the namespace is ended and the run's files are removed.
# exit codes: the command's; 75 another lab is running here
set -Eeuo pipefail

bridge=br0
gateway=10.213.77.1
cache=${GRANARY_CACHE:-$HOME/.cache/granary}
# One lab a cache: a second cache has a network of its own, which never meets the first.
namespace=granary-$(cksum <<<"$cache" | cut -d ' ' -f 1)

say() { printf '  lab: %s\n' "$*" >&2; }

# Only processes of the lab are in the namespace. The machines' supervisors are among them, but a machine outlives its
# supervisor: its first process is ended, and the kernel ends the rest of the machine with it.
end_machines() {
  local supervisor
  for supervisor in "$@"; do
    [[ $(cat "/proc/$supervisor/comm" 2>/dev/null) == systemd-nspawn ]] || continue
    pkill -KILL -P "$supervisor" || true
  done
}

end_processes() {
  local signal pids
  mapfile -t pids < <(ip netns pids "$namespace" 2>/dev/null)
  end_machines "${pids[@]}"
  for signal in TERM KILL KILL KILL KILL KILL; do
    mapfile -t pids < <(ip netns pids "$namespace" 2>/dev/null)
    ((${#pids[@]})) || return 0
    kill -s "$signal" "${pids[@]}" 2>/dev/null || true
    sleep 0.4
  done
  say "processes that do not end: ${pids[*]}"
}

tear_down() {
  end_processes
  if ip netns list | grep -qw "^$namespace"; then ip netns delete "$namespace"; fi
  rm -rf --one-file-system "$cache/run"
}

set_up() {
  mkdir -p "$cache/run"
  chmod 0700 "$cache/run"
  ip netns add "$namespace"
  ip -n "$namespace" link set lo up
  ip -n "$namespace" link add "$bridge" type bridge
  ip -n "$namespace" address add "$gateway/24" dev "$bridge"
  ip -n "$namespace" link set "$bridge" up
  # The gateway is known before any host is up, so that services can bind to it.
  printf 'nameserver %s\n' "$gateway" >"$cache/run/resolv.conf"
  printf 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n' >"$cache/run/nsswitch.conf"
}

main() {
  local status=0 child
  ((EUID == 0)) || { say "the lab makes network namespaces and containers: run it as root"; exit 77; }
  mkdir -p "$cache"
  exec 8>"$cache/lab.lock"
  flock --nonblock 8 || { say "another lab is running (lock $cache/lab.lock): wait for it, stop it, or name another GRANARY_CACHE"; exit 75; }
  tear_down
  trap 'tear_down' EXIT
  set_up
  # The command gets the terminal's signals itself and cleans up first; this shell waits for it.
  trap 'kill -INT "$child" 2>/dev/null' INT
  trap 'kill -TERM "$child" 2>/dev/null' TERM HUP
  # shellcheck disable=SC2016
  unshare --mount bash -c '
    mount --bind "$1/run/resolv.conf" /etc/resolv.conf
    mount --bind "$1/run/nsswitch.conf" /etc/nsswitch.conf
    namespace=$2
    shift 2
    exec nsenter --net="/run/netns/$namespace" -- "$@"' enter "$cache" "$namespace" "$@" 8>&- &
  child=$!
  printf "%s\n" "$$" >"$cache/run/enter.pid"
  printf "%s\n" "$namespace" >"$cache/run/namespace"
  while :; do
    wait "$child" && status=0 || status=$?
    kill -0 "$child" 2>/dev/null || break
  done
  exit "$status"
}

main "$@"
