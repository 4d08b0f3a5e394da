# shellcheck shell=bash
# The events of a restored database: they must not run while it is being restored, and never beside the live one. Until it
# goes live they are "disabled on a replica", which no log says by itself: what the log disables or drops stays so.

EVENTS_LEFT= # events that were like that before, as a list for SQL: looked at once, before the first is stopped

# events_sql STATUS STATE: prints the query for the statements that bring the events of a status into a state. ALTER EVENT
# would make its caller the definer, hence the definer is said.
events_sql() {
  cat <<SQL
SELECT CONCAT('ALTER DEFINER = ', QUOTE(SUBSTRING_INDEX(definer, '@', 1)), '@', QUOTE(SUBSTRING(definer, CHAR_LENGTH(SUBSTRING_INDEX(definer, '@', 1)) + 2)),
 ' EVENT \`', REPLACE(event_schema, '\`', '\`\`'), '\`.\`', REPLACE(event_name, '\`', '\`\`'), '\` $2;')
FROM information_schema.events WHERE event_schema = $(my_literal "$TARGET") AND status = '$1' AND event_name NOT IN ($EVENTS_LEFT);
SQL
}

# events_stop: right after the dump is loaded, and again after the log was applied.
events_stop() {
  local statements
  if [[ -z $EVENTS_LEFT ]]; then
    EVENTS_LEFT=$(my_sql <<<"SELECT COALESCE(GROUP_CONCAT(QUOTE(event_name)), '''''') FROM information_schema.events
 WHERE event_schema = $(my_literal "$TARGET") AND status = 'SLAVESIDE_DISABLED';")
  fi
  statements=$(events_sql ENABLED 'DISABLE ON SLAVE' | my_sql)
  [[ -z $statements ]] || my_sql <<<"$statements"
}

# events_start: of a database that is live now.
events_start() {
  local statements
  statements=$(events_sql SLAVESIDE_DISABLED ENABLE | my_sql)
  [[ -z $statements ]] || my_sql <<<"$statements"
}
