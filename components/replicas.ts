import type * as pulumi from "@pulumi/pulumi";
import { repositories } from "../plan/retention.js";
import { replicasOf } from "../settings/replicas.js";
import type { ReplicaJob, Settings } from "../settings/schema.js";
import type { CopyComponent } from "./copy.js";
import { Replica } from "./replica.js";
import { UploadsBucket } from "./uploads-bucket.js";

/** Every replica of the settings by the name of its job, and the buckets of uploads that the program makes. */
export function provisionReplicas(settings: Settings, copies: Record<string, CopyComponent>): Record<string, Replica> {
  const common = { retention: settings.retention, repositories: repositories(settings.hosts) };
  return Object.fromEntries(
    replicasOf(settings).map(({ name, job }) => {
      const source = job.holds === "backups" ? copies[job.from]!.bucketName! : uploadsBucket(job, settings);
      const of = job.holds === "backups" ? job.from : `${job.from}-uploads`;
      return [name, new Replica(`${of}-replica`, { job, source, ...common })];
    }),
  );
}

/** Made unless it is there already, and then left as it is. */
function uploadsBucket({ from }: ReplicaJob, { uploads }: Settings): pulumi.Input<string> {
  const bucket = uploads![from]!;
  return bucket.create ? new UploadsBucket(`${from}-uploads`, bucket).bucket : bucket.bucket;
}
