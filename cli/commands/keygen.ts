import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { UsageError, type Command } from "../command.js";
import { outsideGit } from "../keygen/place.js";

const HELP = `usage: granary keygen [--out DIR] [--names NAME,NAME…] [--json]

Makes the age identities that open your backups, on this machine, and prints their public halves for the settings.
Either identity opens every backup that is made from then on, alone; without one nobody can, the companies included.

  --out DIR      where the files go: <DIR>/identity-<NAME>.txt, mode 0600 (default: ~/granary-keys).
                 Refused inside a Git work tree; a file that exists is never overwritten
  --names LIST   one identity for each name, separated by commas (default: owner,spare)
  --json         the files and their recipients as JSON

examples: granary keygen
          granary keygen --out /media/usb/keys --names spare

exit codes: 0 made; 1 refused, or age-keygen failed: nothing was made; 64 wrong arguments
`;

/** An identity that was made. */
interface Identity {
  name: string;
  /** The private half, only ever in this file. */
  file: string;
  /** The public half, `age1…`. */
  recipient: string;
}

/** `granary keygen`: identities that are made where they are kept. */
export const keygen: Command = {
  summary: "make the identities that open your backups, on this machine",
  help: HELP,
  async run(args, terminal) {
    const { out, names, json } = parse(args);
    const directory = outsideGit(out);
    const files = names.map((name) => [name, join(directory, `identity-${name}.txt`)] as const);
    const there = files.find(([, file]) => existsSync(file));
    if (there !== undefined)
      throw new Error(
        `${there[1]} is there already and is not overwritten, backups may need it: choose another --out or --names`,
      );
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const made: Identity[] = [];
    for (const [name, file] of files) made.push({ name, file, recipient: await make(file) });
    terminal.out(json ? `${JSON.stringify({ identities: made }, undefined, 2)}\n` : told(made));
    return 0;
  },
};

function parse(args: string[]): { out: string; names: string[]; json: boolean } {
  const { values } = parseArgs({
    args,
    options: {
      out: { type: "string", default: join(homedir(), "granary-keys") },
      names: { type: "string", default: "owner,spare" },
      json: { type: "boolean", default: false },
    },
  });
  const names = values.names.split(",");
  const wrong = names.find((name) => !/^[a-z][a-z0-9-]{0,30}$/.test(name));
  if (wrong !== undefined)
    throw new UsageError(`bad name "${wrong}": use lower-case letters, digits and hyphens, a letter first`);
  if (new Set(names).size < names.length) throw new UsageError("a name is listed twice: each needs a file of its own");
  if (values.out === "") throw new UsageError("--out is empty: name a directory");
  return { out: values.out, names, json: values.json };
}

/** Makes the file, which `age-keygen` creates for its owner alone and never overwrites; gives the public half. */
async function make(file: string): Promise<string> {
  try {
    await promisify(execFile)("age-keygen", ["-o", file]);
    chmodSync(file, 0o600);
    return (await promisify(execFile)("age-keygen", ["-y", file])).stdout.trim();
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code === "ENOENT")
      throw new Error("age-keygen is not on the PATH: install age (apt install age, brew install age)");
    throw new Error(`age-keygen could not make ${file}: ${(stderr ?? String(error)).trim()}`);
  }
}

function told(made: Identity[]): string {
  const files = made.map(({ name, file }) => `  ${name}: ${file}\n`).join("");
  const recipients = made.map(({ name, recipient }) => `      - ${recipient} # ${name}\n`).join("");
  return `${made.length} ${made.length === 1 ? "identity" : "identities"}, private, never to leave your hands but for a restore:

${files}
For the settings, in Pulumi.prod.yaml (these are public):

  granary:encryption:
    recipients:
${recipients}
Now, before the first backup:

  1. Keep one where you can reach it at night: in a password manager, or in this file on an encrypted disk.
  2. Take another out of the building: print it, or a USB stick in a safe or a bank. Then delete it here.
  3. Never put one on a server, in Git, in a chat or in a mail. Whoever has one can read every backup;
     if all are lost, no one can.

Then go on with step 4 of the README: a key for the program to reach the servers with.
`;
}
