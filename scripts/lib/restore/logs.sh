# shellcheck shell=bash
# Bringing logs back: the tar, below a directory, with owners and modes.

# shellcheck source=../restore-directory.sh
source "$LIB/restore-directory.sh"
# shellcheck source=../restore-archive.sh
source "$LIB/restore-archive.sh"

restore_prepare() { directory_prepare; }
restore_cleanup() { directory_drop; }
restore_run() { archive_restore; }
