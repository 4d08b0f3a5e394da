/** The same as one page that needs nothing else: no script, no font, no image; light and dark, wide and narrow. */
import { escapeHtml } from "../html.js";
import { COLOURS, type Colour, type HostStatus, type Row, type Status } from "../../plan/status.js";
import { cells, HEAD, reasons, WORDS } from "./text.js";

/** What a phone on a slow line loads in a few seconds. */
export const PAGE_LIMIT = 100_000;

/** How much is told of each host: every job in every copy; only what is not good; or one line. */
const DETAILS = ["all", "bad", "line"] as const;
type Detail = (typeof DETAILS)[number];

/** Narrow: a row is a card whose first word says which job it is. */
const STYLE = `:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--text:#1b2330;--dim:#5b6675;--line:#d9dee5;--green:#1a7f4b;--yellow:#8a5a00;--red:#c0282d;--grey:#5b6675}
@media(prefers-color-scheme:dark){:root{--bg:#11151b;--card:#1a2029;--text:#e6eaf0;--dim:#9aa6b6;--line:#2c3542;--green:#4cc486;--yellow:#e5b64a;--red:#ff7b7b;--grey:#9aa6b6}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--text);font:15px/1.45 system-ui,sans-serif}
main{max-width:1000px;margin:0 auto;padding:16px 12px 48px}
header,section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px;margin-bottom:14px}
header{border-width:2px}h1{font-size:22px;margin:0}h2{font-size:17px;margin:0 0 8px}p{margin:4px 0}
.dim,th{color:var(--dim);font-size:13px}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:6px 8px;border-top:1px solid var(--line);vertical-align:top;}td.s{overflow-wrap:anywhere}th{border:0}
td ul{margin:4px 0 0;padding-left:18px}b.green{color:var(--green)}b.yellow{color:var(--yellow)}b.red{color:var(--red)}b.grey{color:var(--grey)}
header.red{border-color:var(--red)}header.green{border-color:var(--green)}header.yellow{border-color:var(--yellow)}
@media(min-width:641px){td:not(.s){white-space:nowrap}td.s{width:45%}}
@media(max-width:640px){thead{display:none}tr{display:flex;flex-wrap:wrap;column-gap:12px;border-top:1px solid var(--line);padding:8px 0}
td{border:0;padding:0;color:var(--dim);overflow-wrap:anywhere}td:first-child{color:var(--text);font-weight:600}td:empty{display:none}td:nth-child(6):not(:empty)::before{content:"log "}td.s{flex:0 0 100%;color:var(--text)}}`;

/**
 * What is bad comes first. Of many hosts less is told, until the page is small enough.
 * @returns a complete HTML document, up to about 500 hosts of at most {@link PAGE_LIMIT} bytes; everything in it that came
 *   from outside is escaped
 */
export function statusHtml(status: Status, stack: string): string {
  const pages = DETAILS.map((detail) => () => page(status, stack, detail));
  for (const make of pages.slice(0, -1)) {
    const text = make();
    if (Buffer.byteLength(text) <= PAGE_LIMIT) return text;
  }
  return pages.at(-1)!();
}

const LEFT_OUT: Readonly<Record<Detail, string>> = {
  all: "",
  bad: "<p>Too much for one page: only what is not good is listed.</p>",
  line: "<p>Too much for one page: a line for each host. <code>granary status</code> tells everything.</p>",
};

function page(status: Status, stack: string, detail: Detail): string {
  const bad = status.hosts.flatMap(({ rows }) => rows).filter(({ colour }) => colour === "red").length;
  const title = `Backups of ${escapeHtml(stack)}: ${WORDS[status.colour]}`;
  const head =
    `<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">` +
    `<meta name="robots" content="noindex">` +
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">` +
    `<title>${title}</title><style>${STYLE}</style>`;
  const summary =
    `<header class="${status.colour}"><h1>${title.replace(/: .*/, "")}: ${word(status.colour)}</h1>` +
    `<p>${bad === 0 ? "No copy of a job is red." : `Red: ${bad} (a job in a copy counts once).`}</p>${LEFT_OUT[detail]}` +
    `<p class="dim">Read from the copies ${moment(status.at)} UTC</p></header>`;
  const hosts = [...status.hosts].sort((a, b) => COLOURS.indexOf(b.colour) - COLOURS.indexOf(a.colour));
  const told = hosts.map((host) => hostHtml(host, detail)).join("\n");
  return `<!doctype html>\n<html lang="en"><head>${head}</head>\n<body><main>\n${summary}\n${told}\n</main></body></html>\n`;
}

const word = (colour: Colour): string => `<b class="${colour}">${WORDS[colour]}</b>`;
const moment = (iso: string): string => iso.slice(0, 16).replace("T", " ");

function hostHtml({ host, colour, drill, rows }: HostStatus, detail: Detail): string {
  const title = `<h2>${escapeHtml(host)}: ${word(colour)}</h2>`;
  const good = rows.filter((row) => row.colour === "green").length;
  const counts = `<p class="dim">${good} of ${rows.length} good</p>`;
  if (detail === "line") return `<section>${title}${counts}</section>`;
  const listed = detail === "all" ? rows : rows.filter((row) => row.colour !== "green");
  const head = [...HEAD, ""].map((name) => `<th>${name}</th>`).join("");
  const table = `<table><thead><tr>${head}</tr></thead><tbody>${listed.map(rowHtml).join("")}</tbody></table>`;
  return (
    `<section>${title}<p>Drill: ${word(drill.colour)}, ${escapeHtml(drill.reason)}</p>` +
    `${detail === "all" ? "" : counts}${listed.length > 0 ? table : ""}</section>`
  );
}

function rowHtml(row: Row): string {
  const line = cells(row).map((cell) => `<td>${escapeHtml(cell)}</td>`);
  const why = reasons(row).map((reason) => `<li>${escapeHtml(reason)}</li>`);
  const list = why.length > 0 ? `<ul>${why.join("")}</ul>` : "";
  return `<tr>${line.join("")}<td class="s">${word(row.colour)}${list}</td></tr>`;
}
