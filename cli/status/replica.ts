/** Reads the newest record of a replica, with a key that can only read it. */
import { z } from "zod";
import type { CopyAccess } from "../../plan/job-env.js";
import { recordsOf } from "../../plan/replication.js";
import { stampTime } from "../../plan/stamps.js";
import type { ReplicaRecord, SeenReplica } from "../../plan/status-replica.js";
import type { ReplicaJob } from "../../settings/schema.js";
import { rclone, withRemote, type Remote } from "../maintain/remote.js";

const count = z.object({ count: z.number().nonnegative() });

/** A host wrote it: only what has the right form is believed. */
const recordSchema = z.object({
  schema: z.literal(1),
  stamp: z.string(),
  lagSeconds: z.number().nonnegative().nullable(),
  missing: z.number().nonnegative(),
  changedAtSource: count,
  vanishedAtSource: count,
  lastComplete: z.string().nullable(),
});

/** Never throws: a replica that cannot be read is a finding. */
export async function readReplica(job: ReplicaJob, access: CopyAccess | undefined): Promise<SeenReplica> {
  if (access === undefined)
    return { unread: "the stack has no reader for it: run `pulumi up` with this version first" };
  try {
    return { record: await withRemote("replica", job.target, access, undefined, (remote) => newest(remote, job)) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

async function newest(remote: Remote, job: ReplicaJob): Promise<ReplicaRecord | undefined> {
  const directory = `${recordsOf(job)}/`;
  const listed = await rclone(remote, ["lsf", "-R", "--files-only", "--include", `/${directory}*.json`, remote.root]);
  const names = listed
    .split("\n")
    .filter((name) => stampTime(name.slice(directory.length, -".json".length)) !== undefined);
  const last = names.sort().at(-1);
  if (last === undefined) return undefined;
  const read = recordSchema.safeParse(parsed(await rclone(remote, ["cat", `${remote.root}${last}`])));
  if (!read.success) throw new Error(`the record ${last} is none: look who wrote it`);
  const { stamp, missing, lagSeconds, lastComplete, changedAtSource, vanishedAtSource } = read.data;
  return {
    ...{ stamp, missing, changed: changedAtSource.count, vanished: vanishedAtSource.count },
    ...(lagSeconds === null ? {} : { lagSeconds }),
    ...(lastComplete === null ? {} : { lastComplete }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
