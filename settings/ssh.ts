import { hostKeySchema } from "./host-key.js";
import { strict } from "./strict.js";

/** How the program logs in on servers it makes. The private half is a secret or stays in an SSH agent. */
export interface Ssh {
  /** Public key that a new server lets in, `<type> <base64>`. */
  publicKey: string;
}

export const sshSchema = strict("ssh", { publicKey: hostKeySchema });
