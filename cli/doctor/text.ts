/** Findings for a terminal: each with its fix, and those with the same fix together. */
import type { Finding, HostFindings, Step } from "./finding.js";
import { sshCommand } from "./look.js";

/** A word as well as a colour: not everybody sees one, and NO_COLOR takes it away. */
const WORDS = { red: "BAD ", yellow: "look" } as const;
const CODES = { red: 31, yellow: 33, green: 32 } as const;

/** A step as it is typed on the laptop. */
function typed({ on, command }: Step, { address, sshPort }: HostFindings): string {
  return on === "laptop" || address === undefined ? command : sshCommand({ address, sshPort: sshPort ?? 22 }, command);
}

export function doctorText(found: HostFindings[], color: boolean): string {
  const paint = (colour: keyof typeof CODES, text: string): string =>
    color ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
  const hosts = found.map((one) => {
    const { host, findings } = one;
    const bad = findings.filter(({ colour }) => colour === "red").length;
    const verdict = bad > 0 ? paint("red", `BAD, ${bad} to put right`) : paint("green", "as the program says");
    const groups = grouped(findings).flatMap((group) => [
      ...group.map(
        ({ check, subject, colour, found: what }) => `  ${paint(colour, WORDS[colour])}  ${check}  ${subject}: ${what}`,
      ),
      ...group[0]!.fix.map((step, i) => `        ${i === 0 ? "fix: " : "     "}${typed(step, one)}`),
    ]);
    return [`host ${host}: ${verdict}`, ...groups, ""].join("\n");
  });
  return `${hosts.join("\n").trimEnd()}\n`;
}

/** In the order of the first finding of each fix. */
function grouped(findings: Finding[]): Finding[][] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = `${finding.colour} ${JSON.stringify(finding.fix)}`;
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return [...groups.values()];
}
