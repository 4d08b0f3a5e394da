/** What is in a database of MariaDB, as text: every definition, and of tables their checksum over all rows. */

/**
 * SQL that prints, one a line, the statements to be run in `database` to know all that is in it.
 * @param database letters, digits and _ only
 */
export function statementsSql(database: string): string {
  if (!/^\w+$/.test(database)) throw new Error(`not a plain name: ${JSON.stringify(database)}`);
  const name = (column: string): string => `CONCAT('\`', REPLACE(${column}, '\`', '\`\`'), '\`')`;
  const each = (text: string, from: string, schema: string, column: string): string =>
    `SELECT ${text} FROM information_schema.${from} WHERE ${schema} = '${database}' ORDER BY ${column};`;
  const table = (type: string, text: string): string =>
    each(text, "tables", `table_type = '${type}' AND table_schema`, "table_name");
  const create = (what: string, column: string): string => `CONCAT('SHOW CREATE ${what} ', ${name(column)}, ';')`;
  return [
    table("BASE TABLE", create("TABLE", "table_name")),
    table("BASE TABLE", `CONCAT('CHECKSUM TABLE ', ${name("table_name")}, ' EXTENDED;')`),
    table("VIEW", create("VIEW", "table_name")),
    table("VIEW", `CONCAT('SELECT COUNT(*) FROM ', ${name("table_name")}, ';')`),
    table("SEQUENCE", create("SEQUENCE", "table_name")),
    each(create("TRIGGER", "trigger_name"), "triggers", "trigger_schema", "trigger_name"),
    each(create("EVENT", "event_name"), "events", "event_schema", "event_name"),
    each(
      create("FUNCTION", "routine_name"),
      "routines",
      "routine_type = 'FUNCTION' AND routine_schema",
      "routine_name",
    ),
    each(
      create("PROCEDURE", "routine_name"),
      "routines",
      "routine_type = 'PROCEDURE' AND routine_schema",
      "routine_name",
    ),
    `SELECT "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata WHERE schema_name = '${database}';";`,
  ].join("\n");
}

/** What those statements printed (unescaped, without headings), without the database's name and when triggers were made. */
export function normalized(text: string, database: string): string {
  return text
    .replaceAll(new RegExp(`^${database}\\.`, "gm"), "")
    .replaceAll(/\t2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d\.\d\d$/gm, "");
}
