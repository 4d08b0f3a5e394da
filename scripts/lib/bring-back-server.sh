# shellcheck shell=bash
# A whole PostgreSQL server from its base backup and log, into the volume of a container that was made and never ran: with
# every database, role and setting of it, to the last instant that the copy has, and without a dump being read and written.

# server_back_fits: whether the job's server can come back so.
server_back_fits() {
  [[ $(conf GRANARY_KIND) == postgres && $FROM != dump ]] && continuous || return 1
  [[ -n $(conf GRANARY_PG_CONTAINER) ]] && container_is_new "$(conf GRANARY_PG_CONTAINER)"
}

# container_is_new NAME: made, and never started: so nobody but the image has written to its volume.
container_is_new() {
  [[ $(docker inspect -f '{{.State.Running}} {{.State.StartedAt}}' "$1" 2>/dev/null) == "false 0001-01-01T00:00:00Z" ]]
}

# container_data NAME: prints where the container's data directory is on this host.
container_data() {
  docker inspect "$1" | jq -er '
    .[0] | ([.Config.Env[] | select(startswith("PGDATA=")) | ltrimstr("PGDATA=")][0] // "/var/lib/postgresql/data") as $data
    | [.Mounts[] | .Destination as $at | select($data == $at or ($data | startswith($at + "/")))]
    | max_by(.Destination | length) // empty | .Source + $data[(.Destination | length):]' ||
    fail restore-failed "container '$1' keeps its database in no volume: give it one in the compose file, it would be lost with the container"
}

# data_reserve DIR: what an earlier run put into the volume goes; it is known by what that run wrote down, and the container
# has not run since.
data_reserve() {
  local reserved=$GRANARY_STATE/brought-back/$JOB.data
  if [[ $(cat "$reserved" 2>/dev/null) == "$1" ]]; then
    find "$1" -mindepth 1 -delete
  elif [[ -n $(find "$1" -mindepth 1 -print -quit 2>/dev/null) ]]; then
    fail target-live "$1 is not empty: it is the volume of container '$(conf GRANARY_PG_CONTAINER)'; look whose it is, and move it away"
  fi
  printf '%s' "$1" >"$reserved"
}

# server_back: prints the result; the identity goes on to the recovery, on standard input.
server_back() {
  local container data image
  container=$(conf GRANARY_PG_CONTAINER)
  data=$(container_data "$container")
  image=$(docker inspect -f '{{.Image}}' "$container")
  data_reserve "$data"
  "$LIB/../granary-recover-db" "$JOB" --copy "$COPY" --at "$AT" --data-dir "$data" --image "$image" | jq -c '. + {stamp: .base}'
}

# server_look: a database that came with its server: once it answers, prints what it has.
server_look() {
  local tables
  database_wait >&2
  tables=$("$LIB/../granary-query" "$JOB" <<<"SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p')
    AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'pg_toast');")
  jq -cn --arg job "$JOB" --argjson tables "$tables" '{job: $job, tables: $tables}'
}
