import * as pulumi from "@pulumi/pulumi";
import { ofGeneration, type Generations } from "../plan/generations.js";
import type { CopyAccess } from "../plan/job-env.js";
import { REPLICA } from "../plan/replication.js";
import { lockRules, uploadsLock, type Repository } from "../plan/retention.js";
import type { ReplicaJob, Retention } from "../settings/schema.js";
import { bucketKey, ofGenerations } from "./bucket-key.js";
import type { Grant } from "./copy.js";
import * as r2 from "./r2-bucket.js";
import * as spaces from "./spaces-bucket.js";

export interface ReplicaArgs {
  job: ReplicaJob;
  /** Name of the bucket that is copied, as an output of it where the program makes it. */
  source: pulumi.Input<string>;
  retention: Retention;
  /** The restic repositories of the source, whose packs are locked at R2. */
  repositories: Repository[];
}

/**
 * A second bucket in another place, protected as its source is. One host fills it, with a key that can only read the
 * source and another that is bound to this bucket.
 */
export class Replica extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  private readonly args: ReplicaArgs;
  private readonly name: string;

  constructor(name: string, args: ReplicaArgs, options?: pulumi.ComponentResourceOptions) {
    super("granary:copies:Replica", name, {}, options);
    this.args = args;
    this.name = name;
    this.bucket = replicaBucket(name, args, this).name;
    this.registerOutputs({ bucket: this.bucket });
  }

  /** A key that can only read the replica: what its runs recorded. */
  reader(): pulumi.Output<CopyAccess> {
    const label = `granary-reader-of-${this.name}`;
    const key = { place: this.args.job.target, bucket: this.bucket, permission: "read" as const, label };
    return bucketKey(`reader-of-${this.name}`, key, this).access;
  }

  /** The two keys of the host that fills the replica, by the names its job knows the buckets by. */
  grants(host: string, generations: Generations, parent: pulumi.Resource): Record<string, Grant> {
    const { job, source } = this.args;
    const label = `granary-${host}-${this.name}`;
    const read = { place: job.source, bucket: source, permission: "read" as const, label: `${label}-source` };
    const write = { place: job.target, bucket: this.bucket, permission: "readwrite" as const, label };
    return {
      [job.from]: ofGenerations(generations, (generation) =>
        bucketKey(ofGeneration(`${host}-from-source-of-${this.name}`, generation), read, parent),
      ),
      [REPLICA]: ofGenerations(generations, (generation) =>
        bucketKey(ofGeneration(`${host}-to-${this.name}`, generation), write, parent),
      ),
    };
  }
}

function replicaBucket(
  name: string,
  { job, retention, repositories }: ReplicaArgs,
  parent: pulumi.Resource,
): { name: pulumi.Output<string> } {
  if (job.holds === "backups") {
    const { target } = job;
    if (target.kind === "spaces") return spaces.spacesBucket(name, target, spaces.backupRules(retention), parent);
    const locks = lockRules(target, retention, repositories);
    return r2.r2Bucket(name, target, { rules: r2.backupRules(target, retention), locks }, parent);
  }
  const { from, target } = job;
  if (target.kind === "spaces")
    return spaces.spacesBucket(name, target, spaces.uploadsReplicaRules(from, retention), parent);
  const rules = r2.uploadsReplicaRules(from, target.lockDays, retention);
  return r2.r2Bucket(name, target, { rules, locks: uploadsLock(target) }, parent);
}
