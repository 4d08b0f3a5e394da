# shellcheck shell=bash
# The way to the database: docker exec into $CONTAINER, or a native server of the benchmark's own.
# The same words stand before the clients of every contender.

PG_BIN=/usr/lib/postgresql/15/bin
DOOR=() # words before a client's name

door_open() {
  if [[ -n $CONTAINER ]]; then
    DOOR=(docker exec -i -e SHOP_APP_PASSWORD -e PGUSER=postgres "$CONTAINER")
    docker cp -q "$REPO/lab/shop/sql" "$CONTAINER:/tmp/granary-bench-sql"
    door_make_shop /tmp/granary-bench-sql
    return
  fi
  export PATH=$PG_BIN:$PATH PGHOST=$WORK/pg PGPORT=5999 PGUSER=postgres
  install -d -o postgres -g postgres "$WORK/pg"
  (cd / && runuser -u postgres -- "$PG_BIN/initdb" -D "$WORK/pg/data" -A trust -E UTF8 --locale=C.UTF-8 >/dev/null)
  (cd / && runuser -u postgres -- "$PG_BIN/pg_ctl" -D "$WORK/pg/data" -w -l "$WORK/pg/log" \
    -o "-k $WORK/pg -p $PGPORT -c listen_addresses= -c max_wal_size=4GB" start >/dev/null)
  door_make_shop "$REPO/lab/shop/sql"
}

door_make_shop() {
  "${DOOR[@]}" dropdb --if-exists "$DATABASE" 2>/dev/null
  "${DOOR[@]}" createdb "$DATABASE"
  SHOP_APP_PASSWORD=bench "${DOOR[@]}" psql -X -d "$DATABASE" -v orders="$ORDERS" -v note_sentences=4 -v image_kb=16 -f "$1/shop.sql" >&2
}

# door_sql STATEMENT
door_sql() { "${DOOR[@]}" psql -XAtq -v ON_ERROR_STOP=1 -d postgres -c "$1"; }

# Between two contenders: what the last one left to be written is written, so that nobody pays for another.
door_settle() {
  door_sql CHECKPOINT
  sync -f "$WORK"
}

door_close() {
  if [[ -n $CONTAINER ]]; then
    door_sql "DROP DATABASE IF EXISTS $DATABASE"
    door_sql 'DROP ROLE IF EXISTS shop_app, shop_reports'
    docker exec "$CONTAINER" rm -rf /tmp/granary-bench-sql /tmp/granary-bench.dump
  elif [[ -s $WORK/pg/data/postmaster.pid ]]; then
    (cd / && runuser -u postgres -- "$PG_BIN/pg_ctl" -D "$WORK/pg/data" -m immediate stop >/dev/null)
  fi
}
