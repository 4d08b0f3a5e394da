import { z } from "zod";
import { looksSecret } from "./errors.js";

/** Length-prefixed fields in the key's body, by key type (RFC 4253, 5656, 8709). */
const FIELDS: Readonly<Record<string, number>> = {
  "ssh-ed25519": 2,
  "ecdsa-sha2-nistp256": 3,
  "ecdsa-sha2-nistp384": 3,
  "ecdsa-sha2-nistp521": 3,
  "ssh-rsa": 3,
};

const READ =
  "read it with `ssh-keyscan -t ed25519 <address>`, compare it with the server's own, and write `ssh-ed25519 AAAA…`";

/** A public SSH key as in authorized_keys; the comment is dropped. */
export const hostKeySchema = z.string({ error: READ }).transform((value, ctx) => {
  const [type = "", body = ""] = value.trim().split(/\s+/);
  const message = fault(value, type, body);
  if (message !== undefined) ctx.addIssue({ code: "custom", message });
  return `${type} ${body}`;
});

function fault(value: string, type: string, body: string): string | undefined {
  if (looksSecret(value)) return `this is a private key: treat it as leaked and remove it; for the public one, ${READ}`;
  const fields = FIELDS[type];
  if (fields === undefined)
    return `must start with a key type (${Object.keys(FIELDS).join(", ")}), not a host name: ${READ}`;
  const parts = split(Buffer.from(body, "base64"));
  if (parts?.length !== fields) return `the key is cut short or has a wrong character: ${READ}`;
  if (parts[0]?.toString() !== type) return `the key's body is of another type than "${type}": ${READ}`;
  return undefined;
}

/** The fields of a key's body; undefined when they don't fill it exactly. */
function split(body: Buffer): Buffer[] | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  while (at + 4 <= body.length) {
    const end = at + 4 + body.readUInt32BE(at);
    parts.push(body.subarray(at + 4, end));
    at = end;
  }
  return at === body.length ? parts : undefined;
}
