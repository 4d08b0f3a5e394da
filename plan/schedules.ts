import type { Job } from "../settings/schema.js";
import type { Schedule } from "../settings/schedule.js";
import { spread } from "./spread.js";

/** What the clock starts on a host for one job. */
export interface JobSchedules {
  /** Of the job itself; with its times spread, and its text as written. */
  backup: Schedule;
  /** Of the base backups of a continuous job. */
  base?: Schedule;
}

/** When the jobs of one host start, by name; what is left out has no schedule. */
export function jobSchedules(jobs: Readonly<Record<string, Job>>): Record<string, JobSchedules> {
  const apart = spread(Object.fromEntries(Object.entries(jobs).flatMap(([name, job]) => starts(name, job))));
  const found: Record<string, JobSchedules> = {};
  for (const name of Object.keys(jobs)) {
    const backup = apart[name];
    const base = apart[baseOf(name)];
    if (backup !== undefined) found[name] = { backup, ...(base === undefined ? {} : { base }) };
  }
  return found;
}

function starts(name: string, job: Job): [string, Schedule][] {
  if (job.kind === "cache") return [];
  const backup: [string, Schedule] = [name, job.schedule];
  return job.kind === "postgres" && job.continuous ? [backup, [baseOf(name), job.baseSchedule]] : [backup];
}

/** No job has a blank in its name. */
function baseOf(name: string): string {
  return `${name} base`;
}
