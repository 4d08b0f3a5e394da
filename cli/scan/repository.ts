/** How the files of a restic repository changed from snapshot to snapshot; read without a lock, and nothing is opened for writing. */
import type { Change } from "../../plan/scan.js";
import { call, failure, type OpenRepository } from "../maintain/repositories.js";

/** One line of `restic diff --json`. */
interface Line {
  message_type: string;
  path?: string;
  modifier?: string;
}

/** @throws Error with restic's own words, when a snapshot is gone for one */
export async function changeBetween(repository: OpenRepository, before: string, after: string): Promise<Change> {
  return changeOf(await restic(repository, ["diff", "--json", "--no-lock", before, after]));
}

/** Of what `restic diff --json` printed. Directories end in a slash. */
export function changeOf(out: string): Change {
  const change: Change = { added: 0, changed: 0, removed: 0 };
  const fresh = new Map<string, number>();
  const old = new Set<string>();
  for (const text of out.split("\n").filter(Boolean)) {
    const { message_type, path = "", modifier = "" } = JSON.parse(text) as Line;
    if (message_type !== "change" || path.endsWith("/")) continue;
    if (modifier === "+") {
      change.added += 1;
      fresh.set(endingOf(path), (fresh.get(endingOf(path)) ?? 0) + 1);
    } else if (modifier === "-") {
      change.removed += 1;
      old.add(endingOf(path));
    } else if (/[MT]/.test(modifier)) change.changed += 1;
  }
  const [commonest] = [...fresh].filter(([ending]) => !old.has(ending)).sort(([, a], [, b]) => b - a);
  if (commonest === undefined) return change;
  return { ...change, ending: { name: commonest[0], files: commonest[1] } };
}

/** `.jpg` of `/a/b.JPG`; nothing of a name without one. */
const endingOf = (path: string): string => /\.[^./]+$/.exec(path)?.[0].toLowerCase() ?? "";

/** Part that a snapshot takes in the repository, of what it is restored: compressed, and each piece once. */
export async function storedShare(repository: OpenRepository, snapshot: string, bytes: number): Promise<number> {
  const out = await restic(repository, ["stats", "--json", "--no-lock", "--mode", "raw-data", snapshot]);
  return bytes === 0 ? 0 : (JSON.parse(out) as { total_size: number }).total_size / bytes;
}

async function restic(repository: OpenRepository, args: string[]): Promise<string> {
  const { code, out, err } = await call(repository, args);
  if (code !== 0) throw failure(repository, args[0]!, err);
  return out;
}
