import type { Job } from "../settings/schema.js";
import type { Schedule } from "../settings/schedule.js";
import { spread } from "./spread.js";

/** Something the clock starts on a host. */
export interface Start {
  job: string;
  /** The job itself, or the base backups for its continuous log. */
  what: "backup" | "base";
  /** The schedule of the settings. */
  written: Schedule;
  /** The schedule it really gets: apart from the others of the host. */
  schedule: Schedule;
}

/** What the clock starts on one host, in the order of its jobs; what is left out is never started. */
export function startsOf(jobs: Readonly<Record<string, Job>>): Start[] {
  const starts = Object.entries(jobs).flatMap(([name, job]) => writtenStarts(name, job));
  const apart = spread(Object.fromEntries(starts.map((start) => [key(start), start.written])));
  return starts.map((start) => ({ ...start, schedule: apart[key(start)] as Schedule }));
}

/** A job's schedules in its env file, as systemd and as cron want them. */
export function schedulePairs(jobs: Readonly<Record<string, Job>>, job: string): Record<string, string> {
  const pairs = startsOf(jobs)
    .filter((start) => start.job === job)
    .map(({ what, schedule: { onCalendar, cron } }) =>
      what === "base"
        ? { GRANARY_BASE_ON_CALENDAR: onCalendar }
        : { GRANARY_ON_CALENDAR: onCalendar, GRANARY_CRON: cron },
    );
  return Object.assign({}, ...pairs) as Record<string, string>;
}

function writtenStarts(job: string, settings: Job): Omit<Start, "schedule">[] {
  if (settings.kind === "cache") return [];
  const backup = { job, what: "backup", written: settings.schedule } as const;
  if (settings.kind !== "postgres" || !settings.continuous) return [backup];
  return [backup, { job, what: "base", written: settings.baseSchedule }];
}

/** No job has a blank in its name. */
function key({ job, what }: Omit<Start, "schedule">): string {
  return `${job} ${what}`;
}
