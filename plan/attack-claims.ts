/**
 * What root on a host can do to each copy, written once: the rehearsal carries every attack out and compares, and the
 * table in docs/security.md is made of it.
 */

/** A kind of copy, as the settings have it. */
export const KINDS = ["spaces", "r2", "storageBox"] as const;
export type Kind = (typeof KINDS)[number];

/** What an attack aims at: the copy itself, its backups, a job's restic repository, or the escrow of its password. */
export type Part = "copy" | "backups" | "repository" | "escrow";

/**
 * How it ends, by content, seen from outside. `refused`: nothing changed. `in place`: done, but everything is where it was.
 * `versions`, `snapshots`: done, and these bring everything back. `lost`: nobody brings it back from this copy.
 */
export type Outcome = "refused" | "in place" | "versions" | "snapshots" | "lost";

export interface Attack {
  id: string;
  part: Part;
  /** In words, for the table. */
  what: string;
  /** No entry: there is no such thing with that kind of copy. */
  ends: Partial<Record<Kind, Outcome>>;
}

const everywhere = (outcome: Outcome): Record<Kind, Outcome> => ({ spaces: outcome, r2: outcome, storageBox: outcome });

/** What each attack does is repaired before the next, where it can be. So the ones that destroy for good come last. */
export const ATTACKS: Attack[] = [
  {
    id: "provider",
    part: "copy",
    what: "use the provider's API with every secret that is on the host: lift the lock, delete snapshots, make keys",
    ends: everywhere("refused"),
  },
  {
    id: "retention",
    part: "copy",
    what: "make retention shorter: lifecycle of 1 day, versioning off, object lock off, snapshots deleted over SSH",
    ends: everywhere("refused"),
  },
  { id: "bucket", part: "copy", what: "delete the bucket", ends: { spaces: "refused", r2: "refused" } },
  { id: "main", part: "copy", what: "log in as the box's main account", ends: { storageBox: "refused" } },
  {
    id: "login",
    part: "copy",
    what: "let another key in: authorized_keys of the host's account",
    ends: { storageBox: "in place" },
  },
  { id: "false", part: "backups", what: "add a newer, false backup", ends: everywhere("in place") },
  {
    id: "overwrite",
    part: "backups",
    what: "overwrite an artifact and its manifest",
    ends: { spaces: "versions", r2: "refused", storageBox: "snapshots" },
  },
  {
    id: "truncate",
    part: "backups",
    what: "truncate an artifact",
    ends: { spaces: "versions", r2: "refused", storageBox: "snapshots" },
  },
  {
    id: "rights",
    part: "backups",
    what: "hide by rights: a bucket policy that denies everyone; chmod 000",
    ends: { spaces: "refused", r2: "refused", storageBox: "snapshots" },
  },
  {
    id: "rename",
    part: "backups",
    what: "hide by name: put everything under another name",
    ends: { spaces: "versions", r2: "refused", storageBox: "snapshots" },
  },
  {
    id: "delete",
    part: "backups",
    what: "delete everything that is there",
    ends: { spaces: "versions", r2: "refused", storageBox: "snapshots" },
  },
  {
    id: "versions",
    part: "backups",
    what: "delete every version, every snapshot",
    ends: { spaces: "lost", r2: "refused", storageBox: "refused" },
  },
  {
    id: "key",
    part: "repository",
    what: "restic: a new key, and the owner's taken away",
    ends: { spaces: "versions", r2: "refused", storageBox: "refused" },
  },
  {
    id: "forget",
    part: "repository",
    what: "restic: forget every snapshot, and prune",
    ends: { spaces: "versions", r2: "refused", storageBox: "refused" },
  },
  {
    id: "door",
    part: "repository",
    what: "reach the repository by another door: SFTP, another command, the host's other account",
    ends: { storageBox: "refused" },
  },
  {
    id: "overwrite",
    part: "repository",
    what: "overwrite and truncate its files",
    ends: { spaces: "versions", r2: "refused" },
  },
  { id: "delete", part: "repository", what: "delete its files", ends: { spaces: "versions", r2: "refused" } },
  {
    id: "versions",
    part: "repository",
    what: "delete every version of its files",
    ends: { spaces: "lost", r2: "refused" },
  },
  {
    id: "delete",
    part: "escrow",
    what: "delete the escrow of its password",
    ends: { spaces: "versions", r2: "lost", storageBox: "snapshots" },
  },
  { id: "versions", part: "escrow", what: "delete every version of the escrow", ends: { spaces: "lost" } },
];

const PARTS: Record<Part, string> = { copy: "the copy", backups: "backups", repository: "uploads", escrow: "uploads" };

const WORDS: Record<Outcome, string> = {
  refused: "refused",
  "in place": "done; all is in place",
  versions: "done; versions bring all back",
  snapshots: "done; snapshots bring all back",
  lost: "**lost**",
};

/** The table of docs/security.md, as rows of cells. */
export function documentedTable(): string[][] {
  return [
    ["against", "attack", ...KINDS.map((kind) => `\`${kind}\``)],
    ...ATTACKS.map(({ part, what, ends }) => [
      PARTS[part],
      what,
      ...KINDS.map((kind) => (ends[kind] === undefined ? "" : WORDS[ends[kind]])),
    ]),
  ];
}
