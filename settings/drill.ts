import { z } from "zod";
import { serverSchema, type ServerSpec } from "./hosts.js";
import { named, strict, text } from "./strict.js";

/** The monthly test that the shop comes back: `granary drill`. */
export interface Drill {
  /** The staging server, made for the drill at Hetzner. Defaults as for a host's: cx23, nbg1, debian-12. */
  server: ServerSpec;
  /** Whether the staging server is left standing, wiped before the next drill. A server is billed, on or off. Default false. */
  keep: boolean;
  /** Buckets that are read from, one a drill, in turn. Default: every bucket of `copies`, in their order. */
  copyOrder?: string[];
  /** Image that the database of a job runs in, by job. Default: the vendor's, of the major version in the backup. */
  images: Record<string, string>;
}

const ORDER = "use a list of names of copies that are buckets, in the order to be tested";

const image = text(/^[a-z0-9][A-Za-z0-9._:/@-]{0,250}$/, "use an image as `docker pull` takes it, e.g. postgres:16");

export const drillSchema = strict("drill", {
  server: serverSchema.prefault({}),
  keep: z.boolean({ error: "use true or false" }).default(false),
  images: named("images", /^[a-z][a-z0-9-]{0,30}$/, "the name of a job", image).default({}),
  copyOrder: z
    .array(z.string({ error: ORDER }), { error: ORDER })
    .min(1, { error: ORDER })
    .exactOptional(),
});
