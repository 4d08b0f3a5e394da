import { z } from "zod";

/** A zod object that refuses keys it does not know. */
export function strict<S extends z.core.$ZodLooseShape>(what: string, shape: S) {
  return z.strictObject(shape, { error: what });
}
