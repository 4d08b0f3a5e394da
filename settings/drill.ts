import { z } from "zod";
import { serverSchema, type ServerSpec } from "./hosts.js";
import { strict } from "./strict.js";

/** The monthly test that the shop comes back: `granary drill`. */
export interface Drill {
  /** The staging server, made for the drill at Hetzner. Defaults as for a host's: cx23, nbg1, debian-12. */
  server: ServerSpec;
  /** Whether the staging server is left standing, wiped before the next drill. A server is billed, on or off. Default false. */
  keep: boolean;
  /** Buckets that are read from, one a drill, in turn. Default: every bucket of `copies`, in their order. */
  copyOrder?: string[];
}

const ORDER = "use a list of names of copies that are buckets, in the order to be tested";

export const drillSchema = strict("drill", {
  server: serverSchema.prefault({}),
  keep: z.boolean({ error: "use true or false" }).default(false),
  copyOrder: z
    .array(z.string({ error: ORDER }), { error: ORDER })
    .min(1, { error: ORDER })
    .exactOptional(),
});
