/** The buckets that a generation of a host's keys opens, each tried for what it is. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Generation } from "../../components/retiring.js";
import type { S3Access } from "../../plan/job-env.js";
import type { Copy, Place, ReplicaJob, Settings } from "../../settings/schema.js";
import { lastLine, run, withRemote } from "../maintain/remote.js";

/** A bucket, and a key to it that should open nothing any more. */
export interface Door {
  /** For people: `r2`, `mirror/replica`. */
  name: string;
  place: Copy | Place;
  access: S3Access;
}

/** An account on a box has no such key: the host itself tries what it has for that. */
export function doorsOf({ copies, replicas }: Generation, settings: Settings, host: string): Door[] {
  const doors: Door[] = [];
  for (const [name, access] of Object.entries(copies)) {
    const place = settings.copies[name];
    if (access.kind === "s3" && place !== undefined) doors.push({ name, place, access });
  }
  for (const [name, buckets] of Object.entries(replicas)) {
    const job = settings.hosts[host]?.jobs[name];
    if (job?.kind !== "replica") continue;
    for (const [bucket, access] of Object.entries(buckets))
      if (access.kind === "s3") doors.push({ name: `${name}/${bucket}`, place: placeOf(job, bucket), access });
  }
  return doors;
}

const placeOf = (job: ReplicaJob, bucket: string): Place => (bucket === job.from ? job.source : job.target);

/** What a vendor says to a key that it does not know, and nothing else does. */
const REFUSAL = /InvalidAccessKeyId|AccessDenied|SignatureDoesNotMatch|Unauthorized|Forbidden|\b40[13]\b/;

/** A vendor's own copies of a key may take a minute to hear that it is gone. */
const PATIENCE = { tries: 12, pauseMs: 5_000 };

/**
 * Whether the key is refused.
 * @throws Error when the bucket does not answer: that is no refusal
 */
export async function refuses({ name, place, access }: Door, patience = PATIENCE): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    const { code, err } = await withRemote("retired", place, access, undefined, ({ env, root }) =>
      run("rclone", ["lsf", "--max-depth", "1", root], { ...env, RCLONE_RETRIES: "1", RCLONE_LOW_LEVEL_RETRIES: "1" }),
    );
    if (code !== 0 && REFUSAL.test(err)) return true;
    if (code !== 0) throw new Error(`${name}: whether the old key is refused is not known: ${lastLine(err)}`);
    if (tries >= patience.tries) return false;
    await sleep(patience.pauseMs);
  }
}
