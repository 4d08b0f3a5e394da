import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { SettingsError, type Problem } from "./errors.js";

/** Configuration that is secret: read apart by the program, encrypted in the file, no part of the settings. */
export const SECRET_KEYS: readonly string[] = [
  "sshPrivateKey",
  "databasePasswords",
  "smokeSecrets",
  "alertSecrets",
  "retired",
];

const NAMESPACE = "granary:";

/** What opens a company's account. The providers do not all take theirs for a secret: stored in plain, it is in Git and in the state. */
const PROVIDER_SECRETS: readonly string[] = [
  "digitalocean:token",
  "digitalocean:spacesSecretKey",
  "cloudflare:apiToken",
  "cloudflare:apiKey",
  "hcloud:token",
];

/** The stack's file cannot be read at all. */
export class StackFileError extends Error {
  override readonly name = "StackFileError";
}

/**
 * Raw settings of a stack from `Pulumi.<stack>.yaml`, without the engine; give them to `parseSettings`.
 * @throws StackFileError when there is no such file or it is not YAML
 * @throws SettingsError when a secret is stored in plain, or a setting is encrypted
 */
export function readStackFile(directory: string, stack: string): Record<string, unknown> {
  const file = `Pulumi.${stack}.yaml`;
  const path = join(directory, file);
  if (existsSync(path)) return rawSettings(readFileSync(path, "utf8"), file);
  const stacks = readdirSync(directory).flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []);
  const choice =
    stacks.length > 0 ? `choose one with --stack: ${stacks.sort().join(", ")}` : "go to the project's folder";
  throw new StackFileError(`no ${file} in ${directory}: ${choice}`);
}

/** The same from the file's text; `file` is its name, for messages. */
export function rawSettings(text: string, file: string): Record<string, unknown> {
  const problems: Problem[] = [];
  const raw: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(configOf(text, file))) {
    if (PROVIDER_SECRETS.includes(key) && !isEncrypted(value))
      problems.push({ path: key, value: "(secret, not shown)", message: secretFault(key) });
    if (!key.startsWith(NAMESPACE)) continue;
    const name = key.slice(NAMESPACE.length);
    const message = SECRET_KEYS.includes(name) ? plainFault(key, value) : settingFault(name, value);
    if (message !== undefined) problems.push({ path: name, value: "(secret, not shown)", message });
    else if (!SECRET_KEYS.includes(name)) raw[name] = decoded(value);
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return raw;
}

function configOf(text: string, file: string): object {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  // The parser's own message may quote the line, and with it a secret.
  if (error !== undefined)
    throw new StackFileError(
      `${file} is not valid YAML at line ${lines.linePos(error.pos[0]).line} (${error.code}): correct it`,
    );
  const config = (document.toJS() as { config?: unknown } | null)?.config;
  if (typeof config === "object" && config !== null) return config;
  throw new StackFileError(`${file} has no config: map: start from Pulumi.prod.yaml`);
}

function secretFault(key: string): string {
  return `a secret stored in plain: remove it here and from Git's history, and set it with \`pulumi config set --secret ${key}\``;
}

function plainFault(key: string, value: unknown): string | undefined {
  return isEncrypted(value) ? undefined : secretFault(key);
}

function settingFault(name: string, value: unknown): string | undefined {
  if (!isMap(value) || !("secure" in value)) return undefined;
  return `settings are not encrypted: remove it and write granary:${name} in plain, as in Pulumi.prod.yaml`;
}

/** `{ secure: … }`, or a map whose every value is. */
function isEncrypted(value: unknown): boolean {
  return isMap(value) && ("secure" in value || Object.values(value).every(isEncrypted));
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** A setting's value from its text: `pulumi config set` without --path, and the engine, hold a structure as JSON. */
export function decoded(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}
