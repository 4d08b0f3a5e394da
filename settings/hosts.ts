import { z } from "zod";
import { jobSchema, type Job } from "./jobs.js";
import { strict } from "./strict.js";

interface AnyHost {
  /** What is backed up, by name; at least one. */
  jobs: Record<string, Job>;
  /** Default 22. The program logs in as root. */
  sshPort: number;
  /** Who runs the machine, e.g. "hetzner": decides what counts as off-site. */
  provider: string;
  /** ISO 3166-1 alpha-2, e.g. "DE": decides what counts as off-site. */
  country: string;
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
}

/** A server that owns data. Tell the two apart with `"server" in host`. */
export type Host = AddressedHost | CreatedHost;

export const hostsSchema = z.record(
  z.string(),
  strict("a host", { jobs: z.record(z.string(), jobSchema) }),
) as unknown as z.ZodType<Record<string, Host>>;
