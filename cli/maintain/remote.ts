import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { s3Endpoint } from "../../plan/endpoints.js";
import { BOX_PORT, type CopyAccess } from "../../plan/job-env.js";
import type { Copy, Place } from "../../settings/schema.js";

/** A copy as `rclone` reaches it with the credentials of maintenance. */
export interface Remote {
  name: string;
  copy: Copy | Place;
  /** Environment of every program that reaches it: its credentials, and no one else's. */
  env: NodeJS.ProcessEnv;
  /** Prefix of every path: `box:`, `r2:kolonell-archive/`. */
  root: string;
  /** Of this run alone; removed when it ends. */
  scratch: string;
}

/** What a program said. */
export interface Said {
  code: number;
  out: string;
  err: string;
}

/** Bounded: a copy that does not answer is reported, not waited for. */
const RCLONE_ENV = {
  RCLONE_CONFIG: "/dev/null",
  RCLONE_CONTIMEOUT: "15s",
  RCLONE_TIMEOUT: "5m",
  RCLONE_RETRIES: "3",
  RCLONE_LOW_LEVEL_RETRIES: "3",
  // Its library for terminals else fills a table at every start, which is four of ten milliseconds of one.
  TCELL_MINIMIZE: "1",
};

/**
 * Runs `use` with a copy, and leaves nothing on the disk.
 * @param sshKey private key file for a storage box; absent: the SSH agent's keys
 */
export async function withRemote<T>(
  name: string,
  copy: Copy | Place,
  access: CopyAccess,
  sshKey: string | undefined,
  use: (remote: Remote) => Promise<T>,
): Promise<T> {
  const scratch = await mkdtemp(join(tmpdir(), "granary-maintain-"));
  try {
    const password = access.kind === "box" ? await obscured(access.password) : undefined;
    const variables = remoteVariables(copy, access, { sshKey, password }, join(scratch, "known_hosts"));
    if (copy.kind === "storageBox" && access.kind === "box")
      await writeFile(join(scratch, "known_hosts"), `[${access.server}]:${BOX_PORT} ${copy.hostKey}\n`);
    const prefix = `RCLONE_CONFIG_${name.toUpperCase()}_`;
    const own = Object.fromEntries(Object.entries(variables).map(([key, value]) => [prefix + key, value]));
    const root = copy.kind === "storageBox" ? `${name}:` : `${name}:${copy.bucket}/`;
    return await use({ name, copy, env: { ...withoutAws(process.env), ...RCLONE_ENV, ...own }, root, scratch });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The form in which rclone takes a password from its environment; undefined for none. */
async function obscured(password: string | undefined): Promise<string | undefined> {
  if (password === undefined) return undefined;
  const { code, out } = await run("rclone", ["obscure", "-"], { ...process.env, RCLONE_CONFIG: "/dev/null" }, password);
  if (code !== 0) throw new Error("rclone obscure failed: install rclone 1.54 or later");
  return out.trim();
}

interface Login {
  sshKey: string | undefined;
  /** Obscured. */
  password: string | undefined;
}

function loginVariables({ sshKey, password }: Login) {
  if (password !== undefined) return { PASS: password };
  return sshKey === undefined ? { KEY_USE_AGENT: "true" } : { KEY_FILE: sshKey };
}

function remoteVariables(copy: Copy | Place, access: CopyAccess, login: Login, knownHosts: string) {
  if (copy.kind === "storageBox" && access.kind === "box")
    return {
      TYPE: "sftp",
      HOST: access.server,
      PORT: String(BOX_PORT),
      USER: access.username,
      ...loginVariables(login),
      KNOWN_HOSTS_FILE: knownHosts,
      SHELL_TYPE: "none",
      DISABLE_HASHCHECK: "true",
    };
  if (copy.kind === "storageBox" || access.kind === "box")
    throw new Error(`the stack's credentials are not for a copy of kind ${copy.kind}: run \`pulumi up\``);
  return {
    TYPE: "s3",
    ACCESS_KEY_ID: access.accessKeyId,
    SECRET_ACCESS_KEY: access.secretAccessKey,
    ENDPOINT: s3Endpoint(copy),
    NO_CHECK_BUCKET: "true",
    ...(copy.kind === "r2"
      ? { PROVIDER: "Cloudflare", REGION: "auto" }
      : { PROVIDER: "DigitalOcean", REGION: copy.region, ACL: "private" }),
  };
}

/** rclone would take keys, regions and certificates of Amazon's own tools for the copy's, wherever it is told none. */
function withoutAws(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("AWS_")));
}

/** Runs a program with a copy's credentials in its environment. Never throws for its exit code. */
export async function run(program: string, args: string[], env: NodeJS.ProcessEnv, input = ""): Promise<Said> {
  const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"] });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const failed = once(child, "error").then(([error]) => Promise.reject(missing(program, error as Error)));
  const [code] = (await Promise.race([once(child, "close"), failed])) as [number | null];
  return { code: code ?? 1, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
}

function missing(program: string, error: Error & { code?: unknown }): Error {
  return error.code === "ENOENT" ? new Error(`${program} is not on the PATH: install it`) : error;
}

/**
 * What rclone printed.
 * @throws Error with the last thing it complained of
 */
export async function rclone(remote: Remote, args: string[], input?: string): Promise<string> {
  const { code, out, err } = await run("rclone", args, remote.env, input);
  if (code === 0) return out;
  throw new Error(`copy ${remote.name}: rclone ${args[0]}: ${lastLine(err)}`);
}

/** The last line that is not indented, without rclone's time. */
export function lastLine(text: string): string {
  const lines = text.split("\n").filter((line) => /^\S/.test(line));
  return (lines.at(-1) ?? "it failed without a word").replace(/^[\d/]+ [\d:]+ /, "");
}

/** Refuses an rclone that would not look at the host key of a box. */
export async function assertPins(remote: Remote): Promise<void> {
  if (remote.copy.kind !== "storageBox") return;
  const help = await rclone(remote, ["help", "backend", "sftp"]);
  if (!help.includes("--sftp-known-hosts-file"))
    throw new Error("this rclone is too old to check the host key of a storage box: install 1.54 or later");
}
