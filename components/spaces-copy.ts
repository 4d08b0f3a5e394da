import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { ABORT_MULTIPART_DAYS, lifecycleRules, NONCURRENT_DAYS } from "../plan/retention.js";
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
    const key = new digitalocean.SpacesKey(
      `${host}-to-${this.name}`,
      { name: `granary-${host}`, grants: [{ bucket: this.bucket.name, permission: "readwrite" }] },
      { parent, additionalSecretOutputs: ["secretKey"] },
    );
    const access = pulumi
      .all([key.accessKey, key.secretKey])
      .apply(([accessKeyId, secretAccessKey]) => ({ kind: "s3" as const, accessKeyId, secretAccessKey }));
    return { access: pulumi.secret(access), ready: [key] };
  }
}

/** The provider takes one kind of expiration a rule, so delete markers have a rule of their own. */
function bucketRules(retention: Retention): digitalocean.types.input.SpacesBucketLifecycleRule[] {
  const tiers = lifecycleRules(retention).map((rule) => ({
    id: rule.tier,
    enabled: true,
    prefix: rule.prefix,
    expiration: { days: rule.expireDays },
    noncurrentVersionExpiration: { days: NONCURRENT_DAYS },
    abortIncompleteMultipartUploadDays: ABORT_MULTIPART_DAYS,
  }));
  return [...tiers, { id: "delete-markers", enabled: true, expiration: { expiredObjectDeleteMarker: true } }];
}
