import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostOutput } from "./stack.js";

/** How to log in, and where the host's progress goes. */
export interface RunOptions {
  /** Private key file; absent: what `ssh` finds by itself. */
  sshKey: string | undefined;
  /** Receives the command's standard error as it comes. */
  err(text: string): void;
}

/**
 * Runs a command on a host as root over the system's `ssh`, which talks to no machine but the one whose key the stack
 * pins. Words are quoted; `stdin` is how a secret gets there.
 */
export async function runOnHost(
  host: HostOutput,
  command: string[],
  stdin: string,
  options: RunOptions,
): Promise<{ code: number; stdout: string }> {
  const directory = await mkdtemp(join(tmpdir(), "granary-"));
  try {
    const words = await sshArguments(host, join(directory, "known_hosts"), options.sshKey);
    const child = spawn("ssh", [...words, "--", command.map(quoted).join(" ")], { stdio: ["pipe", "pipe", "pipe"] });
    const stdout: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => options.err(chunk.toString()));
    // A host that refuses closes its end first; the exit code tells that story.
    child.stdin.on("error", () => undefined);
    child.stdin.end(stdin);
    const [code] = (await once(child, "close")) as [number | null];
    return { code: code ?? 1, stdout: Buffer.concat(stdout).toString() };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What `ssh` is told to reach a host and no other. @param knownHosts file that is written: the key that the stack pins */
export async function sshArguments(
  host: HostOutput,
  knownHosts: string,
  sshKey: string | undefined,
): Promise<string[]> {
  const name = host.sshPort === 22 ? host.address : `[${host.address}]:${host.sshPort}`;
  await writeFile(knownHosts, `${name} ${host.hostKey}\n`);
  return [
    ...["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", `UserKnownHostsFile=${knownHosts}`],
    ...["-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=15", "-p", String(host.sshPort)],
    ...(sshKey === undefined ? [] : ["-o", "IdentitiesOnly=yes", "-i", sshKey]),
    `root@${host.address}`,
  ];
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
