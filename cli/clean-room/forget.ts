/** Making the engine forget an infected server: it stays where it is, and the program makes another. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Stack } from "@pulumi/pulumi/automation/index.js";

interface Resource {
  urn: string;
  type: string;
  id?: string;
  outputs?: { ipv4Address?: string };
}

/** A server of the program, and its host key, which an intruder has. */
export interface Known {
  /** Hetzner's id. */
  server: number;
  /** Of what everything else of it depends on: its host key, or itself. */
  urn: string;
}

/** The host's server in the state, if it is at that address: another one has taken its place already, or the program made none. */
export async function knownServer(
  stack: Pick<Stack, "exportStack">,
  host: string,
  address: string,
): Promise<Known | undefined> {
  const { resources = [] } = (await stack.exportStack()).deployment as { resources?: Resource[] };
  const named = (type: string, name: string) =>
    resources.find((resource) => resource.type === type && resource.urn.endsWith(`::${name}`));
  const server = named("hcloud:index/server:Server", host);
  if (server?.id === undefined || server.outputs?.ipv4Address !== address) return undefined;
  const hostKey = named("command:local:Command", `${host}-host-key`);
  return { server: Number(server.id), urn: (hostKey ?? server).urn };
}

/**
 * Forgets it, its host key, and what was deployed on it. Nothing is deleted anywhere but in the state.
 * @throws Error with what pulumi said
 */
export async function forget(directory: string, stack: string, { urn }: Known): Promise<void> {
  try {
    const how = ["--stack", stack, "--yes", "--force", "--target-dependents"];
    await promisify(execFile)("pulumi", ["state", "delete", ...how, urn], { cwd: directory });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`pulumi cannot forget ${urn}: ${(stderr ?? String(error)).trim()}`);
  }
}
