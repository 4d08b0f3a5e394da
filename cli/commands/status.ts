import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { UsageError, type Command } from "../command.js";
import { statusHtml } from "../status/html.js";
import { lookAt } from "../status/look.js";
import { statusText } from "../status/text.js";

const HELP = `usage: granary status [options]

Looks into every copy with credentials that can only read, and shows for each host, job and copy: the last backup that
counts, its age against the schedule, its size, how far the log is behind; and the last drill, from evidence/. What a host
says about itself is not asked. A run that never happened is red one hour after it was due. It needs rclone and pulumi.

A lock is not looked at: no key that only reads may ask for it. Nor are replicas.

  --stack NAME   the stack (default: prod)
  --json         the same as JSON
  --html FILE    writes it as one page, to be read on a phone, as well

examples: granary status
          granary status --stack prod --html status.html

exit codes: 0 nothing is red; 1 something is, or it could not be read; 64 wrong arguments
`;

/** `granary status`: whether there is a good backup of everything, as the copies themselves tell it. */
export const status: Command = {
  summary: "show whether every copy has a good, young backup of each job; read from the copies",
  help: HELP,
  async run(args, terminal) {
    const options = {
      stack: { type: "string", default: "prod" },
      json: { type: "boolean", default: false },
      html: { type: "string" },
    } as const;
    const { stack, json, html } = parseArgs({ args, options, strict: true }).values;
    if (!/^[\w.-]+$/.test(stack)) throw new UsageError(`bad stack name "${stack}": use the NAME of Pulumi.NAME.yaml`);
    const found = await lookAt(stack, terminal);
    if (html !== undefined) writeFileSync(resolve(terminal.directory, html), statusHtml(found, stack));
    terminal.out(json ? `${JSON.stringify(found, undefined, 2)}\n` : statusText(found, terminal.color));
    return found.ok ? 0 : 1;
  },
};
