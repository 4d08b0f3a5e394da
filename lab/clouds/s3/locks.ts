import type { LockRule } from "../cloudflare/r2.js";
import { type Endpoint, rootCall } from "./root-client.js";

/** The enabled rules that cover a key. A rule without a prefix covers every key. */
export function covering(rules: LockRule[], key: string): LockRule[] {
  return rules.filter((rule) => rule.enabled && key.startsWith(rule.prefix ?? ""));
}

/** Whether any of the rules holds an object that was last written at `written`: the strictest one wins. Times in ms. */
export function holds(rules: LockRule[], written: number, now: number): boolean {
  return rules.some(({ condition }) => {
    switch (condition.type) {
      case "Indefinite":
        return true;
      case "Date":
        return now < Date.parse(condition.date);
      case "Age":
        return now - written < condition.maxAgeSeconds * 1000;
    }
  });
}

/** Whether the object of this key exists and is locked. Throws when the server can't say, so that nothing slips through. */
export async function isLocked(server: Endpoint, bucket: string, key: string, rules: LockRule[]): Promise<boolean> {
  const applying = covering(rules, key);
  if (applying.length === 0) return false;
  const answer = await rootCall(server, "HEAD", `/${bucket}/${key}`);
  if (answer.status === 404) return false;
  if (answer.status !== 200) throw new Error(`HEAD ${bucket}/${key} answered ${answer.status}`);
  return holds(applying, Date.parse(answer.headers["last-modified"] ?? ""), Date.now());
}
