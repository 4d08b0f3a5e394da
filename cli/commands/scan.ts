import { parseArgs } from "node:util";
import { judge } from "../../plan/scan.js";
import { stampTime } from "../../plan/stamps.js";
import { backupJobs } from "../../settings/jobs/job.js";
import { parseSettings } from "../../settings/parse.js";
import type { Settings } from "../../settings/schema.js";
import { readStackFile } from "../../settings/stack-file.js";
import { UsageError, type Command } from "../command.js";
import { assertPins, withRemote } from "../maintain/remote.js";
import { figuresOf } from "../scan/read.js";
import { beforeOf, isSuspicious, scanText, type Scanned } from "../scan/text.js";
import { maintenanceOutput, readersOutput } from "../stack.js";

const HELP = `usage: granary scan HOST [JOB] [options]

Somebody broke in: which backups are from before? Compares the backups of each job with the good ones before them: size,
rows of each table, how well the data compresses, how many files are changed, gone or renamed from one to the next. Suggests
the time for granary recover --clean-room --before. Reads one copy with credentials that can only read; needs no identity,
but rclone, and restic if there is a files job. Opens nothing and changes nothing.

A suggestion, and no proof: what an intruder only read or added leaves no trace in these figures, and a host can write wrong
ones about itself. docs/scan.md tells what is compared, and when it is odd.

  HOST [JOB]     the host, and one job of it (default: all)
  --copy NAME    the copy to read (default: the first that no host can destroy)
  --last N       so many of the newest daily backups, 4 to 400 (default: 30)
  --since TIME   leave out those before, e.g. an alarm that was looked into: 2026-11-23T00:00:00Z
  --stack NAME   the stack (default: prod)
  --json         the figures and the verdicts as JSON

examples: granary scan shop
          granary scan shop media --copy box --last 60

exit codes: 0 nothing is suspicious; 1 something is, or it could not be read; 64 wrong arguments
`;

interface Options {
  settings: Settings;
  host: string;
  jobs: string[];
  copy: string;
  last: number;
  since: number;
  stack: string;
  json: boolean;
}

/** `granary scan`: which backups look as an attack leaves them. */
export const scan: Command = {
  summary: "compare the backups of a host with each other, to find when a break-in began",
  help: HELP,
  async run(args, terminal) {
    const options = optionsOf(args, terminal.directory);
    const { settings, host, copy, stack } = options;
    const readers = await readersOutput(terminal.directory, stack);
    const { passwords } = await maintenanceOutput(terminal.directory, stack);
    const access = readers[copy];
    if (access === undefined) throw new Error(`stack ${stack} has no reader of copy ${copy}: run \`pulumi up\` first`);
    const scanned: Scanned[] = [];
    await withRemote(copy, settings.copies[copy]!, access, undefined, async (remote) => {
      await assertPins(remote);
      for (const job of options.jobs) {
        // One job that cannot be read must not hide the others.
        try {
          const figures = await figuresOf(remote, { host, job }, options.last, passwords[host]);
          const recent = figures.filter(({ stamp }) => stampTime(stamp)! >= options.since);
          scanned.push({ job, copy, backups: judge(recent) });
        } catch (error) {
          scanned.push({ job, copy, backups: [], error: error instanceof Error ? error.message : String(error) });
        }
      }
    });
    const before = beforeOf(scanned) ?? null;
    if (options.json) terminal.out(`${JSON.stringify({ host, copy, before, jobs: scanned }, undefined, 2)}\n`);
    else terminal.out(scanText(host, scanned));
    return scanned.some((one) => one.error !== undefined || isSuspicious(one)) ? 1 : 0;
  },
};

function optionsOf(args: string[], directory: string): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...{ copy: { type: "string" }, last: { type: "string", default: "30" }, since: { type: "string" } },
      stack: { type: "string", default: "prod" },
      json: { type: "boolean", default: false },
    },
  });
  const { stack, json, copy, since } = values;
  if (!/^[\w.-]+$/.test(stack)) throw new UsageError(`bad stack name "${stack}": use the NAME of Pulumi.NAME.yaml`);
  if (!/^\d{1,3}$/.test(values.last) || Number(values.last) < 4 || Number(values.last) > 400)
    throw new UsageError(`--last "${values.last}" is no number from 4 to 400`);
  if (since !== undefined && Number.isNaN(Date.parse(since)))
    throw new UsageError(`--since "${since}" is no time such as 2026-11-23T00:00:00Z`);
  const settings = parseSettings(readStackFile(directory, stack));
  return {
    ...{ settings, stack, json, last: Number(values.last), since: since === undefined ? -Infinity : Date.parse(since) },
    ...{ ...jobsOf(settings, positionals), copy: copyOf(settings, copy) },
  };
}

function jobsOf({ hosts }: Settings, [host, job, ...more]: string[]): { host: string; jobs: string[] } {
  if (host === undefined || more.length > 0 || !Object.hasOwn(hosts, host))
    throw new UsageError(`name one host: ${Object.keys(hosts).join(", ")}`);
  const all = Object.keys(backupJobs(hosts[host]!.jobs));
  if (job === undefined) return { host, jobs: all };
  if (!all.includes(job)) throw new UsageError(`host ${host} backs up no "${job}": use one of ${all.join(", ")}`);
  return { host, jobs: [job] };
}

/** Default: the first that no host can destroy. */
function copyOf({ copies }: Settings, wanted: string | undefined): string {
  const names = Object.keys(copies);
  const copy = wanted ?? names.find((name) => copies[name]!.kind !== "spaces") ?? names[0]!;
  if (names.includes(copy)) return copy;
  throw new UsageError(`there is no copy "${copy}": use ${names.join(", ")}`);
}
