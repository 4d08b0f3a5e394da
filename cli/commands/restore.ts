import { parseArgs } from "node:util";
import { UsageError, type Command } from "../command.js";
import { readIdentity } from "../identity.js";
import { runOnHost } from "../ssh.js";
import { hostOutput } from "../stack.js";

const HELP = `usage: granary restore HOST JOB --identity FILE [options]

Brings a job's database back on its host: fetches the backup from a copy, checks it against its manifest, restores it
beside the live one, compares every table's row count, and puts it in place only where nothing is lost by that.

  --copy NAME       the copy to read (default: local, the host's own disk)
  --at TIME         the newest backup not after TIME, e.g. 2026-11-23T03:00:00Z (default: the newest)
  --into NAME       restore into a new database of this name and leave it there
  --switch          put it in place of a database that has tables; the old one is kept under another name
  --identity FILE   age identity; it travels over SSH to the host's memory and is gone after the restore
  --ssh-key FILE    SSH private key (default: the agent's or ~/.ssh's)
  --stack NAME      the stack (default: prod)
  --json            only the result, as JSON

example: granary restore shop orders --copy r2 --identity ~/granary-identity.txt

exit codes: 0 restored and compared; 64 wrong arguments; 1 the host or stack cannot be reached; otherwise the host's
own, as docs/exit-codes.md lists them
`;

/** `granary restore`: a job's database, from a copy, onto its host. */
export const restore: Command = {
  summary: "bring a database back from a copy, beside the live one, and compare it",
  help: HELP,
  async run(args, terminal) {
    const { values, positionals } = parse(args);
    const [host, job] = positionals;
    if (host === undefined || job === undefined || positionals.length > 2)
      throw new UsageError("restore takes a host and a job, e.g. `granary restore shop orders --identity FILE`");
    if (values.identity === undefined)
      throw new UsageError("--identity FILE is missing: backups open with nothing else");
    const identity = readIdentity(values.identity);
    const target = await hostOutput(terminal.directory, values.stack, host);
    const command = ["granary-restore", job, ...forwarded(values)];
    const options = { sshKey: values["ssh-key"], err: (text: string) => terminal.err(text) };
    const { code, stdout } = await runOnHost(target, command, identity, options);
    const again = `granary restore ${host} ${job} --copy ${values.copy ?? "local"} --identity ${values.identity}`;
    const asText = code === 0 && !values.json && values.into === undefined;
    terminal.out(asText ? summary(JSON.parse(stdout) as Restored, again) : stdout);
    return code;
  },
};

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      copy: { type: "string" },
      at: { type: "string" },
      into: { type: "string" },
      switch: { type: "boolean", default: false },
      identity: { type: "string" },
      "ssh-key": { type: "string" },
      stack: { type: "string", default: "prod" },
      json: { type: "boolean", default: false },
    },
  });
}

/** Options that the host's own command takes, as they came. */
function forwarded(values: ReturnType<typeof parse>["values"]): string[] {
  const named = (["copy", "at", "into"] as const).flatMap((name) =>
    values[name] === undefined ? [] : [`--${name}`, values[name]],
  );
  return [...named, ...(values.switch ? ["--switch"] : [])];
}

/** The one line that the host's command prints. Seconds by phase. */
interface Restored {
  database: string;
  old: string | null;
  switched: boolean;
  stamp: string;
  copy: string;
  compared: { tables: number; rows: number };
  seconds: Record<string, number>;
}

function summary({ database, old, switched, stamp, copy, compared, seconds }: Restored, next: string): string {
  const lines = [
    `database ${database} is as it was at ${stamp}, from ${copy}: ` +
      `${compared.tables} tables, ${compared.rows} rows, counted and equal to the manifest`,
    ...(switched
      ? []
      : ["the live database is untouched; to put this one in its place:", `  ${next} --at ${stamp} --switch`]),
    ...(old === null ? [] : [`the database it took the place of is kept as ${old}`]),
    ...Object.entries(seconds).map(([phase, took]) => `  ${phase.padEnd(12)} ${took} s`),
  ];
  return `${lines.join("\n")}\n`;
}
