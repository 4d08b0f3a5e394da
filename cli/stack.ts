import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Where a host answers and the only key it may answer with, from the stack's outputs. */
export interface HostOutput {
  address: string;
  hostKey: string;
  sshPort: number;
}

/**
 * What the stack's last `pulumi up` says about a host.
 * @throws Error when pulumi is missing, the stack cannot be read, or it has no such host
 */
export async function hostOutput(directory: string, stack: string, host: string): Promise<HostOutput> {
  const { hosts } = await outputs(directory, stack);
  const found = hosts?.[host];
  if (found !== undefined) return found;
  const known = Object.keys(hosts ?? {}).join(", ") || "none";
  throw new Error(
    `stack ${stack} has no host "${host}" (it has: ${known}): check the name, or run \`pulumi up\` first`,
  );
}

async function outputs(directory: string, stack: string): Promise<{ hosts?: Record<string, HostOutput> }> {
  try {
    const args = ["stack", "output", "--json", "--stack", stack];
    const { stdout } = await promisify(execFile)("pulumi", args, { cwd: directory, maxBuffer: 1 << 26 });
    return JSON.parse(stdout) as { hosts?: Record<string, HostOutput> };
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code === "ENOENT")
      throw new Error("pulumi is not on the PATH: install it from https://www.pulumi.com/docs/install/");
    throw new Error(`pulumi cannot read stack ${stack}: ${(stderr ?? String(error)).trim()}`);
  }
}
