import { z } from "zod";
import { addressSchema } from "./address.js";
import { strict, text } from "./strict.js";

/** A recovery that goes on: written and taken away by `granary recover`, so that it can be taken up after an interruption. */
export interface Recovery {
  /** The host that is brought back. */
  host: string;
  /** When it was begun, e.g. "2026-11-23T18:00:00Z". */
  since: string;
  /** Where the shop's name goes on pointing until customers can buy again. */
  dns: string;
  /** Whether they can: the name may go to the new server. */
  sells: boolean;
  /** Into a clean room: nothing younger than this is brought back. Absent: the server was lost, and not broken into. */
  before?: string;
}

const time = text(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, "use a time such as 2026-11-23T18:00:00Z");

export const recoverySchema = strict("recovery, which is `granary recover`'s own,", {
  host: z.string({ error: "use the name of a host" }),
  since: time,
  dns: addressSchema,
  sells: z.boolean({ error: "use true or false" }),
  before: time.exactOptional(),
});
