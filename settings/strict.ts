import { z } from "zod";
import { looksSecret } from "./errors.js";

/** A map that refuses keys it does not know, and names those it does. */
export function strict<S extends z.core.$ZodLooseShape>(what: string, shape: S) {
  const keys = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === "unrecognized_keys" ? `unknown setting; ${what} has: ${keys}` : `give ${what} as a map of: ${keys}`,
  });
}

/** A map from names, which must fit the pattern, to values. */
export function named<V extends z.core.SomeType>(what: string, pattern: RegExp, rule: string, value: V) {
  return z.record(z.string().regex(pattern), value, {
    error: ({ code }) =>
      code === "invalid_key" ? `bad name; use ${rule}` : `give ${what} as a map from names to settings`,
  });
}

/** Text that fits a pattern and is no private key; the remedy says what to write. */
export function text(pattern: RegExp, remedy: string) {
  return z
    .string({ error: remedy })
    .regex(pattern, { error: remedy })
    .refine((value) => !looksSecret(value), { error: `this is a secret: treat it as leaked and remove it; ${remedy}` });
}

/** One of a list. */
export function oneOf<const T extends readonly string[]>(what: string, values: T) {
  return z.enum(values, { error: `use ${what}: ${values.join(", ")}` });
}

/** A whole number from `min` to `max`. */
export function whole(unit: string, min: number, max: number) {
  const error = `use a whole number of ${unit} from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}
