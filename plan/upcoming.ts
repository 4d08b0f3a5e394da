import type { Host } from "../settings/schema.js";
import { nextRuns } from "./next-runs.js";
import { startsOf } from "./schedules.js";

/** When something starts on a host, or why it never does. */
export interface Upcoming {
  job: string;
  /** The job's kind, or "base backup". */
  kind: string;
  /** As written in the settings; a job that is left out has none. */
  schedule?: string;
  /** True when it starts later than written, so that jobs of the host do not start together. */
  moved: boolean;
  /** The next three starts, UTC; none for what is left out. */
  next: Date[];
  /** Why a job is left out, and that this is on purpose. */
  leftOut?: string;
}

const RUNS = 3;

/** The jobs of a host in the order of the settings, base backups below theirs. */
export function upcoming({ jobs }: Host, now: Date): Upcoming[] {
  const starts = startsOf(jobs);
  return Object.entries(jobs).flatMap(([job, settings]): Upcoming[] => {
    const { kind } = settings;
    if (kind === "cache")
      return [{ job, kind, moved: false, next: [], leftOut: `left out on purpose: ${settings.reason}` }];
    return starts
      .filter((start) => start.job === job)
      .map(({ what, written, schedule }) => ({
        job,
        kind: what === "base" ? "base backup" : kind,
        schedule: written.text,
        moved: written.cron !== schedule.cron,
        next: nextRuns(schedule, now, RUNS),
      }));
  });
}
