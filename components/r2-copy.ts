import { createHash } from "node:crypto";
import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import {
  ABORT_MULTIPART_DAYS,
  infrequentAccessRules,
  lifecycleRules,
  lockRules,
  type LockRule,
  type Repository,
} from "../plan/retention.js";
import type { CopyAccess } from "../plan/job-env.js";
import type { R2Copy as R2Settings, Retention } from "../settings/schema.js";
import type { CopyComponent, Grant, Grantee } from "./copy.js";

const DAY_SECONDS = 86_400;
const WRITE_GROUP = "Workers R2 Storage Bucket Item Write";

/**
 * A Cloudflare R2 bucket: a lock forbids overwriting and deleting for a time, whoever holds a host's token;
 * lifecycle rules expire each tier and move the long-lived ones to the Infrequent Access class.
 */
export class R2Copy extends pulumi.ComponentResource implements CopyComponent {
  readonly bucket: cloudflare.R2Bucket;
  private readonly copy: R2Settings;
  private readonly name: string;

  constructor(
    name: string,
    args: { copy: R2Settings; retention: Retention; repositories: Repository[] },
    options?: pulumi.ComponentResourceOptions,
  ) {
    super("granary:copies:R2", name, {}, options);
    this.copy = args.copy;
    this.name = name;
    const { accountId, jurisdiction } = args.copy;
    this.bucket = new cloudflare.R2Bucket(
      name,
      { accountId, name: args.copy.bucket, location: args.copy.location, jurisdiction, storageClass: "Standard" },
      // The provider ignores or mishandles a change of these; with this, and protection, it is refused instead.
      { parent: this, protect: true, replaceOnChanges: ["name", "jurisdiction", "location"] },
    );
    const bucket = { accountId, bucketName: this.bucket.name, jurisdiction };
    const rules = { parent: this, protect: true };
    const locks = lockRules(args.copy, args.retention, args.repositories);
    new cloudflare.R2BucketLifecycle(name, { ...bucket, rules: bucketRules(args.copy, args.retention) }, rules);
    new cloudflare.R2BucketLock(name, { ...bucket, rules: bucketLocks(locks) }, rules);
    this.registerOutputs({ bucket: this.bucket.name });
  }

  grant({ host, parent }: Grantee): Grant {
    return this.token(`${host}-to-${this.name}`, `granary-${host}`, parent);
  }

  maintenance(): pulumi.Output<CopyAccess> {
    return this.token(`maintenance-of-${this.name}`, "granary-maintenance", this).access;
  }

  /** A token that reads, writes and deletes objects of this bucket, where no lock is in the way. */
  private token(name: string, label: string, parent: pulumi.Resource): Grant {
    const { accountId, jurisdiction } = this.copy;
    const groups = cloudflare.getAccountApiTokenPermissionGroupsListOutput({ accountId }, { parent });
    const resource = this.bucket.name.apply((bucket) => resourceName(accountId, jurisdiction, bucket));
    const token = new cloudflare.AccountToken(
      name,
      {
        accountId,
        name: label,
        policies: [
          {
            effect: "allow",
            permissionGroups: [{ id: groups.results.apply((results) => idOf(WRITE_GROUP, results)) }],
            resources: resource.apply((key) => JSON.stringify({ [key]: "*" })),
          },
        ],
      },
      { parent, additionalSecretOutputs: ["value"] },
    );
    const access = pulumi.all([token.id, token.value]).apply(([id, value]) => ({
      kind: "s3" as const,
      accessKeyId: id,
      // Cloudflare derives the S3 secret from the token: the SHA-256 of its value, in hexadecimal.
      secretAccessKey: createHash("sha256").update(value).digest("hex"),
    }));
    return { access: pulumi.secret(access), ready: [token] };
  }
}

function resourceName(accountId: string, jurisdiction: string, bucket: string): string {
  return `com.cloudflare.edge.r2.bucket.${accountId}_${jurisdiction}_${bucket}`;
}

function idOf(name: string, groups: { id: string; name: string }[]): string {
  const group = groups.find((candidate) => candidate.name === name);
  if (group) return group.id;
  throw new Error(`cloudflare offers no permission group "${name}": check that R2 is enabled for the account`);
}

/** `maxAge` is in seconds. */
function bucketRules(copy: R2Settings, retention: Retention): cloudflare.types.input.R2BucketLifecycleRule[] {
  const age = (days: number) => ({ type: "Age", maxAge: days * DAY_SECONDS });
  return [
    ...lifecycleRules(retention).map((rule) => ({
      id: rule.tier,
      enabled: true,
      conditions: { prefix: rule.prefix },
      deleteObjectsTransition: { condition: age(rule.expireDays) },
    })),
    ...infrequentAccessRules(copy).map((rule) => ({
      id: `${rule.tier}-infrequent-access`,
      enabled: true,
      conditions: { prefix: rule.prefix },
      storageClassTransitions: [{ storageClass: "InfrequentAccess", condition: age(rule.afterDays) }],
    })),
    {
      id: "abort-multipart",
      enabled: true,
      conditions: { prefix: "" },
      abortMultipartUploadsTransition: { condition: age(ABORT_MULTIPART_DAYS) },
    },
  ];
}

function bucketLocks(rules: LockRule[]): cloudflare.types.input.R2BucketLockRule[] {
  return rules.map(({ id, prefix, lockDays }) => ({
    id,
    enabled: true,
    prefix,
    condition: { type: "Age", maxAgeSeconds: lockDays * DAY_SECONDS },
  }));
}
