import { z } from "zod";
import { bucketSchema, endpointSchema } from "./copies/bucket.js";
import type { R2Place, SpacesPlace } from "./copies/place.js";
import { runShape, type ReplicaRun } from "./copies/replica.js";
import { accountSchema } from "./copies/r2.js";
import { R2_JURISDICTIONS, R2_LOCATIONS, SPACES_REGIONS } from "./places.js";
import { named, oneOf, strict, whole } from "./strict.js";

/** A bucket of uploads at DigitalOcean: versioned. */
export type SpacesUploads = SpacesPlace;

/** A bucket of uploads at Cloudflare: locked, for it knows no versions. */
export interface R2Uploads extends R2Place {
  /** Days an object can be neither overwritten nor deleted, by the shop either. Default 30. */
  lockDays: number;
}

export type UploadsPlace = SpacesUploads | R2Uploads;

/** A bucket the shop itself writes uploads to, and the replica that keeps them. */
export type UploadsBucket = UploadsPlace & {
  /** Whether the program makes the bucket. Default true; false: it is there already and stays as it is. */
  create: boolean;
  /** In another region, or at another company. */
  replica: UploadsPlace & ReplicaRun;
};

/** What says where a bucket is. */
export const spacesShape = {
  kind: z.literal("spaces"),
  region: oneOf("a Spaces region", Object.keys(SPACES_REGIONS)),
  bucket: bucketSchema,
  endpoint: endpointSchema.exactOptional(),
};

export const r2PlaceShape = {
  kind: z.literal("r2"),
  accountId: accountSchema,
  bucket: bucketSchema,
  location: oneOf("an R2 location", R2_LOCATIONS).default("weur"),
  jurisdiction: oneOf("an R2 jurisdiction", R2_JURISDICTIONS).default("default"),
  endpoint: endpointSchema.exactOptional(),
};

const r2Shape = { ...r2PlaceShape, lockDays: whole("days", 1, 3650).default(30) };

const KINDS = { error: "use kind: spaces or r2" };

/** Between the nightly jobs and the replicas of copies. */
const run = runShape("03:40");

const replicaSchema = z.discriminatedUnion(
  "kind",
  [strict("a replica at spaces", { ...spacesShape, ...run }), strict("a replica at r2", { ...r2Shape, ...run })],
  KINDS,
);

const source = { create: z.boolean({ error: "use true or false" }).default(true), replica: replicaSchema };

/** The name becomes part of a job's name and of rclone's environment variables. */
export const uploadsSchema: z.ZodType<Record<string, UploadsBucket>> = named(
  "uploads",
  /^(?!(local|replica)$)[a-z][a-z0-9]{0,19}$/,
  "1-20 lower-case letters and digits, a letter first, and not local or replica",
  z.discriminatedUnion(
    "kind",
    [
      strict("a bucket of uploads at spaces", { ...spacesShape, ...source }),
      strict("a bucket of uploads at r2", { ...r2Shape, ...source }),
    ],
    KINDS,
  ),
);
