# shellcheck shell=bash
# Restoring to a moment: a dump, and then the binary log from its position on.
#
# The log holds statements that name databases, DROP DATABASE among them. They are run by a user of their own who has
# rights on the restored database and on no other, so that nothing else can be touched whatever the log says.

readonly REPLAY_USER=granary_replay

REPLAY=         # seconds since 1970, or end; empty: the dump as it is
REPLAY_END=     # what of the log is there: a stamp
REPLAY_POSITION= # of the dump, in the first file
REPLAY_FILES=() # in the order of the log
REPLAYED=null   # JSON for the result

# replay_wanted: what --at means here: a time is reached exactly where the log is shipped. Sets REPLAY and AT.
replay_wanted() {
  if [[ $AT == latest || $AT =~ ^[0-9]{8}T[0-9]{6}Z$ ]]; then return 0; fi
  if [[ $AT == end ]]; then
    continuous || fail usage "--at end is for jobs with continuous: true"
    REPLAY=end AT=latest
  else
    REPLAY=$(date -u -d "$AT" +%s 2>/dev/null) || fail usage "--at '$AT' is neither latest, nor end, nor a stamp, nor a time"
    if ! continuous; then REPLAY=; fi
  fi
  [[ -z $REPLAY ]] || copy_with_log
}

# replay_choose: the newest dump that was finished before the moment and knows its place in the log. Sets MANIFEST, STAMP.
replay_choose() {
  local file limit=9999999999 chosen=
  if [[ $REPLAY != end ]]; then limit=$REPLAY; fi
  for file in "$WORK"/manifests/*.json; do
    [[ -e $file ]] || continue
    if jq -e --argjson limit "$limit" '.wal != null and (.wal.ended | fromdate) <= $limit and (.wal.position | type == "number")
      and (.wal.file | test("^[A-Za-z0-9_.-]+\\.[0-9]{6,}$")) and (.wal.system | test("^[0-9a-f.-]+$"))
      and (.wal.chain | test("^[0-9]{8}T[0-9]{6}Z$"))' "$file" >/dev/null; then chosen=$file; fi
  done
  [[ -n $chosen ]] || fail manifest "copy $COPY has no dump of job $JOB from before that moment that a log goes on from"
  MANIFEST=$chosen STAMP=$(basename "$chosen" .json)
  log replay-from "stamp=$STAMP" "file=$(jq -r .wal.file "$MANIFEST")" "position=$(jq .wal.position "$MANIFEST")"
}

# replay_plan: the whole way must be there before anything is restored.
replay_plan() {
  local directory until='' word file reach stamp
  directory=$(jq -r '.wal | "\(.system)-\(.chain)"' "$MANIFEST")
  if [[ $REPLAY != end ]]; then until=$(date -u -d "@$REPLAY" +%Y%m%dT%H%M%SZ); fi
  pieces_list "$COPY" "$directory" | binlog_plan "$(jq -r .wal.file "$MANIFEST")" "$until" >"$WORK/plan"
  read -r word file reach stamp < <(tail -n 1 "$WORK/plan")
  [[ $word == end ]] || fail wal-gap "the log in copy $COPY is whole until $stamp only: after byte $reach of $file something is missing"
  REPLAY_POSITION=$(jq .wal.position "$MANIFEST")
  [[ $file != "$(jq -r .wal.file "$MANIFEST")" ]] || ((reach >= REPLAY_POSITION)) ||
    fail wal-gap "the log in copy $COPY ends before the dump $STAMP was made"
  [[ -z $until || ! $stamp < $until ]] || fail wal-gap "the log in copy $COPY ends at $stamp, before $until: take --at end, or another copy"
  REPLAY_END=$stamp
}

# replay_fetch: the pieces of the plan, opened and put together. They are plain text here, until the restore ends.
replay_fetch() {
  local directory name file start have
  directory=$(jq -r '.wal | "\(.system)-\(.chain)"' "$MANIFEST")
  mkdir "$WORK/pieces" "$WORK/binlog"
  sed -n 's/^piece \([^ ]*\) .*/\1/p' "$WORK/plan" >"$WORK/pieces.list"
  copy_rclone "$COPY" copy --no-traverse --transfers 4 --files-from-raw "$WORK/pieces.list" \
    "$(copy_path "$COPY" "$(wal_prefix "$directory")")" "$WORK/pieces" 2>"$WORK/rclone.err" ||
    fail fetch-failed "the log could not be read from copy $COPY: $(rclone_said)"
  while read -r _ name file start; do
    if [[ ! -e $WORK/binlog/$file ]]; then
      : >"$WORK/binlog/$file"
      REPLAY_FILES+=("$file")
    fi
    have=$(stat -c %s "$WORK/binlog/$file")
    age -d -i "$IDENTITY" "$WORK/pieces/$name" 2>"$WORK/age.err" | zstd -dcq 2>"$WORK/zstd.err" | tail -c +$((have - start + 1)) >>"$WORK/binlog/$file" ||
      fail artifact-corrupt "piece $name of the log cannot be opened: $(last_line "$WORK/age.err") $(last_line "$WORK/zstd.err")"
    rm -f "$WORK/pieces/$name"
  done < <(grep '^piece ' "$WORK/plan")
  [[ $(stat -c %s "$WORK/binlog/${REPLAY_FILES[-1]}") == "$(tail -n 1 "$WORK/plan" | cut -d' ' -f3)" ]] ||
    fail artifact-corrupt "the log that was put together is not as long as its pieces say"
}

