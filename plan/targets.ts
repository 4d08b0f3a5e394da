/** What Granary promises, to be measured against. Seconds. */
import type { BackupJob, Schedule } from "../settings/schema.js";
import { gapAround } from "./due.js";

/** Time to recovery by kind of evidence: a damaged part 30 minutes, a lost server 2 hours, which a drill rehearses. */
export const TTR_SECONDS: Readonly<Record<string, number>> = {
  restore: 30 * 60,
  recover: 2 * 3600,
  "clean-room": 2 * 3600,
  drill: 2 * 3600,
};

/** Of a job with a continuous log: how much of what was committed last may be lost. */
export const CONTINUOUS_RPO_SECONDS = 60;

/**
 * How old the data of a job may be: 60 seconds with a continuous log, else what its schedule leaves between two runs.
 * @param schedule the job's real one, apart from the others of its host
 */
export function rpoSeconds(job: BackupJob, schedule: Schedule, at: Date): number {
  return "continuous" in job && job.continuous ? CONTINUOUS_RPO_SECONDS : gapAround(schedule, at) / 1000;
}
