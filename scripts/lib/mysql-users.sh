# shellcheck shell=bash
# The users and roles of a server, as statements that make them again, with their password hashes. Each statement is one
# line and begins with a comment that names its user, so that a restore can leave alone those that exist.

readonly USERS_HEAD="-- Granary: users and roles"

# users_sql: prints "user<TAB>role (Y or N)" of all but the server's own, quoted as in a statement.
users_sql() {
  if [[ $MY_FAMILY == mariadb ]]; then
    printf '%s' "SELECT CONCAT(QUOTE(user), IF(is_role = 'Y', '', CONCAT('@', QUOTE(host)))), is_role FROM mysql.user
 WHERE user NOT IN ('mariadb.sys', 'PUBLIC') ORDER BY is_role DESC, user, host;"
  else
    printf '%s' "SELECT CONCAT(QUOTE(user), '@', QUOTE(host)), 'N' FROM mysql.user
 WHERE user NOT IN ('mysql.sys', 'mysql.session', 'mysql.infoschema') ORDER BY account_locked DESC, user, host;"
  fi
}

# users_questions: reads users, prints the statements that make the server tell all about each: first how to make every
# one of them, then what they may do, for a right may name another.
users_questions() {
  local user role users=() roles=()
  while IFS=$'\t' read -r user role; do
    users+=("$user") roles+=("$role")
  done
  # Hashes hold bytes that no text can; MySQL 8 prints them so only when told.
  if [[ $MY_FAMILY == mysql ]]; then printf '%s\n' '/*!80017 SET SESSION print_identified_with_as_hex = ON */;'; fi
  for user in "${!users[@]}"; do
    printf 'SELECT %s;\n' "$(my_literal "@@ ${users[$user]}")"
    if [[ ${roles[$user]} == Y ]]; then
      printf 'SELECT %s;\n' "$(my_literal "CREATE ROLE ${users[$user]}")"
    else
      printf 'SHOW CREATE USER %s;\n' "${users[$user]}"
    fi
  done
  for user in "${users[@]}"; do printf 'SELECT %s;\nSHOW GRANTS FOR %s;\n' "$(my_literal "@@ $user")" "$user"; done
}

# users_readable: whether the user of the job may read who is there.
users_readable() { users_sql | my_sql >"$WORK/users" 2>"$WORK/users.err"; }

# dump_users: of a user who may not read them, only the head.
dump_users() {
  printf '%s\n' "$USERS_HEAD"
  [[ -s $WORK/users ]] || return 0
  users_questions <"$WORK/users" | my_sql | awk '/^@@ / { user = substr($0, 4); next } { print "/* " user " */ " $0 ";" }'
}

# users_half: prints those that an interrupted restore of this job was making.
users_half() { if [[ -e $WORK/users.half ]]; then cat "$WORK/users.half"; fi; }

# users_missing: passes on the statements about users that are not on this server, or half made.
users_missing() {
  awk 'FILENAME == ARGV[1] { half[$0] = 1; next }
    FILENAME == ARGV[2] { if (!($0 in half)) have["/* " $0 " */"] = 1; next }
    match($0, /^\/\* .* \*\/ (CREATE|GRANT|SET|ALTER) /) {
      key = $0
      sub(/ \*\/ .*/, " */", key)
      if (key in have) next
      sub(/ \*\/ CREATE USER /, " */ CREATE USER IF NOT EXISTS ")
      sub(/ \*\/ CREATE ROLE /, " */ CREATE ROLE IF NOT EXISTS ")
      print
    }' <(users_half) <(cut -f1 "$WORK/users") -
}

# users_restore USERS: those that are not there yet; nothing of an existing one is changed. Who is being made is noted in
# the mark first. A right on a table of another database that is not here is reported, and no failure.
users_restore() {
  local statements errors user
  users_readable || fail restore-failed "the users cannot be read: $(last_line "$WORK/users.err")"
  statements=$(users_missing <<<"$1")
  [[ -n $statements ]] || return 0
  while IFS= read -r user; do
    printf 'INSERT INTO %s.%s VALUES (%s, %s);\n' "$(my_name "$TARGET")" "$RESTORE_MARK" "$(my_literal "$JOB")" "$(my_literal "$user")"
  done < <(sed -n 's|^/\* \(.*\) \*/ CREATE .*|\1|p' <<<"$statements") | my_sql
  my_sql --force <<<"$statements" >/dev/null 2>"$WORK/users.err" || true
  errors=$(grep '^ERROR' "$WORK/users.err" || true)
  if grep -qv '^ERROR 1146 ' <<<"${errors:-ERROR 1146 }"; then
    fail restore-failed "the users could not be restored: $(grep -v '^ERROR 1146 ' <<<"$errors" | head -n 1)"
  fi
  [[ -z $errors ]] || log rights-left-out "message=${errors%%$'\n'*}" "statements=$(wc -l <<<"$errors")"
  log users "created=$(grep -cE ' \*/ CREATE ' <<<"$statements" || true)"
}
