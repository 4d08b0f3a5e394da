import type { z } from "zod";
import { named, oneOf, strict, whole } from "./strict.js";

/**
 * Where the replacing of a host's credentials stands: `made`, both exist and the host has the old ones; `used`, both exist
 * and the host has the new ones; `alone`, only the new ones exist, and the old ones are tried in vain.
 */
export const STAGES = ["made", "used", "alone"] as const;
export type Stage = (typeof STAGES)[number];

/** Which credentials a host has: written by `granary rotate`, and taken up by it after an interruption. */
export interface Credentials {
  /** Counted from 1, which is what a host has that the settings say nothing of. */
  generation: number;
  /** Only while the ones before it are replaced. */
  stage?: Stage;
}

/** By host. */
export const credentialsSchema: z.ZodType<Record<string, Credentials>> = named(
  "credentials, which is `granary rotate`'s own,",
  /^[a-z][a-z0-9-]{0,30}$/,
  "the name of a host",
  strict("credentials of a host", {
    generation: whole("generations", 2, 9999),
    stage: oneOf("a stage", STAGES).exactOptional(),
  }),
);
