import { parseArgs } from "node:util";
import { parseSettings } from "../../settings/parse.js";
import { readStackFile } from "../../settings/stack-file.js";
import { UsageError, type Command, type Terminal } from "../command.js";
import { maintainCopy, type CopyReport, type Options } from "../maintain/copy.js";
import { isOdd, reportText } from "../maintain/report.js";
import { maintenanceOutput } from "../stack.js";

const HELP = `usage: granary maintain [COPY] [options]

Removes what its time is over for where nothing does so by itself: backups on a storage box, snapshots in the restic
repositories of every copy. Looks first: without --yes nothing is removed. Run it once a month, from a machine that is no
host of the stack; it needs rclone, and restic if there is a files job.

The newest two verified backups of a job never go. Nothing is removed when this machine's clock and the copy's differ, or
when something is odd: dates in the future or put into the past, backups that vanished, a repository that shrinks.

  COPY             only this copy (default: all)
  --yes            do it
  --despite-odd    do it although something is odd; look first what it is
  --ssh-key FILE   private key for the storage box: the half of granary:ssh's publicKey (default: the SSH agent's)
  --stack NAME     the stack (default: prod)
  --json           the reports as JSON

example: granary maintain box --ssh-key ~/.ssh/granary_ed25519 --yes

exit codes: 0 nothing odd, done if --yes; 1 something is odd, or a copy could not be maintained; 64 wrong arguments
`;

/** `granary maintain`: retention from outside, where a copy does not do it itself. */
export const maintain: Command = {
  summary: "remove what its time is over for on a storage box and in restic repositories; a look without --yes",
  help: HELP,
  async run(args, terminal) {
    const { values, positionals } = parse(args);
    const settings = parseSettings(readStackFile(terminal.directory, values.stack));
    const [only] = positionals;
    const names = Object.keys(settings.copies).filter((name) => only === undefined || name === only);
    if (positionals.length > 1 || names.length === 0)
      throw new UsageError(`name one copy, or none for all: ${Object.keys(settings.copies).join(", ")}`);
    const credentials = await maintenanceOutput(terminal.directory, values.stack);
    const options = { yes: values.yes, despiteOdd: values["despite-odd"], sshKey: values["ssh-key"] };
    const reports: CopyReport[] = [];
    let failed = false;
    for (const name of names) {
      // One copy that does not answer must not hold up the others.
      try {
        reports.push(await maintainCopy(name, settings, credentials, options));
      } catch (error) {
        failed = true;
        terminal.err(`granary maintain: ${error instanceof Error ? error.message : String(error)}\n`);
      }
    }
    tell(reports, options, values.json, terminal);
    const unsaid = reports.some(({ errors }) => errors.length > 0) || (reports.some(isOdd) && !options.despiteOdd);
    return failed || unsaid ? 1 : 0;
  },
};

function parse(args: string[]) {
  const parsed = parseArgs({
    args,
    allowPositionals: true,
    options: {
      yes: { type: "boolean", default: false },
      "despite-odd": { type: "boolean", default: false },
      "ssh-key": { type: "string" },
      stack: { type: "string", default: "prod" },
      json: { type: "boolean", default: false },
    },
  });
  const { stack } = parsed.values;
  if (!/^[\w.-]+$/.test(stack)) throw new UsageError(`bad stack name "${stack}": use the NAME of Pulumi.NAME.yaml`);
  return parsed;
}

function tell(reports: CopyReport[], { yes, despiteOdd }: Options, json: boolean, terminal: Terminal): void {
  if (json) return terminal.out(`${JSON.stringify(reports, undefined, 2)}\n`);
  for (const report of reports) terminal.out(reportText(report, yes));
  const odd = reports.filter(isOdd).map(({ copy }) => copy);
  if (odd.length > 0 && !despiteOdd)
    terminal.err(
      `something is odd in ${odd.join(", ")}: nothing odd was touched; look at it, then use --despite-odd\n`,
    );
  if (!yes && reports.length > 0) terminal.out("this was a look: nothing was removed; to do it, add --yes\n");
}
