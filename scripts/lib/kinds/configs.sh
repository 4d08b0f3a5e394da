# shellcheck shell=bash
# Configuration: env files, secrets, Caddy's and Compose's files. A tar; a file that changed
# while it was read fails the run, for what was read of it never existed.

# shellcheck source=../archive.sh
source "$LIB/archive.sh"

kind_env_check() { archive_env_check "$1"; }
kind_preconditions() { archive_preconditions; }
kind_deployed() { archive_deployed "$1"; }

kind_produce() {
  archive_list
  artifact files tar '' archive_unchanged
  archive_facts
}
