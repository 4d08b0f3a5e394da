import { z } from "zod";
import { oneOf, strict, text, whole } from "../strict.js";
import { bucketSchema, endpointSchema } from "./bucket.js";

/** R2's location hints. */
export const R2_LOCATIONS = ["weur", "eeur", "wnam", "enam", "apac", "oc"] as const;
/** R2's jurisdictions: a guarantee of where data stays, where a location is a hint. */
export const R2_JURISDICTIONS = ["default", "eu", "fedramp"] as const;

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
}

export const r2Schema = strict("an r2 copy", {
  kind: z.literal("r2"),
  accountId: text(
    /^[0-9a-f]{32}$/,
    "use the Cloudflare account's id: 32 hexadecimal digits, in the dashboard's address",
  ),
  bucket: bucketSchema,
  location: oneOf("an R2 location", R2_LOCATIONS).default("weur"),
  jurisdiction: oneOf("an R2 jurisdiction", R2_JURISDICTIONS).default("default"),
  lockDays: whole("days", 1, 3650).default(30),
  infrequentAccessAfterDays: whole("days", 1, 3650).default(30),
  endpoint: endpointSchema.exactOptional(),
});
