import { z } from "zod";
import { R2_JURISDICTIONS, R2_LOCATIONS } from "../places.js";
import { oneOf, strict, text, whole } from "../strict.js";
import { bucketSchema, endpointSchema } from "./bucket.js";
import { r2ReplicaSchema, type R2Replica } from "./replica.js";

/** A bucket at Cloudflare R2, locked against overwriting and deletion. */
export interface R2Copy {
  kind: "r2";
  /** Cloudflare account, 32 hexadecimal digits. */
  accountId: string;
  bucket: string;
  /** Where Cloudflare should put the bucket. Default "weur". Cannot be changed once the bucket exists. */
  location: (typeof R2_LOCATIONS)[number];
  /** Default "default". Cannot be changed once the bucket exists. */
  jurisdiction: (typeof R2_JURISDICTIONS)[number];
  /** Days an object can be neither overwritten nor deleted. Default 30; never longer than any tier is kept. */
  lockDays: number;
  /** Days after which monthly and annual artifacts move to the InfrequentAccess class. Default 30. */
  infrequentAccessAfterDays: number;
  /** Default: Cloudflare's endpoint of the account and jurisdiction; another one only for a rehearsal. */
  endpoint?: string;
  /** A second bucket that a timer fills from this one; locked as this one. Default: none. */
  replica?: R2Replica;
}

/** A Cloudflare account. */
export const accountSchema = text(
  /^[0-9a-f]{32}$/,
  "use the Cloudflare account's id: 32 hexadecimal digits, in the dashboard's address",
);

export const r2Schema = strict("an r2 copy", {
  kind: z.literal("r2"),
  accountId: accountSchema,
  bucket: bucketSchema,
  location: oneOf("an R2 location", R2_LOCATIONS).default("weur"),
  jurisdiction: oneOf("an R2 jurisdiction", R2_JURISDICTIONS).default("default"),
  lockDays: whole("days", 1, 3650).default(30),
  infrequentAccessAfterDays: whole("days", 1, 3650).default(30),
  endpoint: endpointSchema.exactOptional(),
  replica: r2ReplicaSchema.exactOptional(),
});
