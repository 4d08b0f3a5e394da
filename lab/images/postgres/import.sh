#!/usr/bin/env bash
# Makes a Docker image of the tar that build.sh made; runs where Docker is.
#
#   import.sh ROOT.tar IMAGE        e.g. import.sh /root/postgres.tar postgres:15;  ROOT.tar may be - for standard input
set -Eeuo pipefail

main() {
  if (($# != 2)); then
    sed -n '2,4s/^# \{0,1\}//p' "$0" >&2
    return 2
  fi
  docker import \
    --change 'ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 PGDATA=/var/lib/postgresql/data' \
    --change 'ENTRYPOINT ["docker-entrypoint.sh"]' \
    --change 'CMD ["postgres"]' \
    --change 'EXPOSE 5432' \
    --change 'VOLUME /var/lib/postgresql/data' \
    --change 'STOPSIGNAL SIGINT' \
    "$1" "$2"
}

main "$@"
