import { parseArgs } from "node:util";
import { UsageError, type Command } from "../command.js";
import { lookAtHosts } from "../doctor/look.js";
import { doctorText } from "../doctor/text.js";

const HELP = `usage: granary doctor [HOST]... [options]

Looks at what is deployed on each host against what the program says: scripts, units and what systemd made of them, timers,
settings and keys, owners and modes, programs, the replication slot, disk and clock. Changes nothing. What it finds, it
shows with the commands that put it right. A host that cannot be asked is named, and the others are looked at all the same.

It believes what a host's own bash and coreutils say: it finds mistakes and careless hands, not a host that lies. Whether
there are good backups is told by \`granary status\`, which asks no host.

  --stack NAME    the stack (default: prod)
  --ssh-key FILE  SSH private key (default: the agent's or ~/.ssh's)
  --json          the same as JSON

examples: granary doctor
          granary doctor shop --stack prod --ssh-key ~/.ssh/id_ed25519

exit codes: 0 nothing is bad; 1 something is, or a host or the stack cannot be reached; 64 wrong arguments
`;

/** `granary doctor`: whether every host is as the program says, and what puts it right. */
export const doctor: Command = {
  summary: "look at what is deployed on each host against what the program says, and show the fix for each difference",
  help: HELP,
  async run(args, terminal) {
    const options = {
      stack: { type: "string", default: "prod" },
      "ssh-key": { type: "string" },
      json: { type: "boolean", default: false },
    } as const;
    const { values, positionals: hosts } = parseArgs({ args, options, strict: true, allowPositionals: true });
    const { stack, json } = values;
    if (!/^[\w.-]+$/.test(stack)) throw new UsageError(`bad stack name "${stack}": use the NAME of Pulumi.NAME.yaml`);
    const { directory } = terminal;
    const found = await lookAtHosts({ directory, stack, hosts, sshKey: values["ssh-key"] });
    const ok = found.every(({ findings }) => findings.every(({ colour }) => colour !== "red"));
    if (json) terminal.out(`${JSON.stringify({ ok, hosts: found }, undefined, 2)}\n`);
    else terminal.out(doctorText(found, terminal.color));
    return ok ? 0 : 1;
  },
};
