/** What no program can do after a break-in. Each is ticked with its time in the evidence. */
import type { Evidence } from "../evidence/evidence.js";

export const FOR_PEOPLE: readonly string[] = [
  "every administrator of the shop has a new password and a new second factor",
  "the payment provider's keys and webhook secrets are new",
  "the keys of mail and every other service in the shop's configuration are new",
  "passwords of the shop's own database users are new, and customers' sessions are ended",
  "at Hetzner, DigitalOcean, Cloudflare, the registrar and the Git host: members looked at, sessions ended, API tokens new",
  "the code was looked through for what the intruder added, and for how they came in",
  // GDPR, article 33: 72 hours; Senegal's law 2008-12 has its own authority, the CDP.
  "if personal data was reached: the data protection authority was told within 72 hours, and customers if they are in danger",
];

/**
 * Asks for each; what is not done yet is left for later.
 * @param tasks default: those after a break-in
 * @param ask absent: nobody is there to be asked
 * @returns what is left
 */
export async function askPeople(
  ask: ((question: string) => Promise<string>) | undefined,
  evidence: Evidence,
  tasks: readonly string[] = FOR_PEOPLE,
): Promise<string[]> {
  const left: string[] = [];
  for (const task of tasks) {
    const answer = ask === undefined ? "" : await ask(`${task}? [done/later] `);
    if (/^(d|done|y|yes)$/i.test(answer.trim())) evidence.step(task);
    else left.push(task);
  }
  return left;
}
