/** Which copy a drill reads, and when the last one no longer proves anything. */
import type { Settings } from "../settings/schema.js";
import { DAY } from "./stamps.js";

/** A month, and some days for whoever was on holiday. */
export const DRILL_DAYS = 35;

/** What is known of the last drill of a host. */
export interface LastDrill {
  ok: boolean;
  finished: Date;
  /** The copy it read; unknown if it failed before it chose one. */
  copy?: string;
}

/** Copies that a drill can read, in the order in which it takes them. */
export function drillCopies({ copies, drill }: Pick<Settings, "copies" | "drill">): string[] {
  return drill?.copyOrder ?? Object.keys(copies).filter((name) => copies[name]!.kind !== "storageBox");
}

/**
 * The copy whose turn it is: the one after that of the last drill, or the same again if that drill failed.
 * @returns undefined when there is none that a drill can read
 */
export function drillCopy(settings: Pick<Settings, "copies" | "drill">, last?: LastDrill): string | undefined {
  const order = drillCopies(settings);
  const at = order.indexOf(last?.copy ?? "");
  if (at < 0) return order[0];
  return last?.ok ? order[(at + 1) % order.length] : order[at];
}

/** Days since the last drill, whole. */
export function drillAge(last: LastDrill, now: Date): number {
  return Math.floor((now.getTime() - last.finished.getTime()) / DAY);
}
