# shellcheck shell=bash
# Bringing a MariaDB database back: as MySQL's, with its own clients.

# shellcheck source=mysql.sh
source "$LIB/restore/mysql.sh"
