import * as digitalocean from "@pulumi/digitalocean";
import type * as pulumi from "@pulumi/pulumi";
import { FILES, OWN, recordsPrefix, tierPrefix } from "../plan/keys.js";
import { ABORT_MULTIPART_DAYS, lifecycleRules, NONCURRENT_DAYS } from "../plan/retention.js";
import type { Retention, SpacesPlace } from "../settings/schema.js";

type Rules = digitalocean.types.input.SpacesBucketLifecycleRule[];

/** A bucket at DigitalOcean Spaces: private, versioned, protected, with rules for what it holds. */
export function spacesBucket(
  name: string,
  { bucket, region }: SpacesPlace,
  lifecycleRules: Rules,
  parent: pulumi.Resource,
): digitalocean.SpacesBucket {
  return new digitalocean.SpacesBucket(
    name,
    { name: bucket, region, acl: "private", versioning: { enabled: true }, forceDestroy: false, lifecycleRules },
    // The provider renames a bucket in its state only; with this, and protection, a rename is refused instead.
    { parent, protect: true, replaceOnChanges: ["name"] },
  );
}

const COMMON = {
  enabled: true,
  noncurrentVersionExpiration: { days: NONCURRENT_DAYS },
  abortIncompleteMultipartUploadDays: ABORT_MULTIPART_DAYS,
};

/** The provider takes one kind of expiration a rule, so delete markers have a rule of their own. */
const DELETE_MARKERS = { id: "delete-markers", enabled: true, expiration: { expiredObjectDeleteMarker: true } };

/**
 * Backups: each tier expires. What lies in a restic repository never does, but what restic deletes there goes in the end:
 * its locks, and what it pruned.
 */
export function backupRules(retention: Retention): Rules {
  const tiers = lifecycleRules(retention).map((rule) => ({
    ...COMMON,
    id: rule.tier,
    prefix: rule.prefix,
    expiration: { days: rule.expireDays },
  }));
  return [...tiers, { ...COMMON, id: FILES, prefix: tierPrefix(FILES) }, DELETE_MARKERS];
}

/** Uploads: nothing expires; a version that was overwritten or deleted can be brought back for 30 days. */
export function uploadsRules(): Rules {
  return [{ ...COMMON, id: "uploads" }, DELETE_MARKERS];
}

/** A replica of uploads has records of its own, which go as those of backups do. */
export function uploadsReplicaRules(from: string, retention: Retention): Rules {
  const records = { id: "records", enabled: true, prefix: `${OWN}/${recordsPrefix(from)}/` };
  return [...uploadsRules(), { ...records, expiration: { days: retention.dailyDays } }];
}
