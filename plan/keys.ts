/** Tiers of backups that stand alone. Tiers come first in a key, so that lifecycle and lock rules can be bound to a prefix. */
export const TIERS = ["daily", "monthly", "annual"] as const;
export type Tier = (typeof TIERS)[number];

/** What a restore to any moment needs: base backups, and the log that was written since. */
export const CONTINUOUS = ["base", "wal"] as const;

/** Every prefix whose objects go by age. `replication` holds small records of what was copied from bucket to bucket. */
export const AGING = [...TIERS, ...CONTINUOUS, "replication"] as const;
export type Aging = (typeof AGING)[number];

/** Prefix of the restic repositories: nothing in them goes by age, a repository decides itself what it still needs. */
export const FILES = "files";

/** Where the records of a replica of backups are, in the replica. */
export function recordsPrefix(copy: string): string {
  return `replication/${copy}`;
}

/** Where a replica of uploads keeps what is not the shop's: a bucket of uploads has no prefix of ours. */
export const OWN = ".granary";

/** Prefix of everything in a tier: `daily/`. */
export function tierPrefix(tier: Aging | typeof FILES): string {
  return `${tier}/`;
}

/** Prefix of one job's artifacts in a tier: `daily/shop/orders/`. */
export function prefix(tier: Aging | typeof FILES, host: string, job: string): string {
  return `${tierPrefix(tier)}${host}/${job}/`;
}
