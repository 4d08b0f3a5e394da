import { z } from "zod";
import { strict, text } from "./strict.js";

/** A mail server, and whom it tells. Its password is a secret: `granary:alertSecrets["emailPassword"]`. */
export interface Email {
  /** `smtps://HOST[:PORT]` (TLS from the start, port 465), or `smtp://HOST[:PORT]` (STARTTLS, port 25): without TLS only on the host itself. */
  server: string;
  /** The address the messages are from; the server must take it. */
  from: string;
  /** One to ten. */
  to: string[];
  /** Absent: the server asks for no password. */
  user?: string;
}

export interface Alerts {
  email: Email;
}

const SERVER_RULE = "use smtps://HOST, smtps://HOST:465 or smtp://HOST:587, without a user and without a path";
const ADDRESS_RULE = "use an e-mail address alone, owner@example.com";

const address = text(/^[\w.+%=-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/, ADDRESS_RULE);

const emailSchema = strict("alerts.email", {
  server: text(/^smtps?:\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:\d{1,5})?$/, SERVER_RULE),
  from: address,
  to: z
    .array(address, { error: `give a list: ${ADDRESS_RULE}` })
    .min(1, { error: `nobody would be told: ${ADDRESS_RULE}` })
    .max(10, { error: "use at most 10 addresses; more are a mailing list" }),
  user: text(/^[^\s:"\\]+$/, "use the name to log in with, without spaces, colons and quotes").exactOptional(),
});

export const alertsSchema = strict("alerts", { email: emailSchema });
