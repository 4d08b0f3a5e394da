/** The record as one page that needs nothing else: no script, no font, no image. Light and dark. */
import { duration, size } from "./duration.js";
import type { EvidenceRecord, Phase, Target } from "./record.js";
import { STYLE } from "./style.js";

const TITLES: Readonly<Record<EvidenceRecord["kind"], string>> = {
  restore: "Restore",
  recover: "Recovery",
  "clean-room": "Clean-room recovery",
  rotate: "Rotation of credentials",
  drill: "Restore drill",
};

/** @returns a complete HTML document; everything in it that came from outside is escaped */
export function htmlReport(record: EvidenceRecord): string {
  const title = `${TITLES[record.kind]} of ${record.host}`;
  const word = record.ok ? "PASSED" : "FAILED";
  const body = [
    `<header class="${record.ok ? "good" : "bad"}"><p class="verdict">${record.ok ? "✓" : "✗"} ${word}</p>` +
      `<div><h1>${escape(title)}</h1><p>${escape(record.outcome)}</p>` +
      `<p class="when">${moment(record.started)} to ${moment(record.finished)} UTC</p></div></header>`,
    figures(record),
    failures(record),
    timeline(record),
    restored(record),
    checks(record),
    steps(record),
    versions(record),
  ];
  const head =
    `<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">` +
    `<meta name="color-scheme" content="light dark">` +
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">` +
    `<title>${escape(title)}, ${record.finished.slice(0, 10)}: ${word.toLowerCase()}</title><style>${STYLE}</style>`;
  return `<!doctype html>\n<html lang="en"><head>${head}</head>\n<body><main>\n${body.filter(Boolean).join("\n")}\n</main></body></html>\n`;
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character]!);
const moment = (iso: string): string => iso.slice(0, 19).replace("T", " ");
const mark = (ok: boolean): string => (ok ? `<span class="ok">✓</span>` : `<span class="no">✗</span>`);

/** The figures one looks for first: what was promised, and what was found. */
function figures(record: EvidenceRecord): string {
  const passed = record.checks.filter(({ ok }) => ok).length;
  const cards = [
    ...record.targets.map(targetCard),
    card("checks passed", `${passed} of ${record.checks.length}`, passed === record.checks.length),
    ...(record.copy === undefined ? [] : [card("read from copy", record.copy)]),
  ];
  return `<section class="cards">${cards.join("")}</section>`;
}

function targetCard({ name, target, found, ok }: Target): string {
  const share = found === null ? 100 : Math.min(100, (found / Math.max(target, 0.001)) * 100);
  const bar = `<div class="gauge"><i style="width:${share.toFixed(1)}%"></i></div>`;
  const text = found === null ? "not measured" : duration(found);
  return card(name, text, ok, `${bar}<small>at most ${duration(target)}</small>`);
}

function card(name: string, value: string, ok?: boolean, more = ""): string {
  const tone = ok === undefined ? "" : ok ? " good" : " bad";
  return `<div class="card${tone}"><span>${escape(name)}</span><strong>${escape(value)}</strong>${more}</div>`;
}

function failures({ checks: all }: EvidenceRecord): string {
  const failed = all.filter(({ ok }) => !ok);
  if (failed.length === 0) return "";
  const items = failed.map(
    ({ name, expected, actual }) =>
      `<li><b>${escape(name)}</b>: expected <q>${escape(expected)}</q>, found <q>${escape(actual)}</q></li>`,
  );
  return `<section class="failures"><h2>What failed</h2><ul>${items.join("")}</ul></section>`;
}

/** Marks on the axis: the roundest step that gives at most eight. */
function ticks(total: number): number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];
  const step = steps.find((each) => total / each <= 8) ?? total;
  return Array.from({ length: Math.floor(total / step) + 1 }, (_, i) => i * step);
}

function timeline({ phases, seconds }: EvidenceRecord): string {
  const total = Math.max(seconds, ...phases.map((phase) => phase.from + phase.seconds), 1);
  const at = (value: number): string => `${((value / total) * 100).toFixed(2)}%`;
  const axis = ticks(total).map((value) => `<span style="left:${at(value)}">${duration(value)}</span>`);
  const rows = phases.map((phase) => phaseRow(phase, at));
  return (
    `<section><h2>Timeline</h2><div class="timeline"><div class="row head"><b></b><div class="axis">${axis.join("")}</div><em></em></div>` +
    `${rows.join("")}</div></section>`
  );
}

function phaseRow({ name, what, from, seconds, ok }: Phase, at: (value: number) => string): string {
  const bar = `<i class="${ok ? "good" : "bad"}" style="left:${at(from)};width:max(3px,${at(seconds)})"></i>`;
  const label = `<b>${mark(ok)} ${escape(name)}<small>${escape(what)}</small></b>`;
  return `<div class="row" title="${escape(what)}">${label}<div class="track">${bar}</div><em>${duration(seconds)}</em></div>`;
}

function restored({ restored: jobs }: EvidenceRecord): string {
  const rows = jobs.map((job) => {
    const counted = Object.values(job.rows ?? {});
    const tables = `${counted.reduce((sum, n) => sum + n, 0)} rows in ${counted.length} tables`;
    const content = job.rows !== undefined ? tables : job.files !== undefined ? `${job.files} files` : "";
    return [
      ...[job.job, job.kind, job.copy, job.stamp, job.recoveredTo ?? "", content],
      ...[job.bytes === undefined ? "" : size(job.bytes), job.seconds === undefined ? "" : duration(job.seconds)],
    ];
  });
  return table("What came back", ["job", "kind", "copy", "backup", "recovered to", "content", "read", "took"], rows);
}

function checks({ checks: all }: EvidenceRecord): string {
  const rows = all.map(
    ({ ok, name, expected, actual }) =>
      `<tr><td>${mark(ok)}</td><td>${escape(name)}</td><td>${escape(expected)}</td><td>${escape(actual)}</td></tr>`,
  );
  const head = "<tr><th></th><th>check</th><th>expected</th><th>found</th></tr>";
  if (rows.length === 0) return "";
  return `<details><summary>All ${rows.length} checks</summary><div class="wide"><table>${head}${rows.join("")}</table></div></details>`;
}

function steps({ steps: all }: EvidenceRecord): string {
  const rows = all.map(({ name, at, note }) => [moment(at), name, note ?? ""]);
  return table("What people did", ["when (UTC)", "step", "note"], rows);
}

function versions({ versions: all }: EvidenceRecord): string {
  return table("Versions", ["of", "version"], Object.entries(all));
}

function table(title: string, head: string[], rows: string[][]): string {
  if (rows.length === 0) return "";
  // A column that nothing is known of is left out.
  const used = head.map((_, i) => rows.some((row) => row[i] !== ""));
  const line = (cells: string[], tag: string): string =>
    `<tr>${cells.flatMap((cell, i) => (used[i] ? [`<${tag}>${escape(cell)}</${tag}>`] : [])).join("")}</tr>`;
  const lines = [line(head, "th"), ...rows.map((row) => line(row, "td"))].join("");
  return `<section><h2>${title}</h2><div class="wide"><table>${lines}</table></div></section>`;
}
