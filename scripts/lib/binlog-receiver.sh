# shellcheck shell=bash
# The receiver of a binary log: mariadb-binlog or mysqlbinlog as a replica that keeps the files as they are, natively or as
# a container of the database's own image on the database's network (nothing runs in the database's own container).

# receiver_id: prints a server id for the receiver that no real server has by chance; each job has its own.
receiver_id() { printf '%s' $((3000000000 + $(cksum <<<"$(conf GRANARY_HOST)/$JOB" | cut -d' ' -f1) % 1000000000)); }

# receiver_options DIRECTORY: prints one a line. Always from the beginning of a file: what was there before is compared.
receiver_options() {
  local id=--stop-never-slave-server-id
  if my_can binlog connection-server-id; then id=--connection-server-id; fi
  printf '%s\n' -u "$MY_USER" --read-from-remote-server --raw --stop-never "$id=$(receiver_id)" "--result-file=$1/" "$CUT_FILE"
}

receiver_native() {
  local options
  mapfile -t options < <(receiver_options "$SPOOL/receive")
  MYSQL_PWD=$MY_PASSWORD exec "${MY_PROGRAM[binlog]}" "${options[@]}"
}

# binlog_sidecar NAME MOUNT COMMAND...: a container of the database's image on its network, with nothing but a directory of
# the host in it, temporary files too: without a place for them mariadb-binlog leaves out most of a large transaction, and
# says nothing. MOUNT is HOSTDIR:DIR. The password comes on standard input, so that docker inspect does not show it.
binlog_sidecar() {
  local name=$1 mount=$2 image
  shift 2
  image=$(docker inspect -f '{{.Image}}' "$MY_CONTAINER")
  exec docker run --rm -i --name "$name" --label "granary=$JOB" --network "container:$MY_CONTAINER" --log-driver none \
    --cap-drop ALL --security-opt no-new-privileges --read-only --user "$(stat -c %u:%g "${mount%%:*}")" -v "$mount" \
    -e LC_ALL=C -e TZ=UTC0 -e "TMPDIR=${mount#*:}" --entrypoint sh "$image" -c 'IFS= read -r MYSQL_PWD; export MYSQL_PWD; exec "$@"' sh "$@" <<<"$MY_PASSWORD"
}

receiver_sidecar() {
  local options
  mapfile -t options < <(receiver_options /spool)
  sidecar_remove "$(receiver_name)"
  binlog_sidecar "$(receiver_name)" "$SPOOL/receive:/spool" "${MY_PROGRAM[binlog]}" -h 127.0.0.1 -P "$SERVER_PORT" "${options[@]}"
}

# receiver_before: a killed service may have left its receiver; two would write one file.
receiver_before() {
  local id
  id=$(receiver_id)
  if [[ -z $MY_CONTAINER ]]; then pkill -KILL -f -- "-server-id=$id --result-file=$SPOOL/receive/ " || true; fi
}

# receiver_remove, receiver_run
receiver_remove() { if [[ -n $MY_CONTAINER ]]; then sidecar_remove "$(receiver_name)"; fi; }
receiver_run() { if [[ -n $MY_CONTAINER ]]; then receiver_sidecar; else receiver_native; fi; }
