/** The state of the copies for a terminal. */
import { duration, size } from "../evidence/duration.js";
import type { Colour, HostStatus, Row, Status } from "../../plan/status.js";

/** A word as well as a colour: not everybody sees one, and NO_COLOR takes it away. */
export const WORDS: Readonly<Record<Colour, string>> = {
  green: "good",
  grey: "not known",
  yellow: "look",
  red: "BAD",
};

const CODES: Readonly<Record<Colour, number>> = { green: 32, grey: 90, yellow: 33, red: 31 };

/** A line of a table: what was found of one job in one copy. */
export function cells({ job, kind, copy, ageSeconds, bytes, logSeconds, lagSeconds }: Row): string[] {
  const behind = logSeconds ?? lagSeconds;
  return [
    ...[job, kind, copy ?? "-", ageSeconds === undefined ? "none" : `${duration(ageSeconds)} ago`],
    ...[bytes === undefined ? "" : size(bytes), behind === undefined ? "" : `${duration(behind)} behind`],
  ];
}

export const HEAD = ["job", "kind", "copy", "last good", "size", "log"];

/** What is not green, each with its reason. */
export function reasons({ findings }: Row): string[] {
  return findings.filter(({ colour }) => colour !== "green").map(({ reason }) => reason);
}

export function statusText(status: Status, color: boolean): string {
  const paint = (colour: Colour, text: string): string => (color ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text);
  const hosts = status.hosts.map((host) => hostText(host, paint));
  const verdict = status.ok ? "nothing is red" : "something is RED";
  return `${[...hosts, `${verdict}, ${status.at.slice(0, 16).replace("T", " ")} UTC`].join("\n")}\n`;
}

function hostText({ host, colour, drill, rows }: HostStatus, paint: (colour: Colour, text: string) => string): string {
  const table = [HEAD, ...rows.map(cells)];
  const widths = HEAD.map((_, i) => Math.max(...table.map((line) => line[i]!.length)));
  const aligned = table.map((line) => line.map((cell, i) => cell.padEnd(widths[i]!)).join("  "));
  const mark = (i: number): string => (i === 0 ? "" : paint(rows[i - 1]!.colour, WORDS[rows[i - 1]!.colour]));
  const lines = aligned.flatMap((line, i) => [
    `  ${line}  ${mark(i)}`.trimEnd(),
    ...(i === 0 ? [] : reasons(rows[i - 1]!).map((reason) => `      ${reason}`)),
  ]);
  const last = `  drill: ${drill.reason}${drill.colour === "green" ? "" : ` (${paint(drill.colour, WORDS[drill.colour])})`}`;
  return [`host ${host}: ${paint(colour, WORDS[colour])}`, ...lines, last, ""].join("\n");
}
