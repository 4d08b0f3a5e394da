/** What an attack did, seen from outside: every piece of a copy is fetched with the owner's credentials and hashed. */
import type { Outcome, Part } from "../../plan/attack-claims.js";

/** What a copy holds. Keys are as in the copy; hashes are SHA-256 of the content, in hexadecimal. */
export interface Contents {
  /** What is there now, by key. */
  now: Map<string, string>;
  /** What older versions, or snapshots, hold beside it, by key. */
  kept: Map<string, Set<string>>;
}

/** A copy with its owner's eyes. */
export interface Vault {
  /** What brings back what is gone. */
  backBy: "versions" | "snapshots" | "nothing";
  look(): Promise<Contents>;
  /** Brings back what versions or snapshots hold, as the owner would. */
  repair(wanted: Map<string, string>): Promise<void>;
  /** The text of one key, as it is now. */
  read(key: string): Promise<string>;
  close(): Promise<void>;
}

/** Pieces of one part of a copy: how many are where they were, can be brought back, or are gone. */
export interface Damage {
  all: number;
  inPlace: number;
  back: number;
  lost: number;
}

export function damage(before: Map<string, string>, { now, kept }: Contents): Damage {
  const found = { all: before.size, inPlace: 0, back: 0, lost: 0 };
  for (const [key, hash] of before) {
    if (now.get(key) === hash) found.inPlace++;
    else if (kept.get(key)?.has(hash)) found.back++;
    else found.lost++;
  }
  return found;
}

/**
 * Which part a key belongs to. Undefined: nothing that a restore needs. restic makes and deletes its locks in every run,
 * and makes its index again from the packs.
 */
export function partOf(key: string): Exclude<Part, "copy"> | undefined {
  if (/(^|\/)(\.ssh|\.zfs|locks|index|replication)\//.test(key)) return undefined;
  if (/(^|\/)files\/[^/]+\/[^/]+\.password\.age$/.test(key)) return "escrow";
  if (/(^|\/)(data\/[0-9a-f]{2}|snapshots|keys)\/[0-9a-f]{64}$/.test(key) || /(^|\/)config$/.test(key))
    return "repository";
  return /(^|\/)(daily|monthly|annual|base|wal)\//.test(key) ? "backups" : undefined;
}

/** The pieces of a part. */
export function pieces(contents: Map<string, string>, part: Part, belongs = partOf): Map<string, string> {
  const wanted = [...contents].filter(([key]) => {
    const own = belongs(key);
    return own !== undefined && (part === "copy" || own === part);
  });
  return new Map(wanted);
}

/** What the attacker was told. */
export interface Answer {
  /** Calls or commands that did what they were for. */
  done: number;
  refused: number;
  /** Status and code, or the message, of each kind of refusal. */
  said: string[];
}

/** The end of one attack, by what it changed; where it changed no piece, by whether anything was done at all. */
export function outcome(vault: Pick<Vault, "backBy">, before: Damage, after: Damage, { done }: Answer): Outcome {
  if (after.lost > before.lost) return "lost";
  if (after.back > before.back) return vault.backBy === "nothing" ? "lost" : vault.backBy;
  return done > 0 ? "in place" : "refused";
}

/** In words and figures, for the table. */
export function told(end: Outcome, { all, inPlace, back, lost }: Damage, answer: Answer): string {
  const said = answer.said.length > 0 ? ` (${answer.said.slice(0, 2).join("; ")})` : "";
  switch (end) {
    case "refused":
      return `refused${said}: ${inPlace} of ${all} in place`;
    case "in place":
      return `done: nothing lost, ${inPlace} of ${all} in place`;
    case "versions":
    case "snapshots":
      return `done: nothing lost, ${end} bring back ${back} of ${all - inPlace}`;
    case "lost":
      return `done: LOST ${lost} of ${all}`;
  }
}
