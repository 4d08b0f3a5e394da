/** The table in docs/runbook.md: one line for every drill and every recovery, the newest last. */
import { duration } from "./duration.js";
import type { EvidenceRecord } from "./record.js";

const END = "<!-- evidence: end -->";

/** Formatters would align the columns anew with every line. */
const TABLE = `<!-- evidence: begin -->
<!-- prettier-ignore-start -->

| when (UTC) | what | host | result | from copy | took | data lost | report |
| --- | --- | --- | --- | --- | --- | --- | --- |

<!-- prettier-ignore-end -->
${END}
`;

/** For a project whose runbook was removed. */
export const NEW_RUNBOOK = `# Runbook\n\n## Drills and recoveries\n\n${TABLE}`;

/** The runbook with a line more; a text that has lost the table gets a new one at its end. */
export function withLine(text: string, record: EvidenceRecord, report: string): string {
  if (!text.includes(END)) return withLine(`${text.trimEnd()}\n\n${TABLE}`, record, report);
  const lines = text.split("\n");
  const end = lines.indexOf(END);
  const last = lines.findLastIndex((line, i) => i < end && line.startsWith("|"));
  lines.splice(last < 0 ? end : last + 1, 0, row(record, report));
  return lines.join("\n");
}

function row(record: EvidenceRecord, report: string): string {
  const { finished, kind, host, ok, copy, seconds, targets } = record;
  const lost = targets.flatMap(({ name, found }) =>
    name.startsWith("data lost: ") ? [`${name.slice(11)} ${found === null ? "?" : duration(found)}`] : [],
  );
  const cells = [
    ...[finished.slice(0, 16).replace("T", " "), kind, host, ok ? "passed" : `**FAILED**: ${record.outcome}`],
    ...[copy ?? "-", duration(seconds), lost.join(", ") || "-", `[report](${report})`],
  ];
  return `| ${cells.map((cell) => cell.replace(/\s+/g, " ").replaceAll("|", "\\|").replaceAll("<", "&lt;")).join(" | ")} |`;
}
