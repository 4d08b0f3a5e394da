import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Retiring } from "../components/retiring.js";
import type { CopyAccess } from "../plan/job-env.js";

/** Where a host answers and the only key it may answer with, from the stack's outputs. */
export interface HostOutput {
  address: string;
  hostKey: string;
  sshPort: number;
  /** Its public key for a Git remote; of a host that pushes to one. */
  deployKey?: string;
}

/**
 * What the stack's last `pulumi up` says about a host.
 * @throws Error when pulumi is missing, the stack cannot be read, or it has no such host
 */
export async function hostOutput(directory: string, stack: string, host: string): Promise<HostOutput> {
  const hosts = await hostOutputs(directory, stack);
  const found = hosts[host];
  if (found !== undefined) return found;
  const known = Object.keys(hosts).join(", ") || "none";
  throw new Error(
    `stack ${stack} has no host "${host}" (it has: ${known}): check the name, or run \`pulumi up\` first`,
  );
}

/** The same of every host; none before the first `pulumi up`. */
export async function hostOutputs(directory: string, stack: string): Promise<Record<string, HostOutput>> {
  return (await outputs(directory, stack)).hosts ?? {};
}

/** What `granary maintain` logs in with, secrets included. */
export interface MaintenanceOutput {
  /** By copy; one that nobody may maintain is not there. */
  copies: Record<string, CopyAccess>;
  /** Of the restic repositories, by host. */
  passwords: Record<string, string>;
}

/**
 * The credentials of maintenance, in the clear.
 * @throws Error when pulumi is missing, the stack cannot be read, or its last `pulumi up` made none
 */
export async function maintenanceOutput(directory: string, stack: string): Promise<MaintenanceOutput> {
  const { maintenance } = await outputs(directory, stack, ["--show-secrets"]);
  if (maintenance === undefined)
    throw new Error(`stack ${stack} has no credentials for maintenance: run \`pulumi up\` with this version first`);
  return { copies: present(maintenance.copies), passwords: present(maintenance.passwords) };
}

/**
 * What `granary status` reads the copies with, by copy, secrets included.
 * @throws Error when pulumi is missing, the stack cannot be read, or its last `pulumi up` made none
 */
export async function readersOutput(directory: string, stack: string): Promise<Record<string, CopyAccess>> {
  const { readers } = await outputs(directory, stack, ["--show-secrets"]);
  if (readers === undefined)
    throw new Error(`stack ${stack} has no readers of its copies: run \`pulumi up\` with this version first`);
  return present(readers);
}

/**
 * What `granary status --publish` writes its page with, secrets included.
 * @throws Error when pulumi is missing, the stack cannot be read, or its last `pulumi up` made none
 */
export async function statusPageOutput(directory: string, stack: string): Promise<CopyAccess> {
  const { statusPage } = await outputs(directory, stack, ["--show-secrets"]);
  if (statusPage === undefined)
    throw new Error(`stack ${stack} has no bucket for the status page: run \`pulumi up\` first`);
  return statusPage;
}

/**
 * Both generations of a host's credentials, in the clear; undefined when none are being replaced.
 * @throws Error when pulumi is missing or the stack cannot be read
 */
export async function retiringOutput(directory: string, stack: string, host: string): Promise<Retiring | undefined> {
  return present((await outputs(directory, stack, ["--show-secrets"])).retiring)[host];
}

/** The engine writes what is undefined as null, or leaves it out. */
function present<T>(all: Record<string, T | null> | undefined): Record<string, T> {
  const entries = Object.entries(all ?? {}).filter((entry): entry is [string, T] => entry[1] !== null);
  return Object.fromEntries(entries);
}

interface Outputs {
  hosts?: Record<string, HostOutput>;
  readers?: Record<string, CopyAccess | null>;
  statusPage?: CopyAccess;
  retiring?: Record<string, Retiring | null>;
  maintenance?: { copies?: Record<string, CopyAccess | null>; passwords?: Record<string, string | null> };
}

async function outputs(directory: string, stack: string, more: string[] = []): Promise<Outputs> {
  try {
    const args = ["stack", "output", "--json", "--stack", stack, ...more];
    const { stdout } = await promisify(execFile)("pulumi", args, { cwd: directory, maxBuffer: 1 << 26 });
    return JSON.parse(stdout) as Outputs;
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code === "ENOENT")
      throw new Error("pulumi is not on the PATH: install it from https://www.pulumi.com/docs/install/");
    throw new Error(`pulumi cannot read stack ${stack}: ${(stderr ?? String(error)).trim()}`);
  }
}
