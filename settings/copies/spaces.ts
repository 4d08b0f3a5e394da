import { z } from "zod";
import { SPACES_REGIONS } from "../places.js";
import { oneOf, strict } from "../strict.js";
import { bucketSchema, endpointSchema } from "./bucket.js";

/** A bucket at DigitalOcean Spaces. */
export interface SpacesCopy {
  kind: "spaces";
  /** Spaces region, e.g. "fra1". */
  region: string;
  /** A deleted bucket's name is blocked for about a week. */
  bucket: string;
  /** Default `https://<region>.digitaloceanspaces.com`; another one only for a rehearsal. */
  endpoint?: string;
}

export const spacesSchema = strict("a spaces copy", {
  kind: z.literal("spaces"),
  region: oneOf("a Spaces region", Object.keys(SPACES_REGIONS)),
  bucket: bucketSchema,
  endpoint: endpointSchema.exactOptional(),
});
