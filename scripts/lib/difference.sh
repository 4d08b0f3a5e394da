# shellcheck shell=bash
# What is different between the damaged database and the restored one: tables, and rows by their keys. The damaged one may
# be past reading in places: that is reported and stops nothing.

readonly DIFFERENCE_TIMEOUT=300s # a statement

# marks_sql: a line a table: {"schema.table": "rows hash"}. The order of rows is of no matter.
marks_sql() {
  cat <<SQL
SET statement_timeout = '$DIFFERENCE_TIMEOUT';
SELECT format('SELECT jsonb_build_object(%L, count(*) || '' '' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)) FROM ONLY %I.%I t',
  format('%I.%I', n.nspname, c.relname), n.nspname, c.relname)
$TABLES_SQL ORDER BY c.relpages DESC \\gexec
SQL
}

# names_sql: a line a table: {"schema.table": [columns of its primary key, quoted]}.
names_sql() {
  cat <<SQL
SELECT jsonb_build_object(format('%I.%I', n.nspname, c.relname), coalesce((SELECT jsonb_agg(quote_ident(a.attname) ORDER BY a.attnum)
  FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
  WHERE i.indrelid = c.oid AND i.indisprimary), '[]'::jsonb)) $TABLES_SQL;
SQL
}

# tables_read DATABASE FILE: FILE.marks and FILE.names, JSON. A table that cannot be read has a name and no mark.
tables_read() {
  { names_sql | sql "$1" | jq -s 'add // {}'; } >"$2.names"
  { marks_sql | sql "$1" -v ON_ERROR_STOP=0 2>"$2.err" || true; } | jq -s 'add // {}' >"$2.marks"
}

# rows_read DATABASE TABLE KEY: a line a row, sorted: hash of its key, hash of all of it. Without a key: the one hash.
rows_read() {
  local what='md5(t::text)'
  if [[ -n $3 ]]; then what="md5(ROW($3)::text) || ' ' || md5(t::text)"; fi
  printf "SET statement_timeout = '%s';\nCOPY (SELECT %s FROM ONLY %s t) TO STDOUT;\n" "$DIFFERENCE_TIMEOUT" "$what" "$2" |
    sql "$1" 2>>"$WORK/difference.err" | LC_ALL=C sort -S 64M -T "$WORK"
}

# table_difference LIVE RESTORED TABLE KEY: prints {table, missing, extra, changed}: missing are the rows that are in the restored database
# alone. A row without a key that was changed is one missing and one extra.
table_difference() {
  local live=$WORK/rows.live restored=$WORK/rows.restored
  if ! { rows_read "$1" "$3" "$4" >"$live" && rows_read "$2" "$3" "$4" >"$restored"; }; then
    jq -cn --arg table "$3" --arg why "$(last_line "$WORK/difference.err")" '{table: $table, unreadable: $why}'
    return 0
  fi
  if [[ -n $4 ]]; then
    LC_ALL=C join -a1 -a2 -e- -o 1.2,2.2 "$live" "$restored" |
      awk -v table="$3" '$1 == "-" { missing++; next } $2 == "-" { extra++; next } $1 != $2 { changed++ }
        END { print table "\t" missing + 0 "\t" extra + 0 "\t" changed + 0 }'
  else
    printf '%s\t%s\t%s\t0\n' "$3" "$(LC_ALL=C comm -13 "$live" "$restored" | wc -l)" "$(LC_ALL=C comm -23 "$live" "$restored" | wc -l)"
  fi | jq -Rc 'split("\t") | {table: .[0], missing: (.[1] | tonumber), extra: (.[2] | tonumber), changed: (.[3] | tonumber)}'
}

# difference LIVE RESTORED: prints {tablesMissing, tablesExtra, tables, equal}. Only tables whose marks differ are read row by row.
difference() {
  local dir=$WORK/difference table key reading
  mkdir -p "$dir"
  tables_read "$1" "$dir/live" &
  reading=$!
  tables_read "$2" "$dir/restored"
  wait "$reading" || fail compare-failed "the tables of database '$1' could not be listed: $(last_line "$dir/live.err")"
  # A key counts when both have it.
  jq -r --slurpfile live "$dir/live.marks" --slurpfile names "$dir/live.names" --slurpfile restored "$dir/restored.marks" '
    to_entries | sort_by(.key)[] | select($names[0][.key] and $live[0][.key] != $restored[0][.key])
    | [.key, (if $names[0][.key] == .value then .value | join(", ") else "" end)] | @tsv' "$dir/restored.names" >"$dir/differ"
  while IFS=$'\t' read -r table key; do table_difference "$1" "$2" "$table" "$key"; done <"$dir/differ" >"$dir/tables"
  jq -n --slurpfile live "$dir/live.names" --slurpfile restored "$dir/restored.names" --slurpfile tables "$dir/tables" '
    {tablesMissing: (($restored[0] | keys) - ($live[0] | keys)), tablesExtra: (($live[0] | keys) - ($restored[0] | keys)), tables: $tables}
    | .equal = ($restored[0] | length) - (.tablesMissing | length) - (.tables | length)'
}
