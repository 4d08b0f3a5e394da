/** Commands on a server, as root over SSH, and what they said when they failed. */
import { runOnHost } from "./ssh.js";
import type { HostOutput } from "./stack.js";

export interface Remote {
  /** Runs a command. @throws RemoteError when it fails */
  run(command: string[], stdin?: string): Promise<string>;
  /** The same for a script of bash, given by standard input. */
  bash(script: string): Promise<string>;
  /** Whether a command succeeds. */
  succeeds(command: string[]): Promise<boolean>;
}

/** What a command on the host said when it failed: the last line of an `event=error`, or its last lines. */
export class RemoteError extends Error {
  override readonly name = "RemoteError";
}

/** How a command ended, and what it printed. */
export interface Ended {
  code: number;
  stdout: string;
  err: string;
}

/** The server at `target`. @param sshKey private key file; absent: what `ssh` finds by itself */
export function remoteOf(target: HostOutput, sshKey: string | undefined): Remote {
  return remoteBy(async (command, stdin) => {
    let err = "";
    const result = await runOnHost(target, command, stdin, { sshKey, err: (text) => (err += text) });
    return { ...result, err };
  });
}

/** The same for whatever runs a command. */
export function remoteBy(attempt: (command: string[], stdin: string) => Promise<Ended>): Remote {
  const run = async (command: string[], stdin = ""): Promise<string> => {
    const { code, stdout, err } = await attempt(command, stdin);
    if (code === 0) return stdout;
    const lines = err.trim().split("\n");
    const said = lines.findLast((line) => line.includes("event=error")) ?? lines.slice(-3).join(" ");
    throw new RemoteError(`${command.slice(0, 2).join(" ")} ended with ${code}: ${said}`);
  };
  return {
    run,
    bash: (script) => run(["bash", "-Eeuo", "pipefail", "-s"], script),
    succeeds: async (command) => (await attempt(command, "")).code === 0,
  };
}
