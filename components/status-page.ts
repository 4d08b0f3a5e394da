import * as pulumi from "@pulumi/pulumi";
import type { CopyAccess } from "../plan/job-env.js";
import type { Place } from "../settings/schema.js";
import { bucketKey } from "./bucket-key.js";
import { r2Bucket } from "./r2-bucket.js";
import { spacesBucket, uploadsRules } from "./spaces-bucket.js";

/**
 * A private bucket for the page of `granary status --publish`, and the key that writes it. One of its own, because keys are
 * for whole buckets: with one to a copy's, whoever publishes a page could delete backups.
 */
export class StatusPage extends pulumi.ComponentResource {
  /** Reads and writes this bucket, and nothing else; secret. */
  readonly access: pulumi.Output<CopyAccess>;

  constructor(name: string, place: Place, options?: pulumi.ComponentResourceOptions) {
    super("granary:status:Page", name, {}, options);
    const { name: bucket } =
      place.kind === "spaces"
        ? spacesBucket(name, place, uploadsRules(), this)
        : r2Bucket(name, place, { rules: [], locks: [] }, this);
    const key = { place, bucket, permission: "readwrite", label: "granary-status-page" } as const;
    this.access = bucketKey(`${name}-publisher`, key, this).access;
    this.registerOutputs({ bucket });
  }
}
