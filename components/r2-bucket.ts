import * as cloudflare from "@pulumi/cloudflare";
import type * as pulumi from "@pulumi/pulumi";
import { OWN, recordsPrefix } from "../plan/keys.js";
import { ABORT_MULTIPART_DAYS, infrequentAccessRules, lifecycleRules, type LockRule } from "../plan/retention.js";
import type { R2Copy, R2Place, Retention } from "../settings/schema.js";

type Rules = cloudflare.types.input.R2BucketLifecycleRule[];

const DAY_SECONDS = 86_400;

/** A bucket at Cloudflare R2 with its rules and its lock, if there is to be one, all protected. */
export function r2Bucket(
  name: string,
  { accountId, bucket: bucketName, location, jurisdiction }: R2Place,
  { rules, locks }: { rules: Rules; locks: LockRule[] },
  parent: pulumi.Resource,
): cloudflare.R2Bucket {
  const bucket = new cloudflare.R2Bucket(
    name,
    { accountId, name: bucketName, location, jurisdiction, storageClass: "Standard" },
    // The provider ignores or mishandles a change of these; with this, and protection, it is refused instead.
    { parent, protect: true, replaceOnChanges: ["name", "jurisdiction", "location"] },
  );
  const of = { accountId, bucketName: bucket.name, jurisdiction };
  const options = { parent, protect: true };
  new cloudflare.R2BucketLifecycle(name, { ...of, rules: [...rules, ABORT_MULTIPART] }, options);
  if (locks.length > 0) new cloudflare.R2BucketLock(name, { ...of, rules: bucketLocks(locks) }, options);
  return bucket;
}

/** `maxAge` is in seconds. */
const age = (days: number) => ({ type: "Age", maxAge: days * DAY_SECONDS });

/** Rules that are set replace a new bucket's own, which says this. */
const ABORT_MULTIPART = {
  id: "abort-multipart",
  enabled: true,
  conditions: { prefix: "" },
  abortMultipartUploadsTransition: { condition: age(ABORT_MULTIPART_DAYS) },
};

/** Backups: each tier expires, and the long-lived ones become cheaper. */
export function backupRules(copy: R2Copy, retention: Retention): Rules {
  return [
    ...lifecycleRules(retention).map((rule) => expiry(rule.tier, rule.prefix, rule.expireDays)),
    ...infrequentAccessRules(copy).map((rule) => ({
      id: `${rule.tier}-infrequent-access`,
      enabled: true,
      conditions: { prefix: rule.prefix },
      storageClassTransitions: [{ storageClass: "InfrequentAccess", condition: age(rule.afterDays) }],
    })),
  ];
}

/** A replica of uploads expires nothing but its own records, and these not before the lock lets go of them. */
export function uploadsReplicaRules(from: string, lockDays: number, retention: Retention): Rules {
  return [expiry("records", `${OWN}/${recordsPrefix(from)}/`, Math.max(retention.dailyDays, lockDays))];
}

function expiry(id: string, prefix: string, days: number) {
  return { id, enabled: true, conditions: { prefix }, deleteObjectsTransition: { condition: age(days) } };
}

function bucketLocks(rules: LockRule[]): cloudflare.types.input.R2BucketLockRule[] {
  return rules.map(({ id, prefix, lockDays }) => ({
    id,
    enabled: true,
    prefix,
    condition: { type: "Age", maxAgeSeconds: lockDays * DAY_SECONDS },
  }));
}
