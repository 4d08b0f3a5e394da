import type * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { ofGeneration } from "../plan/generations.js";
import type { CopyAccess } from "../plan/job-env.js";
import type { Retention, SpacesCopy as SpacesSettings } from "../settings/schema.js";
import { bucketKey, ofGenerations, type Permission } from "./bucket-key.js";
import type { CopyComponent, Grant, Grantee } from "./copy.js";
import { backupRules, spacesBucket } from "./spaces-bucket.js";

/**
 * A DigitalOcean Spaces bucket: private, versioned, each tier expired by the bucket itself.
 * Its keys may delete what they wrote, versions included; the copies that must survive the host are others.
 */
export class SpacesCopy extends pulumi.ComponentResource implements CopyComponent {
  readonly bucket: digitalocean.SpacesBucket;
  private readonly copy: SpacesSettings;
  private readonly name: string;

  constructor(
    name: string,
    args: { copy: SpacesSettings; retention: Retention },
    options?: pulumi.ComponentResourceOptions,
  ) {
    super("granary:copies:Spaces", name, {}, options);
    this.copy = args.copy;
    this.name = name;
    this.bucket = spacesBucket(name, args.copy, backupRules(args.retention), this);
    this.registerOutputs({ bucket: this.bucket.name });
  }

  get bucketName(): pulumi.Output<string> {
    return this.bucket.name;
  }

  grant({ host, generations, parent }: Grantee): Grant {
    return ofGenerations(generations, (generation) =>
      this.key(ofGeneration(`${host}-to-${this.name}`, generation), `granary-${host}`, "readwrite", parent),
    );
  }

  maintenance(): pulumi.Output<CopyAccess> {
    return this.key(`maintenance-of-${this.name}`, "granary-maintenance", "readwrite", this).access;
  }

  reader(): pulumi.Output<CopyAccess> {
    return this.key(`reader-of-${this.name}`, "granary-reader", "read", this).access;
  }

  private key(name: string, label: string, permission: Permission, parent: pulumi.Resource): Grant {
    const key = { place: this.copy, bucket: this.bucket.name, permission, label };
    return bucketKey(name, key, parent);
  }
}
