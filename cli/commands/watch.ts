import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { changes, coloursOf, type Colours } from "../../plan/watch.js";
import type { Email } from "../../settings/alerts.js";
import { parseSettings } from "../../settings/parse.js";
import { readStackFile } from "../../settings/stack-file.js";
import { UsageError, type Command, type Terminal } from "../command.js";
import { readConfig } from "../engine.js";
import { lookAt } from "../status/look.js";
import { tellByMail, tellWebhook } from "../tell.js";

const WEBHOOK = "GRANARY_WATCH_WEBHOOK";

const HELP = `usage: granary watch --state FILE [--stack NAME]
       granary watch --test [--stack NAME]

Looks into every copy as \`granary status\` does, and tells what became red, or is red no more, since the look before: on
standard output, to the webhook in the environment's ${WEBHOOK} ({"text": …}: Slack, Mattermost and others), and
by e-mail if the settings have \`alerts\`. To be run every hour by something that is no host of the stack. What could not be
told is told by the next run.

  --state FILE   what the last look found is kept here
  --test         sends a message to the same places, and looks at nothing
  --stack NAME   the stack (default: prod)

examples: granary watch --state /var/lib/granary-watch/prod.json
          granary watch --test

exit codes: 0 nothing is red; 1 something is, or it could not be read or told; 64 wrong arguments
`;

/** `granary watch`: an overdue backup is told by somebody else than the host that should have made it. */
export const watch: Command = {
  summary: "look into every copy, and tell what became red since the look before",
  help: HELP,
  async run(args, terminal) {
    const options = {
      stack: { type: "string", default: "prod" },
      state: { type: "string" },
      test: { type: "boolean", default: false },
    } as const;
    const { stack, state, test } = parseArgs({ args, options, strict: true }).values;
    if (!/^[\w.-]+$/.test(stack)) throw new UsageError(`bad stack name "${stack}": use the NAME of Pulumi.NAME.yaml`);
    if (test) return tryIt(stack, terminal);
    if (state === undefined) throw new UsageError("--state FILE is missing: where the last look is remembered");
    const file = resolve(terminal.directory, state);
    const before = recall(file);
    const status = await lookAt(stack, terminal);
    const lines = changes(before, status);
    for (const line of lines) terminal.out(`${line}\n`);
    if (lines.length > 0) {
      const word = lines.some((line) => line.startsWith("RED")) ? "RED" : "no longer red";
      await tell(stack, `Backups of ${stack}: ${word}`, `Backups of ${stack}:\n${lines.join("\n")}`, terminal);
    }
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

/** @throws Error when there is nobody to tell */
async function tryIt(stack: string, terminal: Terminal): Promise<number> {
  const subject = `Backups of ${stack}: a test`;
  const told = await tell(stack, subject, `${subject}. Whoever reads this is told when a backup is missing.`, terminal);
  if (told === 0) throw new Error(`nobody to tell: set ${WEBHOOK} in the environment, or alerts in the settings`);
  return 0;
}

/**
 * One that fails keeps no other from being told.
 * @returns how many ways there are to tell
 * @throws Error that says what failed
 */
async function tell(stack: string, subject: string, text: string, terminal: Terminal): Promise<number> {
  const url = process.env[WEBHOOK];
  const email = parseSettings(readStackFile(terminal.directory, stack)).alerts?.email;
  const ways: [string, () => Promise<void>][] = [];
  if (url) ways.push(["the webhook", () => tellWebhook(url, text)]);
  if (email)
    ways.push(["by e-mail", async () => tellByMail(email, await passwordOf(email, stack, terminal), subject, text)]);
  const faults: string[] = [];
  for (const [name, way] of ways)
    await way().then(
      () => terminal.err(`told ${name}\n`),
      (error: Error) => faults.push(`${name}: ${error.message}`),
    );
  if (faults.length > 0) throw new Error(`could not tell ${faults.join("; ")}`);
  return ways.length;
}

/** The engine decrypts it, as it does for the hosts. */
async function passwordOf({ user }: Email, stack: string, terminal: Terminal): Promise<string | undefined> {
  if (user === undefined) return undefined;
  const { value = "{}" } = (await readConfig(terminal.directory, stack))["granary:alertSecrets"] ?? {};
  return (JSON.parse(value) as { emailPassword?: string }).emailPassword;
}
