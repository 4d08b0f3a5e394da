# shellcheck shell=bash
# What the steps share. Sourced; every step also runs on a laptop, in the project's folder.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
STACK=${STACK:-prod}

# What is removed however a step ends.
FORGET=()
leave() {
  ((${#FORGET[@]} == 0)) || rm -rf "${FORGET[@]}"
  [[ -z ${AGENT:-} ]] || kill "$AGENT" 2>/dev/null || true
}
trap leave EXIT
trap 'exit 130' INT TERM

die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# need NAME...: each variable is set, or what is missing is said and nothing is begun.
need() {
  local name missing=()
  for name in "$@"; do [[ -n ${!name:-} ]] || missing+=("$name"); done
  ((${#missing[@]} == 0)) || die "not set: ${missing[*]}; docs/github.md says what each is"
}

granary() { "$ROOT/cli/granary.js" "$@"; }

# offers COMMAND: whether this version of Granary has it.
offers() { granary --help | grep "^  $1 " >/dev/null; }

# summary: copies stdin to the page of the run, or to stdout on a laptop.
summary() { cat >>"${GITHUB_STEP_SUMMARY:-/dev/stdout}"; }

# fenced FILE: as a block of Markdown that nothing in the file can end; of a long file the beginning.
fenced() {
  local most=${2:-20000}
  printf '~~~~~~~~\n'
  head -c "$most" "$1" | sed 's/^~~~~~~~~/ &/'
  (($(wc -c <"$1") <= most)) || printf '\n… (%s bytes in all: the log of this run has the rest)\n' "$(wc -c <"$1")"
  printf '~~~~~~~~\n'
}

# with_ssh_key: the key in SSH_KEY into an agent of this step; the key itself is not passed on.
with_ssh_key() {
  [[ -n ${SSH_KEY:-} ]] || return 0
  eval "$(ssh-agent -s)" >/dev/null
  AGENT=$SSH_AGENT_PID
  ssh-add -q - <<<"$SSH_KEY" || die "SSH_KEY is no private key without a passphrase: give the whole file, with its last line"
  unset SSH_KEY
}
