import { type Command, type Terminal } from "../command.js";
import { readIdentity } from "../identity.js";
import { HostFailure, RestoringHost } from "../restore/host.js";
import { restoreOptions, type RestoreOptions } from "../restore/options.js";
import type { Restored, RestoredDirectory, Undone } from "../restore/result.js";
import { databaseText, directoryText, undoneText } from "../restore/summary.js";
import { switchOver } from "../restore/switch.js";
import { hostOutput } from "../stack.js";

const HELP = `usage: granary restore HOST JOB --identity FILE [--at TIME] [--copy NAME] [options]
       granary restore HOST JOB --undo

Brings a job's data back on its host: fetches the backup from a copy, checks it against its manifest, restores it beside
what is there, compares, and shows what is different. With --switch it then takes the place of the live data, in one
transaction; what was there is kept. May be run again after an interruption.

  --at TIME         as it was then: to the instant where the log is shipped (continuous: true), otherwise the newest
                    backup not after it, e.g. 2026-11-23T03:00:00Z (default: the newest backup)
  --copy NAME       the copy to read (default: local, the host's own disk; of a log the first copy)
  --from KIND       dump or log: which of the two, where --at leaves it open
  --switch          put it in the place of the live database; asks before
  --yes             do not ask
  --again           also if this very backup was put in place before, and data was damaged since
  --undo            take the last switch back: the database that was kept gets its name again
  --into NAME       restore into a new database of this name and leave it there; of files: the directory
  --only PATH       of files, configs and logs: just this path
  --check SQL       must print t in what was restored, or nothing is switched
  --stop COMMAND    on the host, before anything else of --switch: stops the shop's application
  --start COMMAND   on the host, at the end: starts it again
  --identity FILE   age identity; it travels over SSH to the host's memory and is gone after the restore
  --ssh-key FILE    SSH private key (default: the agent's or ~/.ssh's)
  --stack NAME      the stack (default: prod)
  --json            only the result, as JSON

examples:
  granary restore shop orders --at 2026-11-23T17:59:00Z --switch --identity ~/granary-keys/identity-owner.txt
  granary restore shop orders --undo
  granary restore shop media --only /opt/uploads/products/7.jpg --into /root/back --identity ~/granary-keys/identity-owner.txt

exit codes: 0 restored and compared; 64 wrong arguments; 1 the host or stack cannot be reached; otherwise the host's
own, as docs/exit-codes.md lists them
`;

/** `granary restore`: a job's data, from a copy, onto its host. */
export const restore: Command = {
  summary: "bring data back from a copy, beside the live data, compare, switch, undo",
  help: HELP,
  async run(args, terminal) {
    const options = restoreOptions(args);
    const identity = options.identity === undefined ? "" : readIdentity(options.identity);
    const target = await hostOutput(terminal.directory, options.stack, options.host);
    const err = (text: string): void => terminal.err(text);
    const host = new RestoringHost(target, identity, { sshKey: options.sshKey, err });
    try {
      if (options.undo) return await undo(options, host, terminal);
      if (options.switch) return await switchOver(options, host, terminal);
      return await beside(options, host, terminal);
    } catch (error) {
      if (error instanceof HostFailure) return error.code;
      throw error;
    }
  },
};

async function undo(options: RestoreOptions, host: RestoringHost, terminal: Terminal): Promise<number> {
  if (options.app !== undefined) await host.shell(options.app.stop);
  const line = await host.restore([options.job, ...options.which, "--undo"]);
  if (options.app !== undefined) await host.shell(options.app.start);
  terminal.out(options.json ? line : undoneText(JSON.parse(line) as Undone));
  return 0;
}

async function beside(options: RestoreOptions, host: RestoringHost, terminal: Terminal): Promise<number> {
  const line = await host.restore([options.job, ...options.which]);
  terminal.out(options.json ? line : text(options, JSON.parse(line) as Restored | RestoredDirectory));
  return 0;
}

function text(options: RestoreOptions, result: Restored | RestoredDirectory): string {
  if ("directory" in result) return directoryText(result);
  const at = `--copy ${result.copy} --at ${quoted(result.at ?? result.stamp)}`;
  const again = `granary restore ${options.host} ${options.job} ${at} --identity ${options.identity ?? "FILE"}`;
  // A server that cannot rename a database says how far it replayed.
  return databaseText(result, "replayed" in result || options.into !== undefined ? undefined : `${again} --switch`);
}

const quoted = (word: string): string => (/^[\w.:+-]+$/.test(word) ? word : `'${word}'`);
