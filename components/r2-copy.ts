import type * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { ofGeneration } from "../plan/generations.js";
import type { CopyAccess } from "../plan/job-env.js";
import { lockRules, type Repository } from "../plan/retention.js";
import type { R2Copy as R2Settings, Retention } from "../settings/schema.js";
import { bucketKey, ofGenerations, type Permission } from "./bucket-key.js";
import type { CopyComponent, Grant, Grantee } from "./copy.js";
import { backupRules, r2Bucket } from "./r2-bucket.js";

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
    args: { copy: R2Settings; retention: Retention; repositories?: Repository[] },
    options?: pulumi.ComponentResourceOptions,
  ) {
    super("granary:copies:R2", name, {}, options);
    this.copy = args.copy;
    this.name = name;
    const rules = backupRules(args.copy, args.retention);
    const locks = lockRules(args.copy, args.retention, args.repositories ?? []);
    this.bucket = r2Bucket(name, args.copy, { rules, locks }, this);
    this.registerOutputs({ bucket: this.bucket.name });
  }

  get bucketName(): pulumi.Output<string> {
    return this.bucket.name;
  }

  grant({ host, generations, parent }: Grantee): Grant {
    return ofGenerations(generations, (generation) =>
      this.token(ofGeneration(`${host}-to-${this.name}`, generation), `granary-${host}`, "readwrite", parent),
    );
  }

  maintenance(): pulumi.Output<CopyAccess> {
    return this.token(`maintenance-of-${this.name}`, "granary-maintenance", "readwrite", this).access;
  }

  reader(): pulumi.Output<CopyAccess> {
    return this.token(`reader-of-${this.name}`, "granary-reader", "read", this).access;
  }

  private token(name: string, label: string, permission: Permission, parent: pulumi.Resource): Grant {
    const key = { place: this.copy, bucket: this.bucket.name, permission, label };
    return bucketKey(name, key, parent);
  }
}
