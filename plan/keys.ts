/** Tiers come first in a key, so that lifecycle and lock rules can be bound to a prefix. */
export const TIERS = ["daily", "monthly", "annual"] as const;
export type Tier = (typeof TIERS)[number];

/** Prefix of everything in a tier: `daily/`. */
export function tierPrefix(tier: Tier): string {
  return `${tier}/`;
}

/** Prefix of one job's artifacts in a tier: `daily/shop/orders/`. */
export function prefix(tier: Tier, host: string, job: string): string {
  return `${tierPrefix(tier)}${host}/${job}/`;
}
