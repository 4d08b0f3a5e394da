import type { Difference, Restored, RestoredDirectory, TableDifference, Undone } from "./result.js";

/** Which moment the data is of, and where it came from. */
function origin({ from, at, stamp, copy, replayed }: Restored): string {
  const moment = replayed?.until ?? (from === "log" ? (at ?? stamp) : stamp);
  return `as it was at ${moment}, from ${copy}`;
}

/** @param next the command line that would put it in the place of the live one; of a server that can */
export function databaseText(result: Restored, next: string | undefined): string {
  const { database, old, switched, compared, seconds, constraints } = result;
  const lines = [
    `database ${database} is ${origin(result)}: ` +
      `${compared.tables} tables, ${compared.rows} rows, counted and equal to the manifest`,
    ...(constraints?.notValid.length
      ? [`constraints that were not valid then either: ${constraints.notValid.join(", ")}`]
      : []),
    ...(result.difference ? differenceLines(result.difference) : []),
    ...(result.already ? ["an earlier run had put it in place: nothing was done"] : []),
    ...(switched ? [] : nextLines(next)),
    ...(old === null ? [] : [`the database it took the place of is kept as ${old}`]),
    ...times(seconds),
  ];
  return `${lines.join("\n")}\n`;
}

function nextLines(next: string | undefined): string[] {
  if (next === undefined)
    return ["the live database is untouched; docs/mariadb.md says how the shop is given this one"];
  return ["the live database is untouched; to put this one in its place:", `  ${next}`];
}

/** What is different in the damaged database, as a table. */
export function differenceLines({ tablesMissing, tablesExtra, tables, equal }: Difference): string[] {
  const rows = tables.map((table) => rowLine(table));
  return [
    "what is different in the live database:",
    ...tablesMissing.map((table) => `  ${table} is gone`),
    ...tablesExtra.map((table) => `  ${table} is new`),
    ...rows,
    `  ${equal} ${equal === 1 ? "table is" : "tables are"} the same`,
  ];
}

function rowLine(table: TableDifference): string {
  if ("unreadable" in table) return `  ${table.table} cannot be read: ${table.unreadable}`;
  const { missing, extra, changed } = table;
  const parts = [
    ...(missing > 0 ? [`${missing} rows are gone`] : []),
    ...(extra > 0 ? [`${extra} rows are new`] : []),
    ...(changed > 0 ? [`${changed} rows were changed`] : []),
  ];
  return `  ${table.table}: ${parts.join(", ") || "its columns are others"}`;
}

/** Files, configuration, logs or code that came back. */
export function directoryText({ directory, stamp, copy, compared, seconds }: RestoredDirectory): string {
  const content =
    compared === undefined ? "" : `: ${compared.files} files, ${compared.bytes} bytes, compared with the manifest`;
  return `${[`${directory} holds what was saved at ${stamp}, from ${copy}${content}`, ...times(seconds)].join("\n")}\n`;
}

/** An undo, or that there was nothing to undo. */
export function undoneText({ database, undone, kept }: Undone): string {
  const instead = kept === null ? "" : `; what had its place is kept as ${kept}`;
  return undone
    ? `${database} is as it was before the switch${instead}\n`
    : `the last switch of ${database} was taken back before: nothing was done${instead}\n`;
}

const times = (seconds: Record<string, number>): string[] =>
  Object.entries(seconds).map(([phase, took]) => `  ${phase.padEnd(12)} ${took} s`);
