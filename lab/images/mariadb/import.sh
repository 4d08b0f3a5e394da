#!/usr/bin/env bash
# Makes a Docker image of the tar that build.sh made; runs where Docker is.
#
#   import.sh ROOT.tar IMAGE        e.g. import.sh /root/mariadb.tar mariadb:10.11;  ROOT.tar may be - for standard input
set -Eeuo pipefail

main() {
  if (($# != 2)); then
    sed -n '2,4s/^# \{0,1\}//p' "$0" >&2
    return 2
  fi
  docker import \
    --change 'ENV LANG=C.UTF-8' \
    --change 'ENTRYPOINT ["docker-entrypoint.sh"]' \
    --change 'CMD ["mariadbd"]' \
    --change 'EXPOSE 3306' \
    --change 'VOLUME /var/lib/mysql' \
    "$1" "$2"
}

main "$@"
