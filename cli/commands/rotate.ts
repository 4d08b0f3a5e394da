import { parseArgs } from "node:util";
import type { Generation } from "../../components/retiring.js";
import { parseSettings } from "../../settings/parse.js";
import { readStackFile } from "../../settings/stack-file.js";
import { askPeople } from "../clean-room/people.js";
import { UsageError, type Command, type Terminal } from "../command.js";
import { engineFault, openStack, readConfig, removeConfig, setConfig } from "../engine.js";
import { Evidence } from "../evidence/evidence.js";
import { remoteOf } from "../remote.js";
import { forPeople } from "../rotate/people.js";
import { rotate as run, type RotateRequest } from "../rotate/run.js";
import { vaultOf } from "../rotate/vault.js";
import { hostOutput, maintenanceOutput, retiringOutput } from "../stack.js";

const HELP = `usage: granary rotate HOST [options]

Replaces every credential that a host has with the copies and the program: its Spaces keys, R2 tokens, the keys and
passwords of its accounts on a storage box, the password of its restic repositories, its Git deploy key. New ones are made
beside the old; the host takes them over and writes and reads with them; then the old ones are deleted, and each is tried
in vain. Run it again after an interruption: it goes on, and at no moment is the host without one that works.

At the end it asks for what only people can do, one by one, and writes evidence/. What is not the program's own is there:
passwords of databases, secrets of alerts. Needs rclone, restic if there is a files job, pulumi, ssh.

A new password does not change a repository's master key: after a break-in, docs/rotate.md. At R2 the lock keeps the old
password of a repository for its time: with --finish it goes afterwards.

  HOST             the host whose credentials are replaced
  --finish         begin nothing: go on with what was begun, and remove old passwords whose lock has ended
  --ssh-key FILE   private key for the host and the storage box (default: the SSH agent's)
  --stack NAME     the stack (default: prod)
  --verbose        what Pulumi says, too
  --json           the evidence as JSON

examples: granary rotate shop --ssh-key ~/.ssh/granary_ed25519
          granary rotate shop --finish

exit codes: 0 only the new ones open anything, but for what a lock keeps; 1 not so, and the message says why; 64 wrong
arguments
`;

interface Options {
  host: string;
  finish: boolean;
  sshKey: string | undefined;
  stack: string;
  verbose: boolean;
  json: boolean;
}

/** `granary rotate`: every credential of a host is replaced. */
export const rotate: Command = {
  summary: "replace every credential a host has with the copies, and prove that the old ones open nothing",
  help: HELP,
  async run(args, terminal) {
    const options = optionsOf(args);
    const request = await requestOf(options, terminal);
    const evidence = new Evidence("rotate", options.host, terminal.directory, { say: (text) => terminal.err(text) });
    let outcome: string | Error;
    try {
      const kept = await run(request, evidence);
      const left = options.finish ? [] : await people(options, terminal, evidence);
      outcome = [
        `${options.host} has new credentials, and the old ones open nothing`,
        ...(kept.length === 0 ? [] : [`but what a lock keeps (--finish removes it then): ${kept.join(", ")}`]),
        ...(left.length === 0 ? [] : [`left for people: ${left.join("; ")}`]),
      ].join("; ");
    } catch (error) {
      outcome = engineFault(error);
    }
    const { record, json, html } = await evidence.finish(outcome);
    if (options.json) terminal.out(`${JSON.stringify(record, null, 2)}\n`);
    else
      terminal.out(
        `rotation of ${options.host} ${record.ok ? "done" : "NOT done"}: ${record.outcome}\n${json}\n${html}\n`,
      );
    return record.ok ? 0 : 1;
  },
};

function optionsOf(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      finish: { type: "boolean", default: false },
      "ssh-key": { type: "string" },
      stack: { type: "string", default: "prod" },
      verbose: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const { stack, finish, verbose, json } = values;
  if (!/^[\w.-]+$/.test(stack)) throw new UsageError(`bad stack name "${stack}": use the NAME of Pulumi.NAME.yaml`);
  const [host, ...more] = positionals;
  if (host === undefined || more.length > 0) throw new UsageError("name one host");
  return { host, finish, stack, verbose, json, sshKey: values["ssh-key"] };
}

const RETIRED = "granary:retired";

/** @throws UsageError when there is no such host */
async function requestOf(options: Options, terminal: Terminal): Promise<RotateRequest> {
  const { host, stack, sshKey, verbose, finish } = options;
  const { directory } = terminal;
  const settings = parseSettings(readStackFile(directory, stack));
  if (!Object.hasOwn(settings.hosts, host))
    throw new UsageError(`there is no host "${host}": use ${Object.keys(settings.hosts).join(", ")}`);
  return {
    ...{ settings, host, finish, engine: await openStack(directory, stack) },
    retiring: () => retiringOutput(directory, stack, host),
    retired: {
      read: async () => {
        const text = (await readConfig(directory, stack))[RETIRED]?.value;
        return text === undefined ? undefined : (JSON.parse(text) as Record<string, Generation>)[host];
      },
      write: (generation) =>
        generation === undefined
          ? removeConfig(directory, stack, RETIRED)
          : setConfig(directory, stack, RETIRED, JSON.stringify({ [host]: generation }), true),
    },
    repositoryPassword: async () => (await maintenanceOutput(directory, stack)).passwords[host],
    remote: async () => remoteOf(await hostOutput(directory, stack, host), sshKey),
    vault: async () => vaultOf(settings, await maintenanceOutput(directory, stack), sshKey),
    say: (text) => (verbose ? terminal.err(text) : undefined),
  };
}

/** @returns what is left for later */
async function people({ host, stack }: Options, { directory, ask }: Terminal, evidence: Evidence): Promise<string[]> {
  const settings = parseSettings(readStackFile(directory, stack));
  const config = await readConfig(directory, stack);
  const names = (key: string): string[] => Object.keys(JSON.parse(config[key]?.value ?? "{}") as object);
  const { deployKey } = await hostOutput(directory, stack, host);
  const tasks = forPeople({
    ...{ settings, host, deployKey },
    databasePasswords: names("granary:databasePasswords"),
    alertSecrets: names("granary:alertSecrets"),
  });
  return askPeople(ask, evidence, tasks);
}
