import type { CopyReport } from "./copy.js";
import type { RepositoryReport } from "./repositories.js";

/** Whether a copy holds something that should stop whoever removes things. */
export function isOdd({ decision, repositories }: CopyReport): boolean {
  return (decision?.odd.length ?? 0) > 0 || repositories.some(({ odd }) => odd.length > 0);
}

/** For people. What goes comes first, one line each, with the reason. */
export function reportText(report: CopyReport, yes: boolean): string {
  const { copy, decision, repositories, notes, errors } = report;
  const lines = [`copy ${copy}`];
  if (decision === undefined) lines.push("  backups expire by the bucket's own rules");
  else {
    const verb = report.done ? "removed" : "would go";
    for (const { id, reason } of decision.remove) lines.push(`  ${verb}  ${id}: ${reason}`);
    const bytes = decision.remove.reduce((sum, verdict) => sum + verdict.bytes, 0);
    lines.push(`  ${decision.remove.length} ${verb} (${bytes} bytes), ${decision.keep.length} stay`);
    const held = decision.keep.filter(({ reason }) => reason.includes("never go"));
    for (const { id, reason } of held) lines.push(`  stays    ${id}: ${reason}`);
    for (const { line, pieces, reason } of decision.logs)
      lines.push(`  stays    log ${line}: ${pieces} pieces: ${reason}`);
    for (const { what, which, message } of decision.odd) lines.push(...oddLines(what, which, message));
  }
  for (const repository of repositories) lines.push(...repositoryLines(repository, yes));
  for (const note of notes) lines.push(`  ${note}`);
  for (const error of errors) lines.push(`  FAILED   ${error}`);
  return `${lines.join("\n")}\n`;
}

function repositoryLines(
  { repository, snapshots, forget, odd, pruned, checked }: RepositoryReport,
  yes: boolean,
): string[] {
  const done = yes && pruned !== undefined;
  return [
    `  repository ${repository}: ${snapshots} snapshots, ${forget.length} ${done ? "forgotten" : "would be forgotten"}`,
    ...(pruned === undefined ? [] : [`    prune: ${pruned}`]),
    ...(checked === undefined ? [] : [`    check: ${checked}`]),
    ...odd.flatMap(({ what, which, message }) => oddLines(what, which, message)),
  ];
}

const SHOWN = 5;

function oddLines(what: string, which: string[], message: string): string[] {
  const more = which.length > SHOWN ? [`           and ${which.length - SHOWN} more`] : [];
  return [`  ODD      ${what}: ${message}`, ...which.slice(0, SHOWN).map((it) => `           ${it}`), ...more];
}
