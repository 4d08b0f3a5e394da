import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { changes, coloursOf, type Colours } from "../../plan/watch.js";
import { UsageError, type Command, type Terminal } from "../command.js";
import { lookAt } from "../status/look.js";

const WEBHOOK = "GRANARY_WATCH_WEBHOOK";

const HELP = `usage: granary watch --state FILE [--stack NAME]

Looks into every copy as \`granary status\` does, and tells what became red, or is red no more, since the look before: on
standard output, and to the webhook in the environment's ${WEBHOOK} ({"text": …}: Slack, Mattermost and others).
To be run every hour by something that is no host of the stack. What could not be told is told by the next run.

  --state FILE   what the last look found is kept here
  --stack NAME   the stack (default: prod)

example: granary watch --state /var/lib/granary-watch/prod.json

exit codes: 0 nothing is red; 1 something is, or it could not be read or told; 64 wrong arguments
`;

/** `granary watch`: an overdue backup is told by somebody else than the host that should have made it. */
export const watch: Command = {
  summary: "look into every copy, and tell what became red since the look before",
  help: HELP,
  async run(args, terminal) {
    const options = { stack: { type: "string", default: "prod" }, state: { type: "string" } } as const;
    const { stack, state } = parseArgs({ args, options, strict: true }).values;
    if (!/^[\w.-]+$/.test(stack)) throw new UsageError(`bad stack name "${stack}": use the NAME of Pulumi.NAME.yaml`);
    if (state === undefined) throw new UsageError("--state FILE is missing: where the last look is remembered");
    const file = resolve(terminal.directory, state);
    const before = recall(file);
    const status = await lookAt(stack, terminal);
    const lines = changes(before, status);
    for (const line of lines) terminal.out(`${line}\n`);
    if (lines.length > 0) await tell(`Backups of ${stack}:\n${lines.join("\n")}`, terminal);
    // Only what was told is remembered.
    writeFileSync(`${file}.new`, `${JSON.stringify(coloursOf(status))}\n`);
    renameSync(`${file}.new`, file);
    return status.ok ? 0 : 1;
  },
};

/** @throws Error when the file is not what a look left */
function recall(file: string): Colours {
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Colours;
  } catch {
    throw new Error(`${file} is not what a look before left: remove it`);
  }
}

/** The address is a secret: no message names it. */
async function tell(text: string, terminal: Terminal): Promise<void> {
  const url = process.env[WEBHOOK];
  if (url === undefined || url === "") return;
  const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text }) };
  const answer = await fetch(url, { ...request, signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
  if (answer?.ok) return terminal.err("told the webhook\n");
  throw new Error(
    `the webhook of ${WEBHOOK} ${answer ? `answered ${answer.status}` : "does not answer"}: nothing was remembered`,
  );
}
