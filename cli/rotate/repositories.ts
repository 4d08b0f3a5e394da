/** Passwords of restic repositories, changed from outside the host that writes there. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DAY } from "../../plan/stamps.js";
import { call, failure, type OpenRepository } from "../maintain/repositories.js";

/** A password file of a repository that is not ours, or not yet ours to delete. */
export interface KeptKey {
  id: string;
  /** When the copy's lock lets it go, ms since 1970. */
  until: number;
}

interface Key {
  current: boolean;
  id: string;
  /** `2026-11-23 03:00:00`, local time of who asks. */
  created: string;
}

const WRONG = /wrong password or no key found/;
const ABSENT = /Is there a repository at the following location|unable to open config file/;

/** Whether its password opens it. @throws Error when that is not known */
export async function opens(repository: OpenRepository): Promise<"opens" | "refused" | "absent"> {
  const { code, err } = await call(repository, ["cat", "config", "--no-lock"]);
  if (code === 0) return "opens";
  if (code === 12 || WRONG.test(err)) return "refused";
  if (code === 10 || ABSENT.test(err)) return "absent";
  throw failure(repository, "cat config", err);
}

/**
 * Makes `next` open the repository too, if it does not already.
 * @returns whether there is a repository
 */
export async function letIn(repository: OpenRepository, next: string): Promise<boolean> {
  const found = await opens({ ...repository, password: next });
  if (found !== "refused") return found === "opens";
  const file = join(repository.remote.scratch, "next");
  await writeFile(file, next, { mode: 0o600 });
  await patiently(repository, ["key", "add", "--new-password-file", file]);
  return true;
}

/**
 * Removes every password but the repository's own: the old one, and any that an intruder added.
 * @param lockDays of a bucket that lets nothing be deleted that is younger; those are not tried
 */
export async function onlyOurs(repository: OpenRepository, lockDays: number, now: number): Promise<KeptKey[]> {
  if ((await opens(repository)) === "absent") return [];
  const keys = JSON.parse(await patiently(repository, ["key", "list", "--json"])) as Key[];
  const kept: KeptKey[] = [];
  for (const { id, created, current } of keys) {
    if (current) continue;
    // A day more: the lock counts from when the object was stored, by the store's own clock.
    const until = lockDays === 0 ? 0 : Date.parse(created.replace(" ", "T")) + (lockDays + 1) * DAY;
    if (until > now) kept.push({ id, until });
    else await patiently(repository, ["key", "remove", id]);
  }
  return kept;
}

/** While a backup holds the repository: it is asked again. */
const TRIES = 12;
const PAUSE_MS = 10_000;

async function patiently(repository: OpenRepository, args: string[]): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    const { code, out, err } = await call(repository, args);
    if (code === 0) return out;
    if (tries === TRIES || !/already locked/.test(err)) throw failure(repository, args.slice(0, 2).join(" "), err);
    await sleep(PAUSE_MS);
  }
}
