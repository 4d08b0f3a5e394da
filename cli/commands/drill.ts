import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { drillCopies, drillCopy } from "../../plan/drill.js";
import { isBackup } from "../../settings/jobs/job.js";
import { parseSettings } from "../../settings/parse.js";
import type { Settings } from "../../settings/schema.js";
import { readStackFile } from "../../settings/stack-file.js";
import { UsageError, type Command } from "../command.js";
import { runDrill } from "../drill/run.js";
import { readConfig } from "../engine.js";
import { Evidence } from "../evidence/evidence.js";
import { lastDrill } from "../evidence/last-drill.js";
import { readIdentity } from "../identity.js";
import type { SmokeResult } from "../smoke/run.js";
import { smokeHost } from "../smoke/shop.js";
import { hostOutputs, type HostOutput } from "../stack.js";
import { throughTunnel } from "../tunnel.js";

const HELP = `usage: granary drill [HOST] --identity FILE [options]

Proves that a host comes back: makes a staging server in a stack of its own, restores the newest backup of each job there
in full, compares it, measures, and destroys the server, also when something fails or Ctrl-C is pressed. The server can
read one copy and connect nowhere else. Writes evidence/<date>-drill.json, a report beside it and a line in
docs/runbook.md. It costs some minutes of a server; production is not touched. If hosts.HOST.app has a compose file, the
shop is started there too, and does what a customer does (app.smoke).

  HOST              the host; needed if the stack has several that own data
  --copy NAME       the bucket to read (default: the one whose turn it is, by the evidence)
  --identity FILE   age identity; it travels over SSH to the server's memory and is gone after each restore
  --ca FILE         certificate authority to trust in the smoke test, PEM
  --keep            leave the server standing; it is billed until the next drill takes it down
  --ssh-key FILE    SSH private key, the half of granary:ssh's publicKey (default: the agent's or ~/.ssh's)
  --stack NAME      the stack (default: prod)
  --json            the evidence as JSON on standard output

example: granary drill shop --identity ~/granary-keys/identity-owner.txt

exit codes: 0 everything came back; 1 something did not, or the drill could not run; 64 wrong arguments
`;

/** `granary drill`: the monthly restore test. */
export const drill: Command = {
  summary: "restore everything of a host on a server made for it, compare, measure, and destroy that server",
  help: HELP,
  async run(args, terminal) {
    const { values, positionals } = parse(args);
    if (values.identity === undefined)
      throw new UsageError("--identity FILE is missing: backups open with nothing else");
    const settings = parseSettings(readStackFile(terminal.directory, values.stack));
    const host = hostOf(settings, positionals);
    const copy = copyOf(settings, values.copy) ?? drillCopy(settings, lastDrill(terminal.directory, host));
    if (copy === undefined)
      throw new Error("no copy is a bucket, and a drill reads nothing else: add one to the settings");
    if (settings.ssh === undefined)
      throw new Error(
        "granary:ssh.publicKey is missing: the drill could not log in on its server; add your public key",
      );
    const identity = readIdentity(values.identity);
    const live = await hostOutputs(terminal.directory, values.stack);
    const config = await readConfig(terminal.directory, values.stack);
    const controller = new AbortController();
    const interrupt = (): void => controller.abort();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupt);
    const evidence = new Evidence("drill", host, terminal.directory, { say: (text) => terminal.err(text) });
    const keep = values.keep || settings.drill?.keep === true;
    const place = { directory: terminal.directory, stack: values.stack };
    const ca = values.ca === undefined ? undefined : readFileSync(values.ca, "utf8");
    const sshKey = values["ssh-key"];
    const smoke = (target: HostOutput): Promise<SmokeResult> =>
      throughTunnel(target, 443, sshKey, (port) =>
        smokeHost(settings.hosts[host]!.app!, target, { ...place, address: "127.0.0.1", port, ca, sshKey }),
      );
    const common = { ...place, settings, host, copy, identity, keep, sshKey, smoke };
    let outcome: string | Error = `everything of ${host} came back from copy ${copy}`;
    try {
      await runDrill({ ...common, config, live, signal: controller.signal }, evidence);
    } catch (error) {
      outcome = error instanceof Error ? error : new Error(String(error));
    } finally {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupt);
    }
    const failed = evidence.record.checks.filter(({ ok }) => !ok);
    if (typeof outcome === "string" && failed.length > 0)
      outcome = `${failed.length} of ${evidence.record.checks.length} checks failed: ${failed[0]!.name}`;
    const { record, json, html } = await evidence.finish(outcome);
    if (values.json) terminal.out(`${JSON.stringify(record, null, 2)}\n`);
    else terminal.out(`drill of ${host} ${record.ok ? "passed" : "FAILED"}: ${record.outcome}\n${json}\n${html}\n`);
    return record.ok ? 0 : 1;
  },
};

function parse(args: string[]) {
  const parsed = parseArgs({
    args,
    allowPositionals: true,
    options: {
      copy: { type: "string" },
      identity: { type: "string" },
      ca: { type: "string" },
      keep: { type: "boolean", default: false },
      "ssh-key": { type: "string" },
      stack: { type: "string", default: "prod" },
      json: { type: "boolean", default: false },
    },
  });
  const { stack } = parsed.values;
  if (!/^[\w.-]+$/.test(stack)) throw new UsageError(`bad stack name "${stack}": use the NAME of Pulumi.NAME.yaml`);
  return parsed;
}

function hostOf({ hosts }: Settings, positionals: string[]): string {
  const owners = Object.keys(hosts).filter((name) => Object.values(hosts[name]!.jobs).some(isBackup));
  const [host = owners.length === 1 ? owners[0] : undefined] = positionals;
  if (positionals.length > 1 || host === undefined || !owners.includes(host))
    throw new UsageError(`name one host that owns data: ${owners.join(", ") || "there is none"}`);
  return host;
}

function copyOf(settings: Settings, copy: string | undefined): string | undefined {
  const known = drillCopies({ copies: settings.copies });
  if (copy === undefined || known.includes(copy)) return copy;
  throw new UsageError(`copy "${copy}" is no bucket of the stack: use ${known.join(", ") || "none, and add one"}`);
}
