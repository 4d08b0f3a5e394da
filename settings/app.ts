import { addressSchema } from "./address.js";
import { pathSchema } from "./jobs/paths.js";
import { smokeSchema, type SmokeStep } from "./smoke.js";
import { strict, whole } from "./strict.js";

/** The shop on a host: as its customers see it, and what it takes to start it on another server. */
export interface App {
  /** The name customers type. */
  domain: string;
  /** Its compose file, e.g. "/opt/app/compose.yaml", which a job of the host backs up; absent: nothing is started. */
  compose?: string;
  /** Its address at Cloudflare, kept by the program; absent: the program leaves DNS alone. */
  dns?: Dns;
  /** What a customer does: tried by `granary smoke`, and after a recovery. Default none. */
  smoke: SmokeStep[];
}

export interface Dns {
  /** Cloudflare's zone, e.g. "shop.example". */
  zone: string;
  /** Seconds that others may remember the address, 60-86400. Default 60: a new server is found after a minute. */
  ttl: number;
}

/** 60 is the least that Cloudflare takes outside its Enterprise plan, 86400 the most. */
const dnsSchema = strict("dns", { zone: addressSchema, ttl: whole("seconds", 60, 86_400).default(60) });

export const appSchema = strict("app", {
  domain: addressSchema,
  compose: pathSchema.exactOptional(),
  dns: dnsSchema.exactOptional(),
  smoke: smokeSchema,
});
