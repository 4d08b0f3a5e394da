# shellcheck shell=bash
# The programs of the distribution that the scripts use, and their versions.

# rclone holds a library for terminals, which fills a table at every start unless it is told not to: four of ten
# milliseconds of a start, and half a MiB.
export TCELL_MINIMIZE=1

# need_tools NAME...
need_tools() {
  local tool missing=()
  for tool in "$@"; do command -v "$tool" >/dev/null || missing+=("$tool"); done
  ((${#missing[@]} == 0)) || fail tool-missing "not installed: ${missing[*]}"
}

# first_version: prints the first dotted number on standard input.
first_version() { sed -n 's/^[^0-9]*\([0-9][0-9]*\(\.[0-9][0-9]*\)*\).*/\1/p;T;q'; }

TOOL_VERSIONS= # once asked for

# tool_versions_ask: once for all copies of a run: to start rclone costs a tenth of a second.
tool_versions_ask() { TOOL_VERSIONS=$(tool_versions); }

# tool_versions: prints {"age":…,"zstd":…,"rclone":…}.
tool_versions() {
  local age zstd rclone
  if [[ -n $TOOL_VERSIONS ]]; then printf '%s' "$TOOL_VERSIONS" && return 0; fi
  age=$(age --version)
  zstd=$(zstd --version | sed -n 's/.*v\([0-9.]*\).*/\1/p')
  rclone=$(rclone --config /dev/null version)
  jq -cn --arg age "${age#v}" --arg zstd "$zstd" --arg rclone "$(first_version <<<"${rclone%%$'\n'*}")" \
    '{age: $age, zstd: $zstd, rclone: $rclone}'
}

# sha256: prints the hash of standard input. openssl uses the processor's SHA instructions: five times sha256sum.
sha256() {
  local line
  line=$(openssl dgst -sha256 -r)
  printf '%s' "${line%% *}"
}
