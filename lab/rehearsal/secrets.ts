import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { runDir, tool } from "../config.js";
import { engineEnvironment, projectDir, STACK } from "../engine.js";
import { APP_PASSWORD, CUSTOMER, SESSION_KEY } from "../shop/app.js";
import type { Check } from "../shop/content.js";
import { DATABASE_PASSWORD, type World } from "../world.js";
import { CONFIG_SECRET } from "./belongings.js";
import { shownOutputs } from "./laptop.js";
import type { ShopServer } from "./shop-server.js";
import type { Seen } from "./watch.js";

/** A secret by name. The longest line stands for one of several lines: a key's body, not its header. */
type Secrets = Record<string, string>;

/** Everything the rehearsal keeps secret, whether it made it or the program did. */
export async function gatherSecrets(world: World, server: ShopServer): Promise<Secrets> {
  const environment = await server.run("cat /etc/granary/*.env");
  const fromHost = [...environment.matchAll(/^(\w*(?:SECRET|PASSWORD)\w*)=(.+)$/gm)].map(
    ([, name, value]) => [`${name} on the host`, value!] as const,
  );
  return {
    "age identity": longestLine(await readFile(world.laptop.identity, "utf8")),
    "SSH private key": longestLine(await readFile(world.laptop.sshKey, "utf8")),
    "host's key for the box": longestLine(await server.run("cat /etc/granary/box*_ed25519")),
    "provider token": world.secrets.token,
    "Spaces key": world.secrets.spaces.secretKey,
    "database password": DATABASE_PASSWORD,
    "a secret in the configuration": CONFIG_SECRET,
    "the application's password": APP_PASSWORD,
    "the key of its cookies": SESSION_KEY,
    "a customer's password": CUSTOMER.password,
    ...Object.fromEntries(fromHost),
    ...(await secretsInState()),
  };
}

/** Passwords and keys that the program made: in the state, where only the passphrase opens them. */
async function secretsInState(): Promise<Secrets> {
  const { stdout } = await promisify(execFile)(
    tool("pulumi"),
    ["stack", "export", "--show-secrets", "--stack", STACK],
    {
      cwd: projectDir(),
      env: { ...process.env, ...engineEnvironment() },
      maxBuffer: 1 << 26,
    },
  );
  const { deployment } = JSON.parse(stdout) as {
    deployment: { resources: { urn: string; type: string; outputs?: { stdout?: unknown } }[] };
  };
  const made = deployment.resources.filter(({ type }) => type === "command:local:Command");
  return Object.fromEntries(
    made.map(({ urn, outputs }) => {
      const value = outputs?.stdout as string | { plaintext: string };
      const text = typeof value === "string" ? value : (JSON.parse(value.plaintext) as string);
      return [`made by ${urn.split("::").at(-1)}`, longestLine(text)];
    }),
  );
}

/** Where a secret must never be: command lines, the hosts' journals, the state, the stack's outputs, the lab's own log. */
export async function lookForSecrets(secrets: Secrets, seen: Seen, journals: string, report: string): Promise<Check[]> {
  const places: Record<string, string> = {
    "command lines": [...seen.commandLines].join("\n"),
    "the hosts' journals": journals,
    "the state": await readTree(join(runDir(), "state")),
    "the stack's outputs": await shownOutputs(),
    "the rehearsal's log": (await readFile(join(runDir(), "lab.log"), "utf8").catch(() => "")) + report,
  };
  return Object.entries(places).map(([place, text]) => {
    const found = Object.keys(secrets).filter((name) => text.includes(secrets[name]!));
    const looked = text.length > 0 ? `${Object.keys(secrets).length} secrets, none found` : "nothing to look at";
    const expected = `${Object.keys(secrets).length} secrets, none found`;
    const actual = found.length > 0 ? `found: ${found.join(", ")}` : looked;
    return { name: `no secret in ${place}`, ok: actual === expected, expected, actual };
  });
}

async function readTree(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return (await Promise.all(files.map((file) => readFile(file, "utf8")))).join("\n");
}

/** The last of the longest lines: every OpenSSH key of one type begins with the same one. */
export function longestLine(text: string): string {
  return text.split("\n").reduce((longest, line) => (line.length >= longest.length ? line : longest), "");
}
