/** What the records in a replica say: each run leaves one, of what it copied and how far the replica is behind. */
import type { ReplicaJob, Schedule } from "../settings/schema.js";
import { CLOCK_TOLERANCE } from "./clock.js";
import { lastDue } from "./due.js";
import { MAX_LAG } from "./replication.js";
import { stampTime } from "./stamps.js";
import type { Finding, Row } from "./status.js";

/** A run may take this long before it is overdue. */
const RUN = 2 * 3_600_000;

/** The newest record. */
export interface ReplicaRecord {
  /** When the run began. */
  stamp: string;
  /** Since the oldest that the replica lacks was written; absent: it is not known, what is missing has no time. */
  lagSeconds?: number;
  /** Objects that the replica lacked at the end. */
  missing: number;
  /** Objects that were overwritten, and that went before their time, at the source. */
  changed: number;
  vanished: number;
  /** Of the last run after which nothing was missing. */
  lastComplete?: string;
}

/** `unread`: there is nothing to read it with. `error`: it could not be read. An absent record: no run has left one. */
export type SeenReplica = { unread: string } | { error: string } | { record?: ReplicaRecord | undefined };

/** The line of a replica. `start`: its job's real schedule, apart from the others of its host. */
export function replicaRow(name: string, job: ReplicaJob, start: Schedule, seen: SeenReplica, now: number): Row {
  const found = finding(seen, start, now);
  const common = { job: name, kind: job.kind, colour: found.colour, findings: [found] };
  const record = "record" in seen ? seen.record : undefined;
  if (record === undefined) return common;
  const complete = record.lastComplete === undefined ? undefined : stampTime(record.lastComplete);
  return {
    ...common,
    ...(complete === undefined
      ? {}
      : { last: new Date(complete).toISOString(), ageSeconds: Math.round((now - complete) / 1000) }),
    ...(record.lagSeconds === undefined ? {} : { lagSeconds: record.lagSeconds }),
  };
}

function finding(seen: SeenReplica, start: Schedule, now: number): Finding {
  const say = (colour: Finding["colour"], reason: string): Finding => ({ what: "replica", colour, reason });
  if ("unread" in seen) return say("grey", `not known: ${seen.unread}`);
  if ("error" in seen) return say("red", `the replica could not be read: ${seen.error}`);
  const made = stampTime(seen.record?.stamp ?? "");
  if (seen.record === undefined || made === undefined) return say("red", "no run has left a record in the replica");
  const { missing, changed, vanished, lagSeconds } = seen.record;
  const when = new Date(made).toISOString().slice(0, 16).replace("T", " ");
  if (made > now + CLOCK_TOLERANCE)
    return say("red", `the newest record is dated in the future, ${when} UTC: look who did it`);
  if (made < expected(start, now)) return say("red", `overdue: the last run of the copying was ${when} UTC`);
  if (changed + vanished > 0)
    return say(
      "red",
      `at the source ${changed} were overwritten and ${vanished} went before their time: look who did it`,
    );
  const behind = lagSeconds === undefined ? "" : `, ${Math.ceil(lagSeconds / 60)} minutes behind`;
  const lacks = `the run of ${when} UTC left ${missing} missing${behind}`;
  if ((lagSeconds ?? 0) > MAX_LAG) return say("red", lacks);
  return missing > 0 ? say("yellow", lacks) : say("green", `nothing was missing after the run of ${when} UTC`);
}

/** The newest record must be of this time or later: of the run that was due last, or of the one before while that goes on. */
function expected(start: Schedule, now: number): number {
  const due = lastDue(start, new Date(now)).getTime();
  const last = now - due < RUN ? lastDue(start, new Date(due - 1)).getTime() : due;
  return last - CLOCK_TOLERANCE;
}
