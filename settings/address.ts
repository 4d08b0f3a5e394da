import { isIP } from "node:net";
import { z } from "zod";
import { looksSecret } from "./errors.js";

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

/** An IP address or a DNS name, nothing around it. */
export const addressSchema = z
  .string({ error: "give the server's IP address or DNS name" })
  .superRefine((value, ctx) => {
    const message = fault(value);
    if (message !== undefined) ctx.addIssue({ code: "custom", message });
  });

function fault(value: string): string | undefined {
  if (looksSecret(value))
    return "this is a secret: treat it as leaked, remove it, and give the server's IP address or DNS name";
  if (isIP(value) !== 0 || isName(value)) return undefined;
  if (value.includes("://")) return "not a URL: give the server's IP address or DNS name alone";
  if (value.includes("@")) return "no user: the program logs in as root; give the IP address or DNS name alone";
  if (/^[^:]+:\d+$/.test(value)) return "no port: put it under sshPort; give the IP address or DNS name alone";
  return "give the server's IP address or DNS name";
}

/** A last label of digits makes a mistyped IP address, not a name. */
function isName(value: string): boolean {
  const labels = value.split(".");
  return value.length <= 253 && labels.every((l) => LABEL.test(l)) && !/(^|\.)\d+$/.test(value);
}
