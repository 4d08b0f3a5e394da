/** Lines with columns as wide as their widest cell. */
export function rows(cells: string[][]): string[] {
  const width = (column: number) => Math.max(...cells.map((row) => row[column]?.length ?? 0));
  return cells.map((row) => `  ${row.map((cell, i) => cell.padEnd(width(i))).join("  ")}`.trimEnd());
}
