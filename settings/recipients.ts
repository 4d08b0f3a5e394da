import { z } from "zod";
import { bech32 } from "./bech32.js";
import { looksSecret } from "./errors.js";
import { strict } from "./strict.js";

/** Who backups are encrypted to. */
export interface Encryption {
  /** age public keys (X25519, `age1…`), at least one. Any one of the matching identities can decrypt. */
  recipients: string[];
}

/** An X25519 public key has 32 bytes. */
const KEY_BYTES = 32;

const MAKE = "make a key pair with `npx granary keygen` and write its public key, age1…, here";

const recipientSchema = z.string({ error: MAKE }).superRefine((value, ctx) => {
  const message = fault(value);
  if (message !== undefined) ctx.addIssue({ code: "custom", message });
});

export const encryptionSchema: z.ZodType<Encryption> = strict("encryption", {
  recipients: z
    .array(recipientSchema, { error: `give a list of age public keys: ${MAKE}` })
    .min(1, { error: `nobody could decrypt: ${MAKE}` })
    .refine((all) => new Set(all).size === all.length, { error: "a recipient is listed twice: list each once" }),
});

function fault(value: string): string | undefined {
  if (looksSecret(value))
    return "this is a private identity: treat it as leaked, remove it here and from Git's history, and write a new key pair's public key, age1…";
  if (/^ssh-/.test(value)) return `SSH keys are not taken as recipients: ${MAKE}`;
  const decoded = bech32(value);
  if (decoded === undefined) return `not an age public key, a character is wrong or missing: copy it again, or ${MAKE}`;
  if (decoded.prefix !== "age" || decoded.bytes !== KEY_BYTES)
    return `not an X25519 key; the hosts' age knows no plugins and no newer kinds: ${MAKE}`;
  return undefined;
}
