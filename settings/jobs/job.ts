import { z } from "zod";
import { cacheSchema, type CacheJob } from "./cache.js";
import { configsSchema, filesSchema, logsSchema, type ConfigsJob, type FilesJob, type LogsJob } from "./files.js";
import { mariadbSchema, type MariadbJob } from "./mariadb.js";
import { postgresSchema, type PostgresJob } from "./postgres.js";
import type { ReplicaJob } from "./replica.js";
import { sourceSchema, type SourceJob } from "./source.js";

/** A job that makes backups. */
export type BackupJob = PostgresJob | MariadbJob | FilesJob | ConfigsJob | LogsJob | SourceJob;

/** One thing on one host that is backed up, or left out on purpose; or the copying of one bucket to another. */
export type Job = BackupJob | CacheJob | ReplicaJob;

/** What a user may write. */
export const jobSchema: z.ZodType<BackupJob | CacheJob> = z.discriminatedUnion(
  "kind",
  [postgresSchema, mariadbSchema, filesSchema, configsSchema, logsSchema, sourceSchema, cacheSchema],
  { error: "use kind: postgres, mariadb, mysql, files, configs, logs, source or cache" },
);

/** Whether a job backs up something of its host. */
export function isBackup(job: Job): job is BackupJob {
  return job.kind !== "cache" && job.kind !== "replica";
}

/** The jobs of a host that back up something of it, by name. */
export function backupJobs(jobs: Record<string, Job>): Record<string, BackupJob> {
  return Object.fromEntries(Object.entries(jobs).filter((entry): entry is [string, BackupJob] => isBackup(entry[1])));
}

/** The jobs of a host that copy buckets, by name. */
export function replicaJobs(jobs: Record<string, Job>): Record<string, ReplicaJob> {
  return Object.fromEntries(
    Object.entries(jobs).filter((entry): entry is [string, ReplicaJob] => entry[1].kind === "replica"),
  );
}
