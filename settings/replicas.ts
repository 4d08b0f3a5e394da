/** Replicas as jobs: what `replica` and `uploads` in the settings ask for, among the jobs of the host that runs it. */
import type { R2Copy } from "./copies/r2.js";
import type { SpacesCopy } from "./copies/spaces.js";
import type { BackupsReplica, ReplicaJob, UploadsReplica } from "./jobs/replica.js";
import type { Settings } from "./schema.js";

/** A replica that the settings ask for. */
export interface Replica {
  /** Of the setting that asks for it. */
  path: string[];
  /** Host that runs it; undefined when the settings name none and there are several. */
  on: string | undefined;
  /** Name of its job. */
  name: string;
  job: ReplicaJob;
}

/** Every replica, those of copies first. */
export function replicasOf({ copies, hosts, uploads = {} }: Pick<Settings, "copies" | "hosts" | "uploads">): Replica[] {
  const [first, ...others] = Object.keys(hosts);
  const only = others.length === 0 ? first : undefined;
  const ofCopies = Object.entries(copies).flatMap(([name, copy]): Replica[] => {
    if (copy.kind === "storageBox" || copy.replica === undefined) return [];
    const { on = only, schedule } = copy.replica;
    const target = copy.kind === "spaces" ? spacesTarget(copy) : r2Target(copy);
    const job: BackupsReplica = { kind: "replica", schedule, holds: "backups", from: name, source: copy, target };
    return [{ path: ["copies", name, "replica"], on, name: `replica-${name}`, job }];
  });
  const ofUploads = Object.entries(uploads).map(([name, bucket]): Replica => {
    const { on = only, schedule, ...target } = bucket.replica;
    const job: UploadsReplica = { kind: "replica", schedule, holds: "uploads", from: name, source: bucket, target };
    return { path: ["uploads", name, "replica"], on, name: `uploads-${name}`, job };
  });
  return [...ofCopies, ...ofUploads];
}

/** The settings with a job for each replica. They must be free of conflicts. */
export function withReplicas(settings: Settings): Settings {
  const hosts = { ...settings.hosts };
  for (const { on, name, job } of replicasOf(settings)) {
    const host = hosts[on!]!;
    hosts[on!] = { ...host, jobs: { ...host.jobs, [name]: job } };
  }
  return { ...settings, hosts };
}

function spacesTarget({ replica, ...copy }: SpacesCopy): SpacesCopy {
  const { region, endpoint, bucket = replicaName(copy) } = replica!;
  return { kind: "spaces", region, bucket, ...(endpoint === undefined ? {} : { endpoint }) };
}

/** An endpoint of R2 is that of an account and a jurisdiction: the source's, unless the replica has one of its own. */
function r2Target({ replica, ...copy }: R2Copy): R2Copy {
  const { location, jurisdiction = copy.jurisdiction, bucket = replicaName(copy), endpoint = copy.endpoint } = replica!;
  return { ...copy, location, jurisdiction, bucket, ...(endpoint === undefined ? {} : { endpoint }) };
}

function replicaName({ bucket }: { bucket: string }): string {
  return `${bucket}-replica`;
}
