import { z } from "zod";
import type { Place } from "./copies/place.js";
import { strict } from "./strict.js";
import { r2PlaceShape, spacesShape } from "./uploads.js";

/** A private bucket of its own for the page of `granary status --publish`: who may write there reaches no backup. */
export const statusPageSchema: z.ZodType<Place> = z.discriminatedUnion(
  "kind",
  [strict("the status page at spaces", spacesShape), strict("the status page at r2", r2PlaceShape)],
  { error: "use kind: spaces or r2" },
);
