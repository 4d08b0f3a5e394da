# shellcheck shell=bash
# What is in a database, one line a thing: "table NAME", "view NAME", "sequence NAME", "trigger NAME", "event NAME",
# "routine NAME"; from the server, and from a dump on its way.

# content_sql DATABASE: also "unsafe NAME": a table without transactions, "history NAME": one with system versioning.
content_sql() {
  local database
  database=$(my_literal "$1")
  cat <<SQL
SELECT CONCAT(CASE table_type WHEN 'VIEW' THEN 'view' WHEN 'SEQUENCE' THEN 'sequence' ELSE 'table' END, ' ', table_name)
 FROM information_schema.tables WHERE table_schema = $database AND table_name <> '$RESTORE_MARK';
SELECT CONCAT('trigger ', trigger_name) FROM information_schema.triggers WHERE trigger_schema = $database;
SELECT CONCAT('event ', event_name) FROM information_schema.events WHERE event_schema = $database;
SELECT CONCAT('routine ', routine_name) FROM information_schema.routines WHERE routine_schema = $database;
SELECT CONCAT('unsafe ', t.table_name) FROM information_schema.tables t JOIN information_schema.engines e ON e.engine = t.engine
 WHERE t.table_schema = $database AND e.transactions <> 'YES' AND t.table_type <> 'SEQUENCE' AND t.table_name <> '$RESTORE_MARK';
SELECT CONCAT('history ', table_name) FROM information_schema.tables
 WHERE table_schema = $database AND table_type = 'SYSTEM VERSIONED';
SQL
}

# The table that a database has while a restore into it goes on; it holds the name of the job.
readonly RESTORE_MARK=granary_incomplete_restore

# content DATABASE: prints it, sorted.
content() { content_sql "$1" | my_sql | LC_ALL=C sort; }

# content_count: reads a dump; prints what is in it, "rows NUMBER NAME" for each table, "position FILE NUMBER" of the binary
# log, "begun" if its head is one of the dump programs', and "completed" if its end is there. A row has a line of its own
# with MariaDB; MySQL writes many into one, so strings are taken out before counting there. Line breaks in values are
# escaped. What stands between DELIMITER ;; and DELIMITER ; is the text of triggers, events and routines.
content_count() {
  LC_ALL=C awk '
    function name(text) {
      match(text, /`([^`]|``)*`/)
      text = substr(text, RSTART + 1, RLENGTH - 2)
      gsub(/``/, "`", text)
      return text
    }
    function in_line(text) {
      sub(/^INSERT [A-Z ]*`([^`]|``)*` (\(.*\) )?VALUES /, "", text)
      gsub(/\\./, "", text)
      gsub(/\047[^\047]*\047/, "", text)
      return gsub(/\),\(/, "", text) + 1
    }
    table != "" && /^\(/ { rows[table]++; if (/\);$/) table = ""; next }
    NR <= 2 && /^-- (MariaDB|MySQL) dump / { print "begun" }
    { last = $0 }
    /^DELIMITER ;;$/ { body = 1 }
    /^DELIMITER ;$/ { body = 0 }
    /^\/\*!50106 DROP EVENT IF EXISTS `/ { print "event " name($0) }
    body { next }
    /^INSERT [A-Z ]*INTO `/ { table = name($0); if (/\);$/) { rows[table] += in_line($0); table = "" }; next }
    /^CREATE TABLE `/ { rows[name($0)] += 0; print "table " name($0) }
    /^CREATE SEQUENCE `/ { print "sequence " name($0) }
    # Some versions do not quote it here.
    /^\/\*!50032 DROP TRIGGER IF EXISTS `/ { print "trigger " name($0); next }
    /^\/\*!50032 DROP TRIGGER IF EXISTS / { sub(/^.* IF EXISTS /, ""); sub(/ \*\/;$/, ""); print "trigger " $0 }
    /^\/\*!50003 DROP (FUNCTION|PROCEDURE|PACKAGE|PACKAGE BODY) IF EXISTS `/ { print "routine " name($0) }
    /^-- Final view structure for view `/ { print "view " name($0) }
    /^-- CHANGE (MASTER|REPLICATION SOURCE) TO (MASTER|SOURCE)_LOG_FILE=/ {
      split($0, part, "\047")
      number = $0
      sub(/.*_LOG_POS=/, "", number)
      sub(/;.*/, "", number)
      print "position " part[2] " " number
    }
    END {
      for (table in rows) print "rows " rows[table] " " table
      if (last ~ /^-- Dump completed/) print "completed"
    }'
}
