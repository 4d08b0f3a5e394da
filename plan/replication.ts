import type { ReplicaJob, Retention } from "../settings/schema.js";
import { FILES, OWN, recordsPrefix } from "./keys.js";
import { tierDays } from "./retention.js";

/** Seconds a replica may be behind: a day from one run to the next, and two hours for the run itself. */
export const MAX_LAG = 26 * 3600;

/** What the replica's remote is called beside the source's. No copy may have this name. */
export const REPLICA = "replica";

/**
 * What a replica job is told beside what every job is.
 * `CHANGED`: where the replica keeps what has another content at the source than it had when it was first copied.
 * `DAYS`: how long the source keeps each tier, so that what is gone before its time is noticed; uploads may go at any time.
 */
export function replicaPairs(job: ReplicaJob, retention: Retention): Record<string, string> {
  const common = {
    GRANARY_REPLICA_FROM: job.from,
    GRANARY_REPLICA_TO: REPLICA,
    GRANARY_REPLICA_HOLDS: job.holds,
    GRANARY_REPLICA_MAX_LAG: String(MAX_LAG),
  };
  if (job.holds === "uploads")
    return {
      ...common,
      GRANARY_REPLICA_RECORDS: recordsOf(job),
      GRANARY_REPLICA_CHANGED: `${OWN}/changed`,
    };
  const { daily, monthly, annual, base, wal } = tierDays(retention);
  return {
    ...common,
    GRANARY_REPLICA_RECORDS: recordsOf(job),
    GRANARY_REPLICA_CHANGED: `${FILES}/.changed`,
    GRANARY_REPLICA_DAYS: JSON.stringify({ daily, monthly, annual, base, wal }),
  };
}

/** Where in the replica its runs leave their records: `replication/spaces`, apart from what is the shop's own. */
export function recordsOf({ holds, from }: ReplicaJob): string {
  return holds === "uploads" ? `${OWN}/${recordsPrefix(from)}` : recordsPrefix(from);
}
