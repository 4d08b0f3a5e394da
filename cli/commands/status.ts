import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseSettings } from "../../settings/parse.js";
import type { Place } from "../../settings/schema.js";
import { readStackFile } from "../../settings/stack-file.js";
import { UsageError, type Command, type Terminal } from "../command.js";
import { statusPageOutput } from "../stack.js";
import { statusHtml } from "../status/html.js";
import { lookAt } from "../status/look.js";
import { PAGE, publish } from "../status/publish.js";
import { statusText } from "../status/text.js";

const HELP = `usage: granary status [options]

Looks into every copy with credentials that can only read, and shows for each host, job and copy: the last backup that
counts, its age against the schedule, its size, how far the log is behind; and the last drill, from evidence/. What a host
says about itself is not asked. A run that never happened is red one hour after it was due. It needs rclone and pulumi.

Of a replica: what its newest record says is missing, and how far it is behind. A lock is not looked at: no key that only
reads may ask for it.

  --stack NAME   the stack (default: prod)
  --json         the same as JSON
  --html FILE    writes it as one page, to be read on a phone, as well
  --publish      writes the same page to the private bucket of the settings' \`statusPage\`, as ${PAGE}
  --link TIME    prints a link to the published page that is good for so long: 1h to 168h. Whoever has it reads the page

examples: granary status
          granary status --stack prod --html status.html
          granary status --publish --link 24h

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
      publish: { type: "boolean", default: false },
      link: { type: "string" },
    } as const;
    const wanted = parseArgs({ args, options, strict: true }).values;
    const { stack, json, html, link } = wanted;
    if (!/^[\w.-]+$/.test(stack)) throw new UsageError(`bad stack name "${stack}": use the NAME of Pulumi.NAME.yaml`);
    checkLink(wanted);
    const place = wanted.publish ? placeOf(stack, terminal) : undefined;
    const found = await lookAt(stack, terminal);
    const page = statusHtml(found, stack);
    if (html !== undefined) writeFileSync(resolve(terminal.directory, html), page);
    terminal.out(json ? `${JSON.stringify(found, undefined, 2)}\n` : statusText(found, terminal.color));
    if (place !== undefined) {
      const at = await publish(page, place, await statusPageOutput(terminal.directory, stack), link);
      terminal.err(`published as ${PAGE} in ${place.bucket}\n`);
      if (at !== undefined) terminal.out(`${at}\n`);
    }
    return found.ok ? 0 : 1;
  },
};

/** No vendor signs a link for more than a week. */
function checkLink({ json, publish, link }: { json: boolean; publish: boolean; link?: string }): void {
  if (link === undefined) return;
  if (!publish) throw new UsageError("--link is to a page that is published: add --publish");
  if (json) throw new UsageError("--link with --json: what is printed would be no JSON, leave one out");
  const hours = Number(/^(\d{1,3})h$/.exec(link)?.[1]);
  if (!(hours >= 1 && hours <= 168)) throw new UsageError(`bad --link "${link}": use hours from 1h to 168h`);
}

function placeOf(stack: string, { directory }: Terminal): Place {
  const { statusPage } = parseSettings(readStackFile(directory, stack));
  if (statusPage !== undefined) return statusPage;
  throw new Error("--publish: the settings have no statusPage, the private bucket it goes to; docs/status.md");
}
