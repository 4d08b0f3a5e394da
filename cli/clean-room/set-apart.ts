/** Before anything is brought back after a break-in: the infected server is cut off and kept, and the program forgets it. */
import type { Evidence } from "../evidence/evidence.js";
import type { Known } from "./forget.js";
import type { Quarantined } from "./quarantine.js";

export interface CleanRoom {
  /** Nothing younger is brought back, e.g. "2026-11-23T17:59:00Z". */
  before: string;
  /** The commit the code is to be at; absent: the one that was saved. */
  commit?: string | undefined;
  /** The server at that address, if the program made it and has not forgotten it. */
  known(address: string): Promise<Known | undefined>;
  quarantine(server: number): Promise<Quarantined>;
  forget(known: Known): Promise<void>;
}

/**
 * May be run again: a server that is forgotten was cut off before.
 * @param address of the infected server
 */
export async function setApart(room: CleanRoom, address: string, evidence: Evidence): Promise<void> {
  const known = await room.known(address);
  if (known === undefined) return;
  const kept = await evidence.phase("cut off", "the infected server's network; an image of its disk is made", () =>
    room.quarantine(known.server),
  );
  evidence.step("the infected server is cut off", `server ${kept.name}, image ${kept.snapshot} at Hetzner`);
  await evidence.phase("forget", "the program makes another one, with another host key", () => room.forget(known));
}
