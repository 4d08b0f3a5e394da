import { BASE_EVERY_DAYS } from "../settings/jobs/postgres.js";
import type { R2Copy, Retention } from "../settings/schema.js";
import { AGING, CONTINUOUS, FILES, prefix, tierPrefix, TIERS, type Aging, type Tier } from "./keys.js";

/** Days after which an unfinished multipart upload is dropped. Our rules replace a new R2 bucket's own, which says 7. */
export const ABORT_MULTIPART_DAYS = 7;

/** Days a version stays after it was deleted or overwritten; without this a versioned bucket grows for ever. */
export const NONCURRENT_DAYS = 30;

/** Deletes what is below a prefix when its time is over. */
export interface LifecycleRule {
  tier: Aging;
  /** `daily/` */
  prefix: string;
  /** Since the object was written, by the store's own clock. */
  expireDays: number;
}

/** Forbids overwriting and deleting below a prefix for a time. */
export interface LockRule {
  /** Name of the rule, one of its kind in a bucket. */
  id: string;
  prefix: string;
  lockDays: number;
}

/** Moves a tier to the cheaper class. */
export interface InfrequentAccessRule {
  tier: Tier;
  prefix: string;
  afterDays: number;
}

/** One restic repository: the job of a host that saves files. */
export interface Repository {
  host: string;
  job: string;
}

/** Days the longest month, and the longest year, have: expiry errs on the side of keeping. */
export const MONTH_DAYS = 31;
export const YEAR_DAYS = 366;

/**
 * Days that base backups and the log are kept. To restore to a moment, there must be a base backup from before it and the
 * whole log since that one. The oldest moment promised is `dailyDays` ago, and the base before it up to 7 days older; up to
 * 14, if one weekly run failed. One day more, because the log begins where a base backup began and its object is written
 * when that ended: else the log would go first.
 */
export function continuousDays(retention: Retention): number {
  return retention.dailyDays + 2 * BASE_EVERY_DAYS + 1;
}

/** Days each tier is kept. Records of replication are read together with the daily backups they tell of. */
export function tierDays(retention: Retention): Record<Aging, number> {
  const continuous = continuousDays(retention);
  return {
    daily: retention.dailyDays,
    monthly: retention.monthlyMonths * MONTH_DAYS,
    annual: retention.annualYears * YEAR_DAYS,
    base: continuous,
    wal: continuous,
    replication: retention.dailyDays,
  };
}

/** One expiry rule a tier, the same for every object store. None for `files/`: see {@link FILES}. */
export function lifecycleRules(retention: Retention): LifecycleRule[] {
  const days = tierDays(retention);
  return AGING.map((tier) => ({ tier, prefix: tierPrefix(tier), expireDays: days[tier] }));
}

/**
 * Parts of a restic repository that are written once and that a lock can cover. Not `locks/`: restic deletes its own
 * locks, in every run. Not `index/`: a prune from outside writes it anew and deletes the old one; an index can be made
 * again from the packs (`restic rebuild-index`).
 */
const REPOSITORY_PARTS = ["data/", "snapshots/", "keys/", "config"] as const;

/** One lock rule a tier, four a repository. A lock never outlives its tier: it would stop the expiry. */
export function lockRules(copy: R2Copy, retention: Retention, repositories: Repository[]): LockRule[] {
  const days = tierDays(retention);
  const tiers = [...TIERS, ...CONTINUOUS].map((tier) => ({
    id: tier,
    prefix: tierPrefix(tier),
    lockDays: Math.min(copy.lockDays, days[tier]),
  }));
  const files = repositories.flatMap(({ host, job }) =>
    REPOSITORY_PARTS.map((part) => ({
      // Spaces, because a hyphen may be in a name: "a-b c" and "a b-c" are two jobs.
      id: [FILES, host, job, part.replace("/", "")].join(" "),
      prefix: `${prefix(FILES, host, job)}${part}`,
      lockDays: copy.lockDays,
    })),
  );
  return [...tiers, ...files];
}

/** Monthly and annual artifacts are seldom read; daily ones would not stay the 30 days that class bills at least. */
export function infrequentAccessRules(copy: R2Copy): InfrequentAccessRule[] {
  const tiers: Tier[] = ["monthly", "annual"];
  return tiers.map((tier) => ({ tier, prefix: tierPrefix(tier), afterDays: copy.infrequentAccessAfterDays }));
}

/** One lock over a whole bucket of uploads: R2 keeps no versions, so what is there must stay. */
export function uploadsLock({ lockDays }: { lockDays: number }): LockRule[] {
  return [{ id: "uploads", prefix: "", lockDays }];
}

/** The restic repositories that every copy has. */
export function repositories(hosts: Record<string, { jobs: Record<string, { kind: string }> }>): Repository[] {
  return Object.entries(hosts).flatMap(([host, { jobs }]) =>
    Object.entries(jobs)
      .filter(([, { kind }]) => kind === "files")
      .map(([job]) => ({ host, job })),
  );
}
