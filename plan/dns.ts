import { isIP } from "node:net";
import type { Recovery } from "../settings/schema.js";

/** The kind of record that leads to an address. */
export function recordType(address: string): "A" | "AAAA" | "CNAME" {
  const version = isIP(address);
  if (version === 0) return "CNAME";
  return version === 4 ? "A" : "AAAA";
}

/**
 * Where a host's name has to stay although the server may be another one by now: while it is being brought back, customers
 * are not sent to a server that cannot sell.
 */
export function heldAddress(host: string, recovery: Recovery | undefined): string | undefined {
  return recovery?.host === host && !recovery.sells ? recovery.dns : undefined;
}
