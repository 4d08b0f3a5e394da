import { z } from "zod";
import { HETZNER_LOCATIONS } from "./places.js";
import { addressSchema } from "./address.js";
import { appSchema, type App } from "./app.js";
import { COUNTRIES } from "./countries.js";
import { hostKeySchema } from "./host-key.js";
import { jobSchema, type Job } from "./jobs/job.js";
import { named, oneOf, strict, text, whole } from "./strict.js";

interface AnyHost {
  /** What is backed up, by name; at least one, unless the host fills a replica. */
  jobs: Record<string, Job>;
  /** Default 22, and always 22 on a server the program makes. The program logs in as root. */
  sshPort: number;
  /** Who runs the machine, e.g. "hetzner": decides what counts as off-site. */
  provider: string;
  /** ISO 3166-1 alpha-2, e.g. "DE": decides what counts as off-site. */
  country: string;
  /** The shop there, as its customers see it; absent: nothing is known of it. */
  app?: App;
}

/** A server that exists already. */
export interface AddressedHost extends AnyHost {
  /** IP address or DNS name. */
  address: string;
  /** The server's public SSH key, `<type> <base64>`: connections to any other key are refused. */
  hostKey: string;
}

/** A server the program makes at Hetzner; its provider and country follow from that. */
export interface CreatedHost extends AnyHost {
  server: ServerSpec;
}

export interface ServerSpec {
  /** Hetzner server type. Default "cx23". */
  type: string;
  /** Hetzner location. Default "nbg1". */
  location: string;
  /** Default "debian-12". */
  image: string;
  /** Whether Hetzner keeps seven daily images of the whole disk, for a fifth of the server's price. Default: none are kept. */
  backups?: boolean;
}

/** A server that owns data. Tell the two apart with `"server" in host`. */
export type Host = AddressedHost | CreatedHost;

const NAME = /^[a-z][a-z0-9-]{0,30}$/;
const NAME_RULE = "1-31 lower-case letters, digits and hyphens, a letter first";

/** Names that would make two providers of one, and so a copy off-site that is not. */
const PROVIDER_ALIASES: Readonly<Record<string, string>> = {
  "digital-ocean": "digitalocean",
  do: "digitalocean",
  "hetzner-cloud": "hetzner",
  hcloud: "hetzner",
};

const COUNTRY_RULE = "use the two-letter ISO code of the country the server stands in, e.g. DE, SN, GB (not UK)";

const SERVER_TYPES = /^(cx[2345]3|cpx\d{2}|cax\d1|ccx\d3)$/;
const SERVER_TYPE_RULE =
  "use a type Hetzner still sells: cx23, cx33, cx43, cx53 or a cpx, cax or ccx type (cx11 to cx51 and cx22 to cx52 are gone)";
const IMAGES = ["debian-12", "debian-13", "ubuntu-22.04", "ubuntu-24.04"] as const;

const common = {
  jobs: named("jobs", NAME, NAME_RULE, jobSchema),
  app: appSchema.exactOptional(),
};

const addressedSchema = strict("a host that exists", {
  ...common,
  sshPort: whole("TCP port", 1, 65535).default(22),
  address: addressSchema,
  hostKey: hostKeySchema,
  provider: text(
    /^[a-z][a-z0-9-]{0,39}$/,
    "use the hosting company's name in lower case, e.g. hetzner, digitalocean, ovh",
  ).superRefine((value, ctx) => {
    const name = PROVIDER_ALIASES[value];
    if (name !== undefined) ctx.addIssue({ code: "custom", message: `use the name the copies go by: ${name}` });
  }),
  country: z.string({ error: COUNTRY_RULE }).refine((code) => COUNTRIES.has(code), { error: COUNTRY_RULE }),
});

/** A server at Hetzner, whoever it is made for. */
export const serverSchema = strict("server", {
  type: text(SERVER_TYPES, SERVER_TYPE_RULE).default("cx23"),
  location: oneOf("a Hetzner location", Object.keys(HETZNER_LOCATIONS)).default("nbg1"),
  image: oneOf("an image", IMAGES).default("debian-12"),
  backups: z.boolean({ error: "use true or false" }).exactOptional(),
});

const createdSchema = strict("a host with `server`, which the program makes and knows the address and place of,", {
  ...common,
  server: serverSchema,
}).transform((host) => ({
  ...host,
  // A server the program made listens where its image says; its firewall opens no other port.
  sshPort: 22,
  provider: "hetzner",
  country: HETZNER_LOCATIONS[host.server.location] as string,
}));

/** Which of the two a host is, its `server` says; each then has its own strict schema and its own remedies. */
const hostSchema = z.unknown().transform((raw, ctx): Host => {
  const result = isCreated(raw) ? createdSchema.safeParse(raw) : addressedSchema.safeParse(raw);
  if (result.success) return result.data;
  ctx.issues.push(...(result.error.issues as z.core.$ZodRawIssue[]));
  return z.NEVER;
});

export const hostsSchema: z.ZodType<Record<string, Host>> = named("hosts", NAME, NAME_RULE, hostSchema);

function isCreated(raw: unknown): boolean {
  return typeof raw === "object" && raw !== null && "server" in raw;
}
