import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { FILES, tierPrefix } from "../plan/keys.js";
import { ABORT_MULTIPART_DAYS, lifecycleRules, NONCURRENT_DAYS } from "../plan/retention.js";
import type { CopyAccess } from "../plan/job-env.js";
import type { Retention, SpacesCopy as SpacesSettings } from "../settings/schema.js";
import type { CopyComponent, Grant, Grantee } from "./copy.js";

/**
 * A DigitalOcean Spaces bucket: private, versioned, each tier expired by the bucket itself.
 * Its keys may delete what they wrote, versions included; the copies that must survive the host are others.
 */
export class SpacesCopy extends pulumi.ComponentResource implements CopyComponent {
  readonly bucket: digitalocean.SpacesBucket;
  private readonly name: string;

  constructor(
    name: string,
    args: { copy: SpacesSettings; retention: Retention },
    options?: pulumi.ComponentResourceOptions,
  ) {
    super("granary:copies:Spaces", name, {}, options);
    this.name = name;
    this.bucket = new digitalocean.SpacesBucket(
      name,
      {
        name: args.copy.bucket,
        region: args.copy.region,
        acl: "private",
        versioning: { enabled: true },
        forceDestroy: false,
        lifecycleRules: bucketRules(args.retention),
      },
      // The provider renames a bucket in its state only; with this, and protection, a rename is refused instead.
      { parent: this, protect: true, replaceOnChanges: ["name"] },
    );
    this.registerOutputs({ bucket: this.bucket.name });
  }

  grant({ host, parent }: Grantee): Grant {
    return this.key(`${host}-to-${this.name}`, `granary-${host}`, parent);
  }

  maintenance(): pulumi.Output<CopyAccess> {
    return this.key(`maintenance-of-${this.name}`, "granary-maintenance", this).access;
  }

  /** A key to this bucket's objects; it cannot touch the bucket or its rules. */
  private key(name: string, label: string, parent: pulumi.Resource): Grant {
    const key = new digitalocean.SpacesKey(
      name,
      { name: label, grants: [{ bucket: this.bucket.name, permission: "readwrite" }] },
      { parent, additionalSecretOutputs: ["secretKey"] },
    );
    const access = pulumi
      .all([key.accessKey, key.secretKey])
      .apply(([accessKeyId, secretAccessKey]) => ({ kind: "s3" as const, accessKeyId, secretAccessKey }));
    return { access: pulumi.secret(access), ready: [key] };
  }
}

/**
 * The provider takes one kind of expiration a rule, so delete markers have a rule of their own. What lies in a restic
 * repository never expires, but what restic deletes there goes in the end: its locks, and what it pruned.
 */
function bucketRules(retention: Retention): digitalocean.types.input.SpacesBucketLifecycleRule[] {
  const common = {
    enabled: true,
    noncurrentVersionExpiration: { days: NONCURRENT_DAYS },
    abortIncompleteMultipartUploadDays: ABORT_MULTIPART_DAYS,
  };
  const tiers = lifecycleRules(retention).map((rule) => ({
    ...common,
    id: rule.tier,
    prefix: rule.prefix,
    expiration: { days: rule.expireDays },
  }));
  return [
    ...tiers,
    { ...common, id: FILES, prefix: tierPrefix(FILES) },
    { id: "delete-markers", enabled: true, expiration: { expiredObjectDeleteMarker: true } },
  ];
}
