# shellcheck shell=bash
# Making a database of MariaDB or MySQL again, and the proof.
#
# While a restore goes on, the database has a table that says so (RESTORE_MARK) and holds the name of the job; a later run
# of that job drops such a database, and no other. It also holds the users that are being made.

# database_state NAME: prints absent, marked (an interrupted restore), empty or tables.
database_state() {
  local found
  found=$(my_sql <<<"SELECT 1 FROM information_schema.schemata WHERE schema_name = $(my_literal "$1");")
  if [[ -z $found ]]; then
    printf 'absent'
  elif database_marked "$1"; then
    printf 'marked'
  elif [[ -z $(content "$1") ]]; then
    printf 'empty'
  else
    printf 'tables'
  fi
}

# database_marked NAME
database_marked() {
  [[ -n $(my_sql <<<"SELECT 1 FROM information_schema.tables
 WHERE table_schema = $(my_literal "$1") AND table_name = '$RESTORE_MARK';") ]]
}

# leftovers_drop: the half-made databases of earlier restores of this job.
leftovers_drop() {
  local name
  while IFS= read -r name; do
    [[ $(my_sql <<<"SELECT job FROM $(my_name "$name").$RESTORE_MARK LIMIT 1;") == "$JOB" ]] || continue
    my_sql <<<"SELECT user FROM $(my_name "$name").$RESTORE_MARK WHERE user <> '';" >>"$WORK/users.half"
    log leftover-dropped "database=$name"
    my_sql <<<"DROP DATABASE $(my_name "$name");"
  done < <(my_sql <<<"SELECT table_schema FROM information_schema.tables WHERE table_name = '$RESTORE_MARK';")
}

# database_create NAME: with the character set it had, and marked. It may be there if it is empty.
database_create() {
  local name
  name=$(my_name "$1")
  my_sql 2>"$WORK/create.err" <<SQL || fail restore-failed "database '$1' could not be created: $(my_said "$(<"$WORK/create.err")")"
CREATE DATABASE IF NOT EXISTS $name;
ALTER DATABASE $name CHARACTER SET = $(jq -r .database.characterSet "$MANIFEST") COLLATE = $(jq -r .database.collation "$MANIFEST");
CREATE TABLE $name.$RESTORE_MARK (job VARCHAR(31) NOT NULL, user TEXT NOT NULL) ENGINE=InnoDB;
INSERT INTO $name.$RESTORE_MARK VALUES ($(my_literal "$JOB"), '');
SQL
}

# mark_drop NAME: it is whole.
mark_drop() { my_sql <<<"DROP TABLE IF EXISTS $(my_name "$1").$RESTORE_MARK;"; }

# dump_lines: the dump on standard input as this client understands it. Its first line puts a newer client into a mode
# without access to files; an older one does not know it.
dump_lines() {
  local first
  IFS= read -r first || true
  if [[ $first != '/*'*999999* ]] || my_can client sandbox; then printf '%s\n' "$first"; fi
  cat
}

# dump_load NAME: the opened dump comes on standard input and is nowhere written down. What the client made of it is looked
# at afterwards (load_judge): the rest is read away, so that a damaged artifact can be told from a statement that failed.
dump_load() {
  local status=0
  dump_lines | my "${MY_PROGRAM[client]}" -u "$MY_USER" --connect-timeout=15 --default-character-set=utf8mb4 \
    --max-allowed-packet=1G --batch -D "$1" >/dev/null 2>"$WORK/load.err" || status=$?
  cat >/dev/null
  printf '%s\n' "$status" >"$WORK/load.status"
}

# load_judge
load_judge() {
  [[ $(<"$WORK/load.status") == 0 ]] || fail restore-failed "${MY_PROGRAM[client]##*/}: $(my_said "$(<"$WORK/load.err")")"
}

# restored_sql NAME: counts of all tables.
restored_sql() {
  jq -r --arg database "$(my_name "$1")" '.rows | keys[] |
    "SELECT CONCAT(\u0027rows \u0027, COUNT(*), " + (" " + . | gsub("\\\\"; "\\\\") | gsub("\u0027"; "\u0027\u0027") | "\u0027" + . + "\u0027")
    + ") FROM " + $database + ".`" + gsub("`"; "``") + "`;"' "$MANIFEST"
}

# content_compare NAME: every table with its rows, every view, sequence, trigger, event and routine of the dump, and
# nothing else.
content_compare() {
  local different
  { content "$1" | sed -E '/^(unsafe|history) /d' && restored_sql "$1" | my_sql; } | LC_ALL=C sort >"$WORK/found"
  jq -r '(.rows | to_entries[] | "rows \(.value) \(.key)", "table \(.key)"),
    (.content | to_entries[] | (.key | rtrimstr("s")) as $word | .value[] | "\($word) \(.)")' "$MANIFEST" | LC_ALL=C sort >"$WORK/want"
  # diff ends with 1 when there is a difference.
  different=$({ LC_ALL=C diff "$WORK/want" "$WORK/found" || (($? == 1)); } | sed -n 's/^< /saved: /p; s/^> /restored: /p' | sed 21q)
  [[ -z $different ]] || fail compare-failed "${different//$'\n'/, }" "database=$1"
}
