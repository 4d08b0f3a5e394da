import { z } from "zod";
import { strict } from "../strict.js";

/** A bucket at DigitalOcean Spaces. */
export interface SpacesCopy {
  kind: "spaces";
  /** Spaces region, e.g. "fra1". */
  region: string;
  bucket: string;
  /** Default `https://<region>.digitaloceanspaces.com`; another one only for a rehearsal. */
  endpoint?: string;
}

export const spacesSchema = strict("a spaces copy", {
  kind: z.literal("spaces"),
  region: z.string(),
  bucket: z.string(),
  endpoint: z.string().exactOptional(),
});
