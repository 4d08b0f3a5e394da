import type { Conflict } from "./cross-checks.js";
import type { Place } from "./copies/place.js";
import { replicasOf, type Replica } from "./replicas.js";
import type { Settings } from "./schema.js";

const OUTSIDE = "outside the jurisdiction eu: use weur or eeur";

/** Longest name of a bucket. */
const BUCKET_LENGTH = 63;

/** What is wrong with replicas and buckets of uploads beside the rest of the settings. */
export function replicaConflicts(settings: Settings): Conflict[] {
  const replicas = replicasOf(settings);
  return [
    ...replicas.flatMap((replica) => [
      ...hostConflicts(replica, settings),
      ...placeConflicts(replica),
      ...nameConflicts(replica),
    ]),
    ...repeatedBuckets(settings, replicas),
  ];
}

/** A host without a job and without a replica to fill. Such a one needs neither, or is a mistake. */
export function idleHosts(settings: Settings, isIdle: (name: string) => boolean): Conflict[] {
  const busy = replicasOf(settings).map(({ on }) => on);
  return Object.keys(settings.hosts)
    .filter((name) => isIdle(name) && !busy.includes(name))
    .map((name) => ({
      path: ["hosts", name, "jobs"],
      message: "a host without a job backs up nothing: add a job, or remove the host",
    }));
}

function hostConflicts({ path, on, name, job }: Replica, { hosts }: Settings): Conflict[] {
  const names = Object.keys(hosts).join(", ");
  if (on === undefined)
    return [{ path: [...path, "on"], message: `is missing: name the host that fills the replica, one of ${names}` }];
  const host = hosts[on];
  if (host === undefined)
    return [{ path: [...path, "on"], message: `is no host of these settings: use one of ${names}` }];
  if (host.jobs[name] === undefined) return [];
  const message = `the job that fills the replica of ${job.from} has this name: give this job another one`;
  return [{ path: ["hosts", on, "jobs", name], message }];
}

/** Another place than the source's. */
function placeConflicts({ path, job: { holds, source, target } }: Replica): Conflict[] {
  const found: Conflict[] = [];
  if (holds === "uploads" && isOutside(source))
    found.push({ path: [...path.slice(0, -1), "location"], message: OUTSIDE });
  if (source.kind === "spaces" && target.kind === "spaces" && source.region === target.region)
    found.push({
      path: [...path, "region"],
      message: "the region of the source: what takes the one takes the other, use another region",
    });
  if (source.kind === "r2" && target.kind === "r2" && source.location === target.location)
    found.push({
      path: [...path, "location"],
      message: "the location of the source: what takes the one takes the other, use another location",
    });
  if (isOutside(target)) found.push({ path: [...path, "location"], message: OUTSIDE });
  return found;
}

function isOutside(place: Place): boolean {
  return place.kind === "r2" && place.jurisdiction === "eu" && !place.location.endsWith("eur");
}

function nameConflicts({ path, job: { target } }: Replica): Conflict[] {
  if (target.bucket.length <= BUCKET_LENGTH) return [];
  const message = `${target.bucket} is longer than the ${BUCKET_LENGTH} characters a bucket's name has at most: give one`;
  return [{ path: [...path, "bucket"], message }];
}

/** Keys are bound to a bucket by its name alone: one that may only read the source must not fit another bucket too. */
function repeatedBuckets({ copies, statusPage }: Settings, replicas: Replica[]): Conflict[] {
  const taken = new Map<string, string>();
  for (const [name, copy] of Object.entries(copies))
    if (copy.kind !== "storageBox") taken.set(nameOf(copy), `copy ${name}`);
  const found: Conflict[] = [];
  const take = (place: Place, path: string[], what: string): void => {
    const other = taken.get(nameOf(place));
    if (other === undefined) taken.set(nameOf(place), what);
    else found.push({ path: [...path, "bucket"], message: `the name of the bucket of ${other}: use another name` });
  };
  for (const { path, job } of replicas) {
    const what = job.holds === "uploads" ? "uploads" : "copy";
    if (job.holds === "uploads") take(job.source, path.slice(0, -1), `uploads ${job.from}`);
    take(job.target, path, `the replica of ${what} ${job.from}`);
  }
  if (statusPage !== undefined) take(statusPage, ["statusPage"], "the status page");
  return found;
}

function nameOf(place: Place): string {
  return place.kind === "spaces" ? `spaces ${place.bucket}` : `r2 ${place.accountId} ${place.bucket}`;
}
