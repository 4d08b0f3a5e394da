/** What a scan found, for people. */
import { suggestion, type Judged } from "../../plan/scan.js";
import { stampTime } from "../../plan/stamps.js";
import { size } from "../evidence/duration.js";
import { rows } from "../table.js";

/** A job's backups in a copy, judged; or why they could not be read. */
export interface Scanned {
  job: string;
  copy: string;
  backups: Judged[];
  error?: string;
}

/** `2026-11-23T03:00:00Z`, as `--before` takes it. */
export const timeOf = (stamp: string): string => `${new Date(stampTime(stamp)!).toISOString().slice(0, 19)}Z`;

/** The time to go back to for all jobs: the newest from which on every one of them is clean; undefined: some has no clean one. */
export function beforeOf(scanned: readonly Scanned[]): string | undefined {
  const judged = scanned.filter(({ backups }) => backups.length > 0).map(({ backups }) => suggestion(backups));
  const suspicious = judged.filter((one) => one.suspicious !== undefined);
  const from = suspicious.length > 0 ? suspicious : judged;
  if (from.length === 0 || from.some(({ clean }) => clean === undefined)) return undefined;
  return timeOf(from.map(({ clean }) => clean!).sort()[suspicious.length > 0 ? 0 : from.length - 1]!);
}

export const isSuspicious = ({ backups }: Scanned): boolean => backups.some(({ verdict }) => verdict === "suspicious");

export function scanText(host: string, scanned: readonly Scanned[]): string {
  const tables = scanned.map((one) => `${one.job} in ${one.copy}\n${tableOf(one)}\n`);
  return `${tables.join("\n")}\n${conclusion(host, scanned)}\n`;
}

function tableOf({ backups, error }: Scanned): string {
  if (error !== undefined) return `  cannot be read: ${error}`;
  if (backups.length === 0) return "  no backup";
  const head = ["backup (UTC)", "size", "stored", "rows", "files", "new", "changed", "gone", ""];
  return rows([head, ...backups.map(line)]).join("\n");
}

function line({ figures, marks, verdict }: Judged): string[] {
  const { stamp, bytes, stored, rows: counts, files, change } = figures;
  const total = counts && Object.values(counts).reduce((all, count) => all + count, 0);
  const mark = { first: "(nothing to compare with)", clean: "", suspicious: "!!" }[verdict];
  const why = marks.map(({ what, found, usual }) => `${what}: ${found} (usual: ${usual})`).join("; ");
  return [
    ...[timeOf(stamp), size(bytes), stored === undefined ? "-" : `${(stored * 100).toFixed(1)} %`],
    ...[total, files, change?.added, change?.changed, change?.removed].map((figure) => String(figure ?? "-")),
    [mark, why].filter(Boolean).join(" "),
  ];
}

function conclusion(host: string, scanned: readonly Scanned[]): string {
  const before = beforeOf(scanned);
  const bad = scanned.filter(isSuspicious).map(({ job }) => job);
  if (bad.length === 0)
    return before === undefined ? "nothing to judge" : `nothing is suspicious; the newest backup is of ${before}`;
  if (before === undefined)
    return `suspicious: ${bad.join(", ")}; no clean backup before that: look with a larger --last`;
  return (
    `suspicious: ${bad.join(", ")}; clean as far as these figures tell: ${before}\n` +
    `  granary recover ${host} --clean-room --before ${before} --identity FILE`
  );
}
