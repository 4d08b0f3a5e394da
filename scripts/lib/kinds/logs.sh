# shellcheck shell=bash
# Logs: a tar of files that go on growing while they are read; what is in it is what was there when each was opened.

# shellcheck source=../archive.sh
source "$LIB/archive.sh"

kind_env_check() { archive_env_check "$1"; }
kind_preconditions() { archive_preconditions; }
kind_deployed() { archive_deployed "$1"; }

kind_produce() {
  archive_list
  artifact files tar '' archive_growing
  archive_facts
}
