import type { R2Copy, Retention } from "../settings/schema.js";
import { tierPrefix, TIERS, type Tier } from "./keys.js";

/** Days after which an unfinished multipart upload is dropped. Our rules replace a new R2 bucket's own, which says 7. */
export const ABORT_MULTIPART_DAYS = 7;

/** Days a version stays after it was deleted or overwritten; without this a versioned bucket grows for ever. */
export const NONCURRENT_DAYS = 30;

/** Deletes what is in a tier when its time is over. */
export interface LifecycleRule {
  tier: Tier;
  /** `daily/` */
  prefix: string;
  expireDays: number;
}

/** Forbids overwriting and deleting in a tier for a time. */
export interface LockRule {
  tier: Tier;
  prefix: string;
  lockDays: number;
}

/** Moves a tier to the cheaper class. */
export interface InfrequentAccessRule {
  tier: Tier;
  prefix: string;
  afterDays: number;
}

/** Days the longest month, and the longest year, have: expiry errs on the side of keeping. */
const MONTH_DAYS = 31;
const YEAR_DAYS = 366;

/** Days each tier is kept. */
export function tierDays(retention: Retention): Record<Tier, number> {
  return {
    daily: retention.dailyDays,
    monthly: retention.monthlyMonths * MONTH_DAYS,
    annual: retention.annualYears * YEAR_DAYS,
  };
}

/** One expiry rule a tier, the same for every object store. */
export function lifecycleRules(retention: Retention): LifecycleRule[] {
  const days = tierDays(retention);
  return TIERS.map((tier) => ({ tier, prefix: tierPrefix(tier), expireDays: days[tier] }));
}

/** One lock rule a tier. */
export function lockRules(copy: R2Copy): LockRule[] {
  return TIERS.map((tier) => ({ tier, prefix: tierPrefix(tier), lockDays: copy.lockDays }));
}

/** Monthly and annual artifacts are seldom read; daily ones would not stay the 30 days that class bills at least. */
export function infrequentAccessRules(copy: R2Copy): InfrequentAccessRule[] {
  const tiers: Tier[] = ["monthly", "annual"];
  return tiers.map((tier) => ({ tier, prefix: tierPrefix(tier), afterDays: copy.infrequentAccessAfterDays }));
}