# replay_statements DIRECTORY: prints the arguments of mariadb-binlog or mysqlbinlog, one a line. MariaDB filters by the
# name in the log, MySQL by the new one. Without the log's own numbers of transactions: they are used up on this server.
replay_arguments() {
  local file database
  database=$(jq -r .database.name "$MANIFEST")
  if [[ $TARGET != "$database" ]]; then
    printf '%s\n' "--rewrite-db=$database->$TARGET"
    if [[ $MY_FAMILY == mysql ]]; then database=$TARGET; fi
  fi
  printf '%s\n' "--database=$database" "--start-position=$REPLAY_POSITION"
  if [[ $REPLAY != end ]]; then printf '%s\n' "--stop-datetime=$(date -u -d "@$REPLAY" '+%Y-%m-%d %H:%M:%S')"; fi
  if my_can binlog skip-gtids; then printf '%s\n' --skip-gtids; fi
  for file in "${REPLAY_FILES[@]}"; do printf '%s\n' "$1/$file"; done
}

# replay_statements: the log as statements, in a file: what a container prints is cut off two seconds after its end, where
# the reader is slower than it, and the server that runs the statements is. They are plain text until the restore ends.
replay_statements() {
  local arguments
  if [[ -n $MY_CONTAINER ]]; then
    mapfile -t arguments < <(replay_arguments /spool)
    sidecar_remove "granary-replay-$JOB"
    (binlog_sidecar "granary-replay-$JOB" "$WORK/binlog:/spool" "${MY_PROGRAM[binlog]}" --result-file=/spool/statements "${arguments[@]}")
  else
    mapfile -t arguments < <(replay_arguments "$WORK/binlog")
    TZ=UTC0 "${MY_PROGRAM[binlog]}" "--result-file=$WORK/binlog/statements" "${arguments[@]}"
  fi
}

# replay_user_sql: the user of the replay, with rights on TARGET alone. sql_log_bin: it is nobody's business but this server's.
replay_user_sql() {
  local rights=SUPER
  if [[ $MY_FAMILY == mariadb ]] && (($(my_major "$MY_SERVER") >= 10005)); then rights='SUPER, BINLOG REPLAY, SET USER'; fi
  if [[ $MY_FAMILY == mysql ]] && (($(my_major "$MY_SERVER") >= 8000)); then rights='SUPER, BINLOG_ADMIN, SYSTEM_VARIABLES_ADMIN, SESSION_VARIABLES_ADMIN, SET_USER_ID'; fi
  cat <<SQL
SET SESSION sql_log_bin = 0;
DROP USER IF EXISTS '$REPLAY_USER'@'localhost';
CREATE USER '$REPLAY_USER'@'localhost' IDENTIFIED BY '$1';
GRANT ALL ON $(my_name "$TARGET").* TO '$REPLAY_USER'@'localhost';
GRANT $rights ON *.* TO '$REPLAY_USER'@'localhost';
SQL
}

