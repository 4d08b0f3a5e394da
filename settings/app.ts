import { z } from "zod";
import { addressSchema } from "./address.js";
import { pathSchema } from "./jobs/paths.js";
import { smokeSchema, type SmokeStep } from "./smoke.js";
import { strict, text, whole } from "./strict.js";

/** How the shop on a host runs: what it takes to start it on another server, and to see that customers can buy there. */
export interface App {
  /** Directory of the compose file; something of it must be backed up. Default "/opt/app". */
  directory: string;
  /** Name of the compose file in it. Default "compose.yaml". */
  compose: string;
  /** The name customers type. */
  domain: string;
  /** Its address at Cloudflare, kept by the program; absent: the program leaves DNS alone. */
  dns?: Dns;
  /** Services of the compose file that are stopped while data is replaced, e.g. [web]. Default none. */
  fence: string[];
  /** What a customer does, tried after every restore. Default none. */
  smoke: SmokeStep[];
}

export interface Dns {
  /** Cloudflare's zone, e.g. "shop.example". */
  zone: string;
  /** Seconds that others may remember the address, 60-86400. Default 60: a new server is found after a minute. */
  ttl: number;
}

const FILE_RULE = "use the file's name alone, e.g. compose.yaml";

export const appSchema = strict("app", {
  directory: pathSchema.default("/opt/app"),
  compose: text(/^[A-Za-z0-9][\w.-]{0,60}\.ya?ml$/, FILE_RULE).default("compose.yaml"),
  domain: addressSchema,
  dns: strict("dns", { zone: addressSchema, ttl: whole("seconds", 60, 86_400).default(60) }).exactOptional(),
  fence: z
    .array(text(/^[a-z0-9][\w.-]{0,60}$/i, "use the name of a service in the compose file"), {
      error: "give a list of services of the compose file, e.g. [web]",
    })
    .default([]),
  smoke: smokeSchema,
});
