/** The owner's laptop: the command line, and what Pulumi shows there. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheDir, repository, tool } from "../config.js";
import { engineEnvironment, projectDir, STACK } from "../engine.js";
import type { World } from "../world.js";

/** How a command ended. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  ...engineEnvironment(),
  PATH: `${join(cacheDir(), "bin")}:${process.env["PATH"]}`,
});

/** `granary …` on the laptop, however it ends. */
export async function laptop(...args: string[]): Promise<Ended> {
  const command = [join(repository, "cli/granary.js"), ...args, "--stack", STACK];
  try {
    const options = { cwd: projectDir(), env: environment(), maxBuffer: 1 << 26 };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, command, options);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== "number") throw error;
    return { code, stdout: stdout ?? "", stderr: stderr ?? "" };
  }
}

/** `granary …` with the owner's identity and key, as JSON. @throws Error when it does not end well */
export async function granary(world: World, ...args: string[]): Promise<string> {
  const keys = ["--identity", world.laptop.identity, "--ssh-key", world.laptop.sshKey];
  const { code, stdout, stderr } = await laptop(...args, "--json", ...keys);
  if (code !== 0)
    throw new Error(`granary ${args.join(" ")} ended with ${code}:\n${stderr.slice(-3000)}\n${outcome(stdout)}`);
  return stdout;
}

/** How a command that leaves evidence says that it ended. */
function outcome(stdout: string): string {
  try {
    return (JSON.parse(stdout) as { outcome?: string }).outcome ?? "";
  } catch {
    return "";
  }
}

/** What `pulumi stack output` shows to whoever may read the state but has no passphrase in mind: secrets are hidden. */
export async function shownOutputs(): Promise<string> {
  const args = ["stack", "output", "--json", "--stack", STACK];
  const { stdout } = await promisify(execFile)(tool("pulumi"), args, {
    cwd: projectDir(),
    env: environment(),
    maxBuffer: 1 << 26,
  });
  return stdout;
}
