/** Tells people something: what is secret in an address or a password is in no argument and in no message. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Email } from "../settings/alerts.js";

const SECONDS = 10;

/**
 * To an incoming webhook, as `{"text": …}`.
 * @throws Error when it does not take it; the address is not named
 */
export async function tellWebhook(url: string, text: string): Promise<void> {
  const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text }) };
  const answer = await fetch(url, { ...request, signal: AbortSignal.timeout(SECONDS * 1000) }).catch(() => undefined);
  if (!answer?.ok) throw new Error(answer ? `answered ${answer.status}` : "does not answer");
}

/**
 * By e-mail, as a host does it: the same script.
 * @throws Error that names those who could not be told
 */
export async function tellByMail(email: Email, password: string | undefined, subject: string, text: string) {
  const child = spawn("bash", [join(import.meta.dirname, "../scripts/host/mail"), subject], {
    stdio: ["pipe", "ignore", "pipe"],
    env: {
      ...process.env,
      MAIL_SERVER: email.server,
      MAIL_FROM: email.from,
      MAIL_TO: email.to.join(" "),
      MAIL_USER: email.user ?? "",
      MAIL_PASSWORD: password ?? "",
    },
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (piece: string) => (said += piece));
  child.stdin.on("error", () => undefined); // it may end before it has read
  child.stdin.end(text);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(said.trim().replaceAll("\n", "; "));
}
