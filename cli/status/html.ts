/** The same as one page that needs nothing else: no script, no font, no image; light and dark, wide and narrow. */
import { escapeHtml } from "../html.js";
import type { Colour, HostStatus, Row, Status } from "../../plan/status.js";
import { cells, HEAD, reasons, WORDS } from "./text.js";

/** Narrow: a row is a card of its own, and each cell says what it is. */
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
@media(max-width:640px){td{overflow-wrap:anywhere}thead{display:none}tr{display:block;border-top:1px solid var(--line);padding:6px 0}
td{display:flex;gap:8px;border:0;padding:1px 0}td[data-c]::before{content:attr(data-c);color:var(--dim);flex:0 0 84px}td:empty{display:none}td.s{display:block}}`;

/** @returns a complete HTML document; everything in it that came from outside is escaped */
export function statusHtml(status: Status, stack: string): string {
  const bad = status.hosts.flatMap(({ rows }) => rows).filter(({ colour }) => colour === "red").length;
  const title = `Backups of ${escapeHtml(stack)}: ${WORDS[status.colour]}`;
  const head =
    `<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">` +
    `<meta name="robots" content="noindex">` +
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">` +
    `<title>${title}</title><style>${STYLE}</style>`;
  const summary =
    `<header class="${status.colour}"><h1>${title.replace(/: .*/, "")}: ${word(status.colour)}</h1>` +
    `<p>${bad === 0 ? "No copy of a job is red." : `Red: ${bad} (a job in a copy counts once).`}</p>` +
    `<p class="dim">Read from the copies ${moment(status.at)} UTC</p></header>`;
  return `<!doctype html>\n<html lang="en"><head>${head}</head>\n<body><main>\n${summary}\n${status.hosts.map(hostHtml).join("\n")}\n</main></body></html>\n`;
}

const word = (colour: Colour): string => `<b class="${colour}">${WORDS[colour]}</b>`;
const moment = (iso: string): string => iso.slice(0, 16).replace("T", " ");

function hostHtml({ host, colour, drill, rows }: HostStatus): string {
  const head = [...HEAD, ""].map((name) => `<th>${name}</th>`).join("");
  return (
    `<section><h2>${escapeHtml(host)}: ${word(colour)}</h2>` +
    `<p>Drill: ${word(drill.colour)}, ${escapeHtml(drill.reason)}</p>` +
    `<table><thead><tr>${head}</tr></thead><tbody>${rows.map(rowHtml).join("")}</tbody></table></section>`
  );
}

function rowHtml(row: Row): string {
  const line = cells(row).map((cell, i) =>
    cell === "" ? "<td></td>" : `<td data-c="${HEAD[i]}">${escapeHtml(cell)}</td>`,
  );
  const why = reasons(row).map((reason) => `<li>${escapeHtml(reason)}</li>`);
  const list = why.length > 0 ? `<ul>${why.join("")}</ul>` : "";
  return `<tr>${line.join("")}<td class="s">${word(row.colour)}${list}</td></tr>`;
}
