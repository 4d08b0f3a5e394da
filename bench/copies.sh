# shellcheck shell=bash
# Three places to copy to, the same ones for every contender: directories, or buckets of a MinIO on loopback.
# Their rclone settings go to the environment of rclone and to the job's settings alike.

COPY_NAMES=(spaces r2 box)
MINIO_PID=
MINIO_PORT=19099

# copy_settings: KEY=value lines.
copy_settings() {
  local name upper
  for name in "${COPY_NAMES[@]}"; do
    upper=RCLONE_CONFIG_${name^^}
    if [[ $COPIES == local ]]; then
      printf '%s\n' "${upper}_TYPE=local" "GRANARY_COPY_${name^^}_ROOT=$WORK/copies/$name"
    else
      printf '%s\n' "${upper}_TYPE=s3" "${upper}_PROVIDER=Minio" "${upper}_ACCESS_KEY_ID=bench" "${upper}_SECRET_ACCESS_KEY=benchbench" \
        "${upper}_ENDPOINT=http://127.0.0.1:$MINIO_PORT" "GRANARY_COPY_${name^^}_ROOT=bench-$name"
    fi
  done
}

# copy_path NAME KEY: rclone's path of an object.
copy_path() {
  local root=GRANARY_COPY_${1^^}_ROOT
  printf '%s:%s/%s' "$1" "${!root}" "$2"
}

copies_start() {
  local line name
  while IFS= read -r line; do export "${line?}"; done < <(copy_settings)
  if [[ $COPIES == minio ]]; then
    MINIO_ROOT_USER=bench MINIO_ROOT_PASSWORD=benchbench "${GRANARY_CACHE:-$HOME/.cache/granary}/bin/minio" server --quiet \
      --address "127.0.0.1:$MINIO_PORT" "$WORK/minio" >"$WORK/minio.log" 2>&1 &
    MINIO_PID=$!
    for _ in {1..100}; do
      if (: <>"/dev/tcp/127.0.0.1/$MINIO_PORT") 2>/dev/null; then break; fi
      sleep 0.1
    done
  fi
  for name in "${COPY_NAMES[@]}"; do rclone --config /dev/null mkdir "$(copy_path "$name" "")"; done
}

copies_stop() {
  if [[ -z $MINIO_PID ]]; then return 0; fi
  kill "$MINIO_PID" 2>/dev/null || return 0
  wait "$MINIO_PID" || true
}
