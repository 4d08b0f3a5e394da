import { parseArgs } from "node:util";
import { UsageError } from "../command.js";

/** What `granary restore` was asked for. */
export interface RestoreOptions {
  host: string;
  job: string;
  /** Words for the host's own command that say which backup and what of it. */
  which: string[];
  into: string | undefined;
  switch: boolean;
  undo: boolean;
  /** Also if this very backup was put in place before. */
  again: boolean;
  yes: boolean;
  json: boolean;
  /** Shell commands that stop and start the shop's application on the host; both or none. */
  app: { stop: string; start: string } | undefined;
  identity: string | undefined;
  sshKey: string | undefined;
  stack: string;
}

/** @throws UsageError for what cannot be meant, before anything is touched */
export function restoreOptions(args: string[]): RestoreOptions {
  const { values, positionals } = parse(args);
  const [host, job] = positionals;
  if (host === undefined || job === undefined || positionals.length > 2)
    throw new UsageError("restore takes a host and a job, e.g. `granary restore shop orders --identity FILE`");
  if (values.undo && (values.switch || values.into !== undefined || values.at !== undefined))
    throw new UsageError("--undo takes back the last switch as it was: it goes with no other option");
  if (values.again && !values.switch)
    throw new UsageError("--again goes with --switch: without it nothing is put in place");
  if (values.identity === undefined && !values.undo)
    throw new UsageError("--identity FILE is missing: backups open with nothing else");
  if (values.into !== undefined && values.switch) throw new UsageError("--into and --switch exclude each other");
  if (values.only !== undefined && values.into === undefined)
    throw new UsageError("--only PATH needs --into DIRECTORY: where to put it on the host");
  if ((values.stop === undefined) !== (values.start === undefined))
    throw new UsageError(
      "--stop and --start belong together: how the shop's application is stopped, and started again",
    );
  const { stop, start } = values;
  return {
    ...{ host, job, into: values.into, switch: values.switch, undo: values.undo, again: values.again },
    ...{
      yes: values.yes,
      json: values.json,
      identity: values.identity,
      sshKey: values["ssh-key"],
      stack: values.stack,
    },
    app: stop === undefined || start === undefined ? undefined : { stop, start },
    which: (["copy", "at", "from", "into", "check", "only"] as const).flatMap((name) =>
      values[name] === undefined ? [] : [`--${name}`, values[name]],
    ),
  };
}

const string = { type: "string" } as const;
const flag = { type: "boolean", default: false } as const;

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...{ copy: string, at: string, from: string, into: string, only: string, check: string },
      ...{ switch: flag, undo: flag, again: flag, yes: flag, json: flag, stop: string, start: string },
      ...{ identity: string, "ssh-key": string, stack: { type: "string", default: "prod" } },
    },
  });
}
