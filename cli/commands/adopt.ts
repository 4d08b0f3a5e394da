import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseDocument } from "yaml";
import { hostKeySchema } from "../../settings/host-key.js";
import { propose, proposalText, type Place, type Proposal } from "../adopt/propose.js";
import { readProbe } from "../adopt/read.js";
import { UsageError, type Command, type Terminal } from "../command.js";
import { runOnHost } from "../ssh.js";

const HELP = `usage: granary adopt ADDRESS --host-key KEY [options]

Looks at a server that has backups of its own, the script everybody writes (pg_dump, gpg, s3cmd in a crontab), and shows
which settings take them over. It reads crontabs, the scripts they name, containers and directories over SSH as root, and
changes nothing there. Passwords in scripts are not shown.

  --host-key KEY     the server's public key, "ssh-ed25519 AAAA…": ssh-keyscan -t ed25519 ADDRESS, compared on the server
  --name NAME        what the host is called in the settings (default: shop)
  --provider NAME    who runs the server (default: hetzner)
  --country CODE     where it stands (default: DE)
  --ssh-port N       default: 22
  --ssh-key FILE     private key to log in with (default: what ssh finds by itself)
  --write            add the host to Pulumi.<stack>.yaml, after showing it
  --stack NAME       the stack (default: prod)
  --json             what was found, and the host, as JSON

example: granary adopt 203.0.113.10 --host-key "ssh-ed25519 AAAA…" --provider ovh --country FR

exit codes: 0 shown; 1 the server does not answer, or the host is in the settings already; 64 wrong arguments
`;

/** `granary adopt`: from the script that is there to settings. */
export const adopt: Command = {
  summary: "look at a server's own backup scripts, and show the settings that take them over",
  help: HELP,
  async run(args, terminal) {
    const { place, write, json, stack, sshKey } = parse(args);
    const file = join(terminal.directory, `Pulumi.${stack}.yaml`);
    if (write) refuseTaken(file, place.name);
    const probe = readFileSync(new URL("../adopt/probe.sh", import.meta.url), "utf8");
    const { code, stdout } = await runOnHost(place, ["bash", "-s"], probe, {
      sshKey,
      err: (text) => terminal.err(text),
    });
    if (code !== 0) throw new Error(`${place.address} could not be looked at (ssh ended with ${code}): see above`);
    const proposal = propose(readProbe(stdout), place);
    terminal.out(json ? `${JSON.stringify(proposal, undefined, 2)}\n` : proposalText(proposal, place.name));
    if (write) add(file, place.name, proposal, terminal);
    return 0;
  },
};

function parse(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      "host-key": { type: "string" },
      name: { type: "string", default: "shop" },
      provider: { type: "string", default: "hetzner" },
      country: { type: "string", default: "DE" },
      "ssh-port": { type: "string", default: "22" },
      "ssh-key": { type: "string" },
      write: { type: "boolean", default: false },
      stack: { type: "string", default: "prod" },
      json: { type: "boolean", default: false },
    },
  });
  const [address] = positionals;
  if (address === undefined || positionals.length > 1) throw new UsageError("name one server: its address");
  const hostKey = hostKeySchema.safeParse(values["host-key"]);
  if (!hostKey.success)
    throw new UsageError('--host-key is missing or no public key: give "ssh-ed25519 AAAA…" of that server');
  if (!/^[\w.-]+$/.test(values.stack))
    throw new UsageError(`bad stack name "${values.stack}": use the NAME of Pulumi.NAME.yaml`);
  const sshPort = Number(values["ssh-port"]);
  if (!Number.isInteger(sshPort) || sshPort < 1 || sshPort > 65_535)
    throw new UsageError(`bad --ssh-port "${values["ssh-port"]}": 1 to 65535`);
  const { name, provider, country } = values;
  const place: Place = { name, address, hostKey: hostKey.data, sshPort, provider, country };
  return { ...values, place, sshKey: values["ssh-key"] };
}

function refuseTaken(file: string, name: string): void {
  if (!existsSync(file)) throw new Error(`${file} is not there: start from Pulumi.prod.yaml, or leave out --write`);
  if (parseDocument(readFileSync(file, "utf8")).hasIn(["config", "granary:hosts", name]))
    throw new Error(`${file} has a host "${name}" already, which is not written over: choose another --name`);
}

/** Adds the host; comments and all else in the file stay. */
function add(file: string, name: string, { host }: Proposal, terminal: Terminal): void {
  const document = parseDocument(readFileSync(file, "utf8"));
  document.setIn(["config", "granary:hosts", name], document.createNode(host));
  writeFileSync(file, document.toString({ lineWidth: 0 }));
  terminal.out(`the host ${name} was added to ${file}: look at it with \`git diff\`, then run \`granary check\`\n`);
}
