# shellcheck shell=bash
# A MariaDB database: as MySQL's, with its own clients.

# shellcheck source=mysql.sh
source "$LIB/kinds/mysql.sh"
