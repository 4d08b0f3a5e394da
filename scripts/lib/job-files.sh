# shellcheck shell=bash
# The files of a job on a host: its settings, and the host key of the box it reaches.

# env_install JOB: the new settings, on standard input, are checked and put beside the old ones.
env_install() {
  local new=$GRANARY_ETC/.$1.env.new
  install -d -m 0700 "$GRANARY_ETC"
  cat >"$new"
  env_parse "$new"
  env_check "$1"
  kind_load "$1"
  recipients_check
  chmod 0600 "$new"
}

# env_publish JOB: they take the place of the old ones at once, after whatever else must hold for them.
env_publish() { mv "$GRANARY_ETC/.$1.env.new" "$GRANARY_ETC/$1.env"; }

# known_hosts_install: the host key of the box is the same for all jobs of a host.
known_hosts_install() {
  [[ -n $(conf GRANARY_BOX_KNOWN_HOST) ]] || return 0
  printf '%s\n' "$(conf GRANARY_BOX_KNOWN_HOST)" >"$GRANARY_ETC/.known_hosts.new"
  chmod 0600 "$GRANARY_ETC/.known_hosts.new"
  mv "$GRANARY_ETC/.known_hosts.new" "$GRANARY_ETC/known_hosts"
}
