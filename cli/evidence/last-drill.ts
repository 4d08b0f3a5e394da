import type { LastDrill } from "../../plan/drill.js";
import type { Settings } from "../../settings/schema.js";
import { newestEvidence } from "./read.js";

/** The newest drill of one host that left evidence, if any. */
export function lastDrill(directory: string, host: string): LastDrill | undefined {
  const found = newestEvidence(directory, host, "drill");
  if (found === undefined) return undefined;
  const copy = found.copy === undefined ? {} : { copy: found.copy };
  return { ok: found.ok, finished: new Date(found.finished), ...copy };
}

/** The newest drill of every host of the settings that has one. */
export function lastDrills(directory: string, { hosts }: Settings): Record<string, LastDrill> {
  const found = Object.keys(hosts).map((host) => [host, lastDrill(directory, host)] as const);
  return Object.fromEntries(found.filter((entry): entry is [string, LastDrill] => entry[1] !== undefined));
}
