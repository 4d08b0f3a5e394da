import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { recordSchema, type EvidenceRecord, type Kind } from "./record.js";
import { EVIDENCE } from "./write.js";

/**
 * Every record of a project that is whole, oldest first; what is damaged, or of another schema, proves nothing.
 * @param directory folder of the project
 */
export function readEvidence(directory: string): EvidenceRecord[] {
  const folder = join(directory, EVIDENCE);
  if (!existsSync(folder)) return [];
  const records = readdirSync(folder)
    .filter((name) => /^\d{4}-\d\d-\d\d-[a-z-]+?(-\d+)?\.json$/.test(name))
    .flatMap((name) => parsed(join(folder, name)));
  return records.sort((a, b) => Date.parse(a.finished) - Date.parse(b.finished));
}

/** The newest record of a host, of one kind or of any. */
export function newestEvidence(directory: string, host: string, kind?: Kind): EvidenceRecord | undefined {
  return readEvidence(directory).findLast((it) => it.host === host && (kind === undefined || it.kind === kind));
}

function parsed(file: string): EvidenceRecord[] {
  try {
    const result = recordSchema.safeParse(JSON.parse(readFileSync(file, "utf8")));
    return result.success ? [result.data] : [];
  } catch {
    return [];
  }
}
