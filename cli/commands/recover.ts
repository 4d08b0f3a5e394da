import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { Host } from "../../settings/schema.js";
import type { Command } from "../command.js";
import { forget, knownServer, type Known } from "../clean-room/forget.js";
import { HetznerApi } from "../clean-room/hetzner.js";
import { askPeople } from "../clean-room/people.js";
import { quarantine } from "../clean-room/quarantine.js";
import { openStack, readConfig } from "../engine.js";
import { Evidence } from "../evidence/evidence.js";
import { recoverOptions, type RecoverOptions } from "../recover/options.js";
import { recover as run } from "../recover/run.js";
import { remoteOf } from "../remote.js";
import { smokeHost } from "../smoke/shop.js";
import { runOnHost } from "../ssh.js";
import { hostOutput, type HostOutput } from "../stack.js";

const HELP = `usage: granary recover HOST --identity FILE [options]
       granary recover HOST --clean-room --before TIME --identity FILE [options]

The server is lost: makes a new one by the program, brings back configuration, code, uploads and databases, starts the
shop by its compose file, does what a customer does, and only then lets the shop's name point there and the new server
make its own backups. Refuses while the old server still answers. Run it again after an interruption: it goes on.


With --clean-room somebody broke in: a server that the program made is cut off and kept, with an image of its disk; the new
one has another host key and may connect to nothing but the copies until its shop was tried.

  HOST             the host that is lost
  --clean-room     somebody broke in
  --before TIME    nothing younger than this is brought back; granary scan suggests one
  --commit COMMIT  of a clean room: the commit its code is to be at (default: the one that was saved)
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
  granary recover shop --clean-room --before 2026-11-21T00:00:00Z --identity ~/granary-keys/identity-owner.txt
  granary recover shop --copy box --at 2026-11-23T17:59:00Z --identity ~/granary-keys/identity-owner.txt

exit codes: 0 the shop is back; 1 it is not, and the message says how far it came; 64 wrong arguments
`;

/** `granary recover`: a lost server comes back on a new one. */
export const recover: Command = {
  summary: "bring a lost server back on a new one: data, shop, name, backups",
  help: HELP,
  async run(args, terminal) {
    const { directory, ask } = terminal;
    const options = recoverOptions(args, directory);
    const { settings, host, copy, room, stack } = options;
    const kind = room === undefined ? "recover" : "clean-room";
    const evidence = new Evidence(kind, host, directory, { say: (text) => terminal.err(text) });
    let outcome: string | Error;
    try {
      const engine = await openStack(directory, stack);
      const cleanRoom = room && { ...room, ...(await apart(engine, host, directory, stack)) };
      const say = (text: string): void => (options.verbose ? terminal.err(text) : undefined);
      const target = await run({ ...options, engine, cleanRoom, say, ...reaching(options, directory) }, evidence);
      outcome = `${host} is back at ${target.address}, from copy ${copy}${leftToDo(settings.hosts[host]!, target)}`;
      if (room !== undefined) outcome += `; next: granary rotate ${host}${forPeople(await askPeople(ask, evidence))}`;
    } catch (error) {
      outcome = error instanceof Error ? error : new Error(String(error));
    }
    const { record, json, html } = await evidence.finish(outcome);
    if (options.json) terminal.out(`${JSON.stringify(record, null, 2)}\n`);
    else terminal.out(`recovery of ${host} ${record.ok ? "done" : "NOT done"}: ${record.outcome}\n${json}\n${html}\n`);
    return record.ok ? 0 : 1;
  },
};

/** How the host's servers are reached. */
function reaching({ settings, host, stack, ca, sshKey }: RecoverOptions, directory: string) {
  const { app } = settings.hosts[host]!;
  return {
    output: () => hostOutput(directory, stack, host),
    live: (target: HostOutput) => answers(target, sshKey),
    remote: (target: HostOutput) => remoteOf(target, sshKey),
    smoke: (target: HostOutput) =>
      app === undefined || app.smoke.length === 0
        ? Promise.resolve(undefined)
        : smokeHost(app, target, { directory, stack, ca, sshKey }),
  };
}

/** How an infected server is set apart. */
async function apart(engine: Stack, host: string, directory: string, stack: string) {
  const config = await readConfig(directory, stack);
  const api = new HetznerApi(
    config["hcloud:token"]?.value ?? process.env["HCLOUD_TOKEN"] ?? "",
    config["hcloud:endpoint"]?.value,
  );
  return {
    known: (address: string) => knownServer(engine, host, address),
    quarantine: (server: number) => quarantine(api, server, host),
    forget: (known: Known) => forget(directory, stack, known),
  };
}

const forPeople = (left: string[]): string =>
  left.length === 0 ? "" : `; left for people (docs/disaster-3.md): ${left.join("; ")}`;

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
