/** What a copy holds, as a listing and its manifests tell it: the material of {@link decide}. Times in ms since 1970. */
import type { Tier } from "./keys.js";

/** Which job something belongs to. */
export interface Owner {
  host: string;
  job: string;
}

/** A backup: a manifest and the artifacts it names. */
export interface Backup extends Owner {
  tier: Tier | "base";
  /** Base backups only: the database they are of, `<system id>-<major>`. */
  line?: string;
  /** By the host's clock. */
  stamp: string;
  /** Whether its manifest says that it was read back from this copy. */
  verified: boolean;
  /** Manifest first: without it a half removed backup does not count. */
  keys: string[];
  bytes: number;
}

/** A piece of the continuous log. Within a line, keys sort as the log was written. */
export interface Piece extends Owner {
  key: string;
  line: string;
  stamp: string;
  bytes: number;
}

/** A file that no manifest names: an upload that runs, or one that failed. */
export interface Orphan {
  key: string;
  /** Absent: its name has none. */
  stamp?: string;
  /** When the store says that it was written. */
  modified: number;
  bytes: number;
}

export interface Inventory {
  backups: Backup[];
  pieces: Piece[];
  orphans: Orphan[];
  /** Keys of files that are nothing known. */
  unparsable: string[];
}

/** Name of a backup in a copy: `daily/shop/orders/20261123T030000Z`. */
export function idOf({ tier, host, job, line, stamp }: Backup): string {
  return [tier, host, job, ...(line === undefined ? [] : [line]), stamp].join("/");
}
