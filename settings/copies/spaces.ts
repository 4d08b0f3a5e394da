import { z } from "zod";
import { SPACES_REGIONS } from "../places.js";
import { oneOf, strict } from "../strict.js";
import { bucketSchema, endpointSchema } from "./bucket.js";
import { spacesReplicaSchema, type SpacesReplica } from "./replica.js";

/** A bucket at DigitalOcean Spaces. */
export interface SpacesCopy {
  kind: "spaces";
  /** Spaces region, e.g. "fra1". */
  region: string;
  /** A deleted bucket's name is blocked for about a week. */
  bucket: string;
  /** Default `https://<region>.digitaloceanspaces.com`; another one only for a rehearsal. */
  endpoint?: string;
  /** A second bucket that a timer fills from this one. Default: none. */
  replica?: SpacesReplica;
}

export const spacesSchema = strict("a spaces copy", {
  kind: z.literal("spaces"),
  region: oneOf("a Spaces region", Object.keys(SPACES_REGIONS)),
  bucket: bucketSchema,
  endpoint: endpointSchema.exactOptional(),
  replica: spacesReplicaSchema.exactOptional(),
});
