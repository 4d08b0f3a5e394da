import { z } from "zod";
import { strict, text } from "../strict.js";
import { containerSchema } from "./container.js";

/** A cache, e.g. Redis: named so that everyone sees that it was thought of, and left out on purpose. */
export interface CacheJob {
  kind: "cache";
  /** Docker container it runs in. */
  container?: string;
  /** Why nothing is lost with it. Default "a cache fills again by itself". */
  reason: string;
}

export const cacheSchema = strict("a cache", {
  kind: z.literal("cache"),
  container: containerSchema.exactOptional(),
  reason: text(/^[^\r\n]{1,200}$/, "say in one line why nothing is lost with it").default(
    "a cache fills again by itself",
  ),
});
