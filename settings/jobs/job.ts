import { z } from "zod";
import { cacheSchema, type CacheJob } from "./cache.js";
import { configsSchema, filesSchema, logsSchema, type ConfigsJob, type FilesJob, type LogsJob } from "./files.js";
import { mariadbSchema, type MariadbJob } from "./mariadb.js";
import { postgresSchema, type PostgresJob } from "./postgres.js";
import { sourceSchema, type SourceJob } from "./source.js";

/** A job that runs: everything but what is left out. */
export type BackupJob = PostgresJob | MariadbJob | FilesJob | ConfigsJob | LogsJob | SourceJob;

/** One thing on one host that is backed up, or left out on purpose. */
export type Job = BackupJob | CacheJob;

export const jobSchema: z.ZodType<Job> = z.discriminatedUnion(
  "kind",
  [postgresSchema, mariadbSchema, filesSchema, configsSchema, logsSchema, sourceSchema, cacheSchema],
  { error: "use kind: postgres, mariadb, mysql, files, configs, logs, source or cache" },
);

/** Whether a job runs, or only says what is left out. */
export function isBackup(job: Job): job is BackupJob {
  return job.kind !== "cache";
}

/** The jobs of a host that run, by name. */
export function backupJobs(jobs: Record<string, Job>): Record<string, BackupJob> {
  return Object.fromEntries(Object.entries(jobs).filter((entry): entry is [string, BackupJob] => isBackup(entry[1])));
}
