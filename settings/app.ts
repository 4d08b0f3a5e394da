import { addressSchema } from "./address.js";
import { smokeSchema, type SmokeStep } from "./smoke.js";
import { strict } from "./strict.js";

/** The shop on a host, as its customers see it. */
export interface App {
  /** The name customers type. */
  domain: string;
  /** What a customer does: tried by `granary smoke`. Default none. */
  smoke: SmokeStep[];
}

export const appSchema = strict("app", { domain: addressSchema, smoke: smokeSchema });
