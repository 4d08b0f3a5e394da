/** What became different between two looks at the copies: who watches is told of that, and not the same every hour. */
import type { Colour, Finding, Status } from "./status.js";

/** Colour of everything that was judged: `host/job in copy`, `host, drill`. */
export type Colours = Record<string, Colour>;

export function coloursOf({ hosts }: Status): Colours {
  return Object.fromEntries(all({ hosts }).map(({ name, colour }) => [name, colour]));
}

/**
 * A line for each thing that became red, or is red no more.
 * @param before what the last look found; none: there was no look before
 */
export function changes(before: Colours, status: Pick<Status, "hosts">): string[] {
  const now = all(status);
  const known = new Set(now.map(({ name }) => name));
  const told = now.flatMap(({ name, colour, findings }) => {
    if (colour === "red" && before[name] !== "red") return [`RED: ${name}: ${redReasons(findings)}`];
    return colour !== "red" && before[name] === "red" ? [`no longer red: ${name}`] : [];
  });
  const gone = Object.keys(before).filter((name) => before[name] === "red" && !known.has(name));
  return [...told, ...gone.map((name) => `no longer in the settings: ${name}`)];
}

const redReasons = (findings: Finding[]): string =>
  findings
    .filter(({ colour }) => colour === "red")
    .map(({ reason }) => reason)
    .join("; ");

function all({ hosts }: Pick<Status, "hosts">): { name: string; colour: Colour; findings: Finding[] }[] {
  return hosts.flatMap(({ host, drill, rows }) => [
    ...rows.map(({ job, copy, colour, findings }) => ({
      ...{ name: copy === undefined ? `${host}/${job}` : `${host}/${job} in ${copy}`, colour, findings },
    })),
    { name: `${host}, drill`, colour: drill.colour, findings: [drill] },
  ]);
}
