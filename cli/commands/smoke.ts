import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parseSettings } from "../../settings/parse.js";
import type { Settings } from "../../settings/schema.js";
import { readStackFile } from "../../settings/stack-file.js";
import { UsageError, type Command } from "../command.js";
import type { SmokeResult } from "../smoke/run.js";
import { smokeHost } from "../smoke/shop.js";
import { hostOutput } from "../stack.js";

const HELP = `usage: granary smoke HOST [options]

Does at the shop what a customer does, as hosts.HOST.app.smoke says: opens pages, logs in, orders, and looks in the database
whether the order is there. It does it for real: let the steps use a test customer and nothing that costs money.

  HOST             the host whose shop is tried
  --address A      ask this server, wherever the shop's name points (default: the host's address)
  --port N         HTTPS port (default: 443)
  --ca FILE        certificate authority to trust, PEM, for a shop with a certificate of its own
  --ssh-key FILE   SSH private key (default: the agent's or ~/.ssh's); steps with a query go over SSH
  --stack NAME     the stack (default: prod)
  --json           the steps as JSON

examples: granary smoke shop
          granary smoke shop --address 203.0.113.20 --ca ca.pem

exit codes: 0 every step was as expected; 1 one was not; 64 wrong arguments
`;

/** `granary smoke`: is the shop selling? */
export const smoke: Command = {
  summary: "do at a shop what a customer does, and say whether it works",
  help: HELP,
  async run(args, terminal) {
    const { values, positionals } = parse(args);
    const settings = parseSettings(readStackFile(terminal.directory, values.stack));
    const host = hostOf(settings, positionals);
    const app = settings.hosts[host]!.app;
    if (app === undefined || app.smoke.length === 0)
      throw new Error(`hosts.${host}.app.smoke has no steps: say there what a customer does (docs/smoke-test.md)`);
    const output = await hostOutput(terminal.directory, values.stack, host);
    const result = await smokeHost(app, output, {
      ...{ directory: terminal.directory, stack: values.stack, address: values.address, port: Number(values.port) },
      ca: values.ca === undefined ? undefined : readFileSync(values.ca, "utf8"),
      sshKey: values["ssh-key"],
    });
    terminal.out(values.json ? `${JSON.stringify(result, undefined, 2)}\n` : smokeText(result));
    return result.ok ? 0 : 1;
  },
};

function parse(args: string[]) {
  const parsed = parseArgs({
    args,
    allowPositionals: true,
    options: {
      address: { type: "string" },
      port: { type: "string", default: "443" },
      ca: { type: "string" },
      "ssh-key": { type: "string" },
      stack: { type: "string", default: "prod" },
      json: { type: "boolean", default: false },
    },
  });
  const { stack, port } = parsed.values;
  if (!/^[\w.-]+$/.test(stack)) throw new UsageError(`bad stack name "${stack}": use the NAME of Pulumi.NAME.yaml`);
  if (!/^\d{1,5}$/.test(port)) throw new UsageError(`--port "${port}" is no TCP port`);
  return parsed;
}

function hostOf({ hosts }: Settings, [host, ...more]: string[]): string {
  if (host !== undefined && more.length === 0 && Object.hasOwn(hosts, host)) return host;
  throw new UsageError(`name one host: ${Object.keys(hosts).join(", ")}`);
}

/** A line a step. */
export function smokeText({ ok, steps }: SmokeResult): string {
  const lines = steps.map(
    (step) => `  ${step.ok ? "ok    " : "FAILED"}  ${step.name}${step.ok ? "" : `: ${step.found}`}`,
  );
  return `${lines.join("\n")}\n${ok ? "the shop sells" : "the shop does NOT sell"}\n`;
}
