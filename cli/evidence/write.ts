/** Evidence on the disk: the record, the report beside it, and a line in the runbook. */
import { existsSync } from "node:fs";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { htmlReport } from "./html.js";
import type { EvidenceRecord } from "./record.js";
import { NEW_RUNBOOK, withLine } from "./runbook.js";

/** Where it was written, relative to the project's folder. */
export interface Written {
  record: EvidenceRecord;
  json: string;
  html: string;
}

/** Folder of the project's evidence. */
export const EVIDENCE = "evidence";
const RUNBOOK = join("docs", "runbook.md");

/** Writes everything whole or not at all; a second one of a day has a number. Never over one that exists. */
export async function writeEvidence(record: EvidenceRecord, directory: string): Promise<Written> {
  await mkdir(join(directory, EVIDENCE), { recursive: true });
  const base = await claim(record, directory);
  const json = `${base}.json`;
  const html = `${base}.html`;
  await replace(join(directory, html), htmlReport(record));
  await mkdir(join(directory, "docs"), { recursive: true });
  const runbook = join(directory, RUNBOOK);
  const text = existsSync(runbook) ? await readFile(runbook, "utf8") : NEW_RUNBOOK;
  await replace(runbook, withLine(text, record, `../${html}`));
  return { record, json, html };
}

/** Takes the first free name: `link` refuses one that exists, and what it gives a name to is whole. */
async function claim(record: EvidenceRecord, directory: string): Promise<string> {
  const part = join(directory, EVIDENCE, `.${process.pid}.part`);
  await writeFile(part, `${JSON.stringify(record, null, 2)}\n`);
  try {
    for (let n = 1; ; n += 1) {
      const base = `${EVIDENCE}/${record.finished.slice(0, 10)}-${record.kind}${n === 1 ? "" : `-${n}`}`;
      try {
        await link(part, join(directory, `${base}.json`));
        return base;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
    }
  } finally {
    await rm(part, { force: true });
  }
}

async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.part`, text);
  await rename(`${file}.part`, file);
}