replay_user_drop() { my_sql <<<"SET SESSION sql_log_bin = 0; DROP USER IF EXISTS '$REPLAY_USER'@'localhost';"; }

# replay_run: all of it, and what the server did not take is looked at afterwards (replay_judge).
replay_run() {
  local password status=0
  replay_statements >/dev/null 2>"$WORK/binlog.err" || status=$?
  if ((status != 0)) && ! replay_cut_short; then
    fail restore-failed "${MY_PROGRAM[binlog]##*/}: $(my_said "$(<"$WORK/binlog.err")")"
  fi
  password=$(openssl rand -hex 24)
  replay_user_sql "$password" | my_sql
  status=0
  sed '\|^/\*M!100001 SET @@session.gtid_seq_no=|d' "$WORK/binlog/statements" |
    MY_PASSWORD=$password my "${MY_PROGRAM[client]}" -u "$REPLAY_USER" --connect-timeout=15 --default-character-set=utf8mb4 \
      --max-allowed-packet=1G --binary-mode --batch --force -D "$TARGET" >/dev/null 2>"$WORK/replay.err" || status=${PIPESTATUS[1]}
  rm -f "$WORK/binlog/statements"
  replay_user_drop
  replay_judge "$status"
}

# replay_cut_short: whether the last event is only there in part, which is where the log ends: it belongs to a transaction
# that was not committed before the end.
replay_cut_short() {
  local offset file size length
  offset=$(sed -n 's/.*Could not read entry at offset \([0-9]*\):.*/\1/p' "$WORK/binlog.err")
  file=$WORK/binlog/${REPLAY_FILES[-1]}
  size=$(stat -c %s "$file")
  [[ -n $offset ]] && ((offset < size)) || return 1
  ((offset + 19 <= size)) || return 0
  length=$(od -An -tu4 -j $((offset + 9)) -N 4 "$file")
  ((offset + length > size))
}

# replay_judge STATUS: statements about other databases or about users were refused, which is reported; any other error
# means that the database is not what it was.
replay_judge() {
  local errors denied
  errors=$(grep '^ERROR' "$WORK/replay.err" || true)
  denied=$(grep -cE '^ERROR (1044|1045|1142|1143|1227|1370|1396|1410) ' <<<"$errors" || true)
  if grep -qvE '^ERROR (1044|1045|1142|1143|1227|1370|1396|1410) ' <<<"${errors:-ERROR 1044 }"; then
    fail restore-failed "the log could not be applied: $(grep -vE '^ERROR (1044|1045|1142|1143|1227|1370|1396|1410) ' <<<"$errors" | head -n 1)"
  fi
  (($1 == 0 || denied > 0)) || fail restore-failed "the log could not be applied: $(my_said "$(<"$WORK/replay.err")")"
  if ((denied > 0)); then log replay-left-out "statements=$denied" "message=they concern other databases or users: ${errors%%$'\n'*}"; fi
  REPLAYED=$(jq -cn --arg until "$REPLAY" --arg reached "$REPLAY_END" --argjson files "${#REPLAY_FILES[@]}" --argjson denied "$denied" \
    '{until: (if $until == "end" then $reached | strptime("%Y%m%dT%H%M%SZ") | mktime | todate else ($until | tonumber | todate) end), files: $files, leftOut: $denied}')
  log replayed "until=$(jq -r .until <<<"$REPLAYED")" "files=${#REPLAY_FILES[@]}"
}
