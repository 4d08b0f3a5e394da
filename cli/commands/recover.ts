import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parseSettings } from "../../settings/parse.js";
import type { Host, Settings } from "../../settings/schema.js";
import { readStackFile } from "../../settings/stack-file.js";
import { UsageError, type Command } from "../command.js";
import { openStack } from "../engine.js";
import { Evidence } from "../evidence/evidence.js";
import { readIdentity } from "../identity.js";
import { recover as run } from "../recover/run.js";
import { remoteOf } from "../remote.js";
import { smokeHost, type ShopOptions } from "../smoke/shop.js";
import { runOnHost } from "../ssh.js";
import { hostOutput, type HostOutput } from "../stack.js";

const HELP = `usage: granary recover HOST --identity FILE [options]

The server is lost: makes a new one by the program, brings back configuration, code, uploads and databases, starts the
shop by its compose file, does what a customer does, and only then lets the shop's name point there and the new server
make its own backups. Refuses while the old server still answers. Run it again after an interruption: it goes on.


  HOST             the host that is lost
  --copy NAME      the copy to read (default: the first that no host can destroy)
  --at TIME        as it was then (default: the newest there is), e.g. 2026-11-23T17:59:00Z
  --from dump      databases from their newest dump, should the log be damaged
  --identity FILE  age identity; it travels over SSH to the server's memory, job by job, and is gone after each
  --ca FILE        certificate authority to trust in the smoke test, PEM
  --ssh-key FILE   SSH private key (default: the agent's or ~/.ssh's)
  --stack NAME     the stack (default: prod)
  --verbose        what Pulumi says, too
  --json           the evidence as JSON

examples:
  granary recover shop --identity ~/granary-keys/identity-owner.txt
  granary recover shop --copy box --at 2026-11-23T17:59:00Z --identity ~/granary-keys/identity-owner.txt

exit codes: 0 the shop is back; 1 it is not, and the message says how far it came; 64 wrong arguments
`;

/** `granary recover`: a lost server comes back on a new one. */
export const recover: Command = {
  summary: "bring a lost server back on a new one: data, shop, name, backups",
  help: HELP,
  async run(args, terminal) {
    const { values, positionals } = parse(args);
    const { directory } = terminal;
    const { stack, "ssh-key": sshKey } = values;
    if (values.identity === undefined)
      throw new UsageError("--identity FILE is missing: backups open with nothing else");
    const settings = parseSettings(readStackFile(directory, stack));
    const host = hostOf(settings, positionals);
    const copy = copyOf(settings, values.copy);
    const identity = readIdentity(values.identity);
    const ca = values.ca === undefined ? undefined : readFileSync(values.ca, "utf8");
    const wanted = { at: atOf(values.at), from: fromOf(values.from) };
    const evidence = new Evidence("recover", host, directory, { say: (text) => terminal.err(text) });
    let outcome: string | Error;
    try {
      const engine = await openStack(directory, stack);
      const what = { settings, host, copy, ...wanted, identity, engine };
      const say = (text: string): void => (values.verbose ? terminal.err(text) : undefined);
      const target = await run(
        { ...what, say, ...reaching(settings, host, { directory, stack, ca, sshKey }) },
        evidence,
      );
      outcome = `${host} is back at ${target.address}, from copy ${copy}${leftToDo(settings.hosts[host]!, target)}`;
    } catch (error) {
      outcome = error instanceof Error ? error : new Error(String(error));
    }
    const { record, json, html } = await evidence.finish(outcome);
    if (values.json) terminal.out(`${JSON.stringify(record, null, 2)}\n`);
    else terminal.out(`recovery of ${host} ${record.ok ? "done" : "NOT done"}: ${record.outcome}\n${json}\n${html}\n`);
    return record.ok ? 0 : 1;
  },
};

/** How the host's servers are reached. */
function reaching(settings: Settings, host: string, options: ShopOptions) {
  const { directory, stack, sshKey } = options;
  const { app } = settings.hosts[host]!;
  return {
    output: () => hostOutput(directory, stack, host),
    live: (target: HostOutput) => answers(target, sshKey),
    remote: (target: HostOutput) => remoteOf(target, sshKey),
    smoke: (target: HostOutput) =>
      app === undefined || app.smoke.length === 0 ? Promise.resolve(undefined) : smokeHost(app, target, options),
  };
}

/** What the program could not do, or see. */
function leftToDo({ app }: Host, { address }: HostOutput): string {
  if (app === undefined) return "; the settings know of no app: start the shop, try it and move its name yourself";
  return [
    app.compose === undefined ? "start the shop" : "",
    app.smoke.length === 0 ? "try it, for app.smoke has no steps" : "",
    app.dns === undefined ? `move ${app.domain} to ${address}, for app.dns is not set` : "",
  ]
    .filter(Boolean)
    .map((text) => `; ${text}`)
    .join("");
}

/** Whether the server that was there still is: it answers with its own key. */
async function answers(target: HostOutput, sshKey: string | undefined): Promise<boolean> {
  const { code } = await runOnHost(target, ["true"], "", { sshKey, err: () => undefined });
  return code === 0;
}

function parse(args: string[]) {
  const parsed = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...{ copy: { type: "string" }, at: { type: "string" }, identity: { type: "string" }, ca: { type: "string" } },
      ...{ from: { type: "string" }, "ssh-key": { type: "string" } },
      stack: { type: "string", default: "prod" },
      verbose: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const { stack } = parsed.values;
  if (!/^[\w.-]+$/.test(stack)) throw new UsageError(`bad stack name "${stack}": use the NAME of Pulumi.NAME.yaml`);
  return parsed;
}

function hostOf({ hosts }: Settings, [host, ...more]: string[]): string {
  if (host !== undefined && more.length === 0 && Object.hasOwn(hosts, host)) return host;
  throw new UsageError(`name one host: ${Object.keys(hosts).join(", ")}`);
}

function atOf(at: string | undefined): string | undefined {
  if (at === undefined || /^\d{8}T\d{6}Z$/.test(at) || Date.parse(at) <= Date.now()) return at;
  throw new UsageError(`--at "${at}" is no time in the past: use one such as 2026-11-23T17:59:00Z, UTC`);
}

function fromOf(from: string | undefined): "dump" | undefined {
  if (from === undefined || from === "dump") return from;
  throw new UsageError(`--from "${from}" is not known: use dump, or leave it out for the log`);
}

/** What no host can destroy is whole, whoever had the lost one. */
function copyOf({ copies }: Settings, wanted: string | undefined): string {
  const names = Object.keys(copies);
  const copy = wanted ?? names.find((name) => copies[name]!.kind !== "spaces") ?? names[0]!;
  if (names.includes(copy)) return copy;
  throw new UsageError(`there is no copy "${copy}": use ${names.join(", ")}`);
}
