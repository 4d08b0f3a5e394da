/** A drill restores onto a server that was made for it, and onto no other. */
import type { HostOutput } from "../stack.js";
import { ROLE, type Staging } from "./staging.js";

/**
 * Refuses a server that is a host of the stack, has a host's key, or is not labelled as a drill's.
 * @throws Error that says which
 */
export function assertNotLive({ target, role }: Staging, live: Record<string, HostOutput>): void {
  if (role !== ROLE)
    throw new Error(`the server at ${target.address} has the role "${role}" and not "${ROLE}": nothing was done to it`);
  for (const [name, host] of Object.entries(live)) {
    if (host.address === target.address || host.hostKey === target.hostKey)
      throw new Error(
        `the staging server at ${target.address} is host ${name}: nothing was done to it; look at the stack of the drill`,
      );
  }
}
