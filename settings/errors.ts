import type { z } from "zod";

/** One thing wrong with the settings. */
export interface Problem {
  /** Where, e.g. `hosts.shop.hostKey`. */
  path: string;
  /** What was found there, printable; secrets are never shown. */
  value: string;
  /** What is wrong and what to do about it. */
  message: string;
}

/** All that is wrong with the settings, at once. Its message lists every problem. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  constructor(readonly problems: Problem[]) {
    const lines = problems.map((p) => `\n  ${p.path}: ${p.message} (got ${p.value})`);
    super(`${problems.length} ${problems.length === 1 ? "problem" : "problems"} in the settings:${lines.join("")}`);
  }
}

const HIDDEN = "(secret, not shown)";

/** Text that is, or holds, a private key or a password in a URL. */
const SECRET_TEXT =
  /SECRET-KEY-1|AGE-PLUGIN-|PRIVATE KEY|PuTTY-User-Key|b3BlbnNzaC1rZXktdj|MII[A-Za-z0-9+/=]{40}|:\/\/[^/\s]*:[^/\s]*@/i;

/** Names people give to secrets. */
const SECRET_NAME = /pass(word|phrase)|secret|token|private|credential|identity|access_?key/i;

/** True for text that must never be printed. */
export function looksSecret(text: string): boolean {
  return SECRET_TEXT.test(text);
}

/** A problem at a path, with what the raw settings hold there made printable. */
export function problemAt(raw: unknown, path: PropertyKey[], message: string): Problem {
  const names = path.map(String);
  const value = names.some((name) => SECRET_NAME.test(name)) ? HIDDEN : printable(valueAt(raw, path));
  return { path: names.map((n) => (looksSecret(n) ? HIDDEN : n)).join(".") || "(settings)", value, message };
}

/** zod's issues as problems: one for each unknown key, and "missing" said in words. */
export function problemsOf(raw: unknown, issues: z.core.$ZodIssue[]): Problem[] {
  return issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => problemAt(raw, [...issue.path, key], unknownKey(key, issue.message)));
    const missing = issue.path.length > 0 && valueAt(raw, issue.path) === undefined;
    return [problemAt(raw, issue.path, missing ? `is missing: ${issue.message}` : issue.message)];
  });
}

function unknownKey(key: string, message: string): string {
  return SECRET_NAME.test(key) ? `${message}; secrets are set with \`pulumi config set --secret\`` : message;
}

function valueAt(raw: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (isMap(at) ? at[key] : undefined), raw);
}

function isMap(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null;
}

/** What a map or a list holds is not shown: a secret may be anywhere in it. */
function printable(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return "a map";
  if (typeof value !== "string") return `${value as number | boolean}`;
  if (looksSecret(value)) return HIDDEN;
  return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value);
}
