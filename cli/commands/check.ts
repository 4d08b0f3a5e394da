import { parseArgs } from "node:util";
import { prove, type HostProof, type Leg, type Proof } from "../../plan/proof.js";
import { parseSettings } from "../../settings/parse.js";
import { readStackFile } from "../../settings/stack-file.js";
import { UsageError, type Command, type Terminal } from "../command.js";

const HELP = `usage: granary check [--stack NAME] [--json]

Reads Pulumi.<NAME>.yaml and shows whether it keeps the 3-2-1 rule. Touches nothing, needs no credentials.

  --stack NAME   the stack (prod)
  --json         the proof as JSON

exit codes: 0 the rule holds, 1 it does not or the settings are wrong, 64 wrong arguments
`;

/** `granary check`: the 3-2-1 proof of a stack. */
export const check: Command = {
  summary: "show whether a stack keeps the 3-2-1 rule, without touching anything",
  help: HELP,
  // eslint-disable-next-line @typescript-eslint/require-await -- a command may wait; this one has nothing to wait for
  async run(args, terminal) {
    const options = { stack: { type: "string", default: "prod" }, json: { type: "boolean", default: false } } as const;
    const { stack, json } = parseArgs({ args, options, strict: true }).values;
    if (!/^[\w.-]+$/.test(stack)) throw new UsageError(`bad stack name "${stack}": use the NAME of Pulumi.NAME.yaml`);
    const proof = prove(parseSettings(readStackFile(terminal.directory, stack)));
    terminal.out(json ? `${JSON.stringify(proof, undefined, 2)}\n` : table(proof, terminal));
    return proof.ok ? 0 : 1;
  },
};

function table(proof: Proof, terminal: Terminal): string {
  if (proof.hosts.length === 0) return "no hosts: nothing to back up; add one under granary:hosts\n";
  return proof.hosts.map((host) => hostTable(host, terminal)).join("\n");
}

function hostTable(proof: HostProof, terminal: Terminal): string {
  const { host, production, copies, ok, legs } = proof;
  const places = rows([
    ["copy", "provider", "country", "medium", "can be destroyed by"],
    ...Object.entries({ production, ...copies }).map(([name, d]) => [
      name,
      d.provider,
      d.country,
      d.medium,
      d.destroyers.join(", "),
    ]),
  ]);
  const proved = rows([["rule", "holds", "found"], ...legs.map((leg) => [leg.rule, word(leg), leg.found])]);
  const remedies = legs.flatMap(({ rule, remedy }) => (remedy === undefined ? [] : [`  ${rule}: ${remedy}`]));
  const verdict = ok ? paint("keeps the 3-2-1 rule", 32, terminal) : paint("BREAKS the 3-2-1 rule", 31, terminal);
  return [`host ${host} ${verdict}`, "", ...places, "", ...proved, "", "to do:", ...remedies, ""].join("\n");
}

function word({ ok }: Leg): string {
  if (ok === undefined) return "not known";
  return ok ? "yes" : "NO";
}

/** Lines with columns as wide as their widest cell. */
function rows(cells: string[][]): string[] {
  const width = (column: number) => Math.max(...cells.map((row) => row[column]?.length ?? 0));
  return cells.map((row) => `  ${row.map((cell, i) => cell.padEnd(width(i))).join("  ")}`.trimEnd());
}

function paint(text: string, color: number, terminal: Terminal): string {
  return terminal.color ? `\u001b[${color}m${text}\u001b[0m` : text;
}
