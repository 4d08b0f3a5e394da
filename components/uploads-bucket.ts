import * as pulumi from "@pulumi/pulumi";
import { uploadsLock } from "../plan/retention.js";
import type { UploadsPlace } from "../settings/schema.js";
import { r2Bucket } from "./r2-bucket.js";
import { spacesBucket, uploadsRules } from "./spaces-bucket.js";

/**
 * A bucket the shop itself writes uploads to: versioned at Spaces, locked at R2, which knows no versions. Nothing in it
 * expires. Its replica is another component.
 */
export class UploadsBucket extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;

  constructor(name: string, place: UploadsPlace, options?: pulumi.ComponentResourceOptions) {
    super("granary:uploads:Bucket", name, {}, options);
    const bucket =
      place.kind === "spaces"
        ? spacesBucket(name, place, uploadsRules(), this)
        : r2Bucket(name, place, { rules: [], locks: uploadsLock(place) }, this);
    this.bucket = bucket.name;
    this.registerOutputs({ bucket: this.bucket });
  }
}
