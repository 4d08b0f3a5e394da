import { z } from "zod";
import { strict } from "./strict.js";

/** Who backups are encrypted to. */
export interface Encryption {
  /** age public keys (X25519, `age1…`), at least one. Any one of the matching identities can decrypt. */
  recipients: string[];
}

export const encryptionSchema: z.ZodType<Encryption> = strict("encryption", { recipients: z.array(z.string()) });
