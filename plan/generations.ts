/** Generations of a host's credentials: which exist, which are in use, and how each is named. */
import type { Settings } from "../settings/schema.js";

export interface Generations {
  /** What the host works with. */
  used: number;
  /** What exists beside it, while one takes the other's place. */
  other?: number;
}

/** The first generation is one that the settings say nothing of. */
export function generationsOf({ credentials }: Pick<Settings, "credentials">, host: string): Generations {
  const at = credentials?.[host];
  if (at === undefined) return { used: 1 };
  const { generation, stage } = at;
  if (stage === "made") return { used: generation - 1, other: generation };
  return stage === "used" ? { used: generation, other: generation - 1 } : { used: generation };
}

/** Both, or the one there is; the one in use first. */
export const existing = ({ used, other }: Generations): number[] => (other === undefined ? [used] : [used, other]);

/** The younger of those that exist. */
export const newest = (generations: Generations): number => Math.max(...existing(generations));

/**
 * A name of the first generation, or of a later one: `shop-to-r2`, `shop-to-r2.2`. No host, copy, job or key of a host has a
 * dot in its name, so a later generation is never taken for something else.
 */
export const ofGeneration = (name: string, generation: number): string =>
  generation === 1 ? name : `${name}.${generation}`;
