/** What one failure, or several at once, leave of a host's data. */
import { backupJobs } from "../../settings/jobs/job.js";
import type { Settings } from "../../settings/schema.js";
import type { Failure, FailureKind } from "./failures.js";
import { escrowLeft, leftOf, type Left } from "./left.js";
import { placesOf } from "./places.js";

/** What is left of one job. */
export interface JobFate {
  job: string;
  /** Where it can be restored from, in the order of the settings; empty: nowhere, ever. */
  left: Left[];
}

/** What is left of a host. */
export interface Fate {
  /** Names of what happened at once: one or two. */
  failures: string[];
  kinds: FailureKind[];
  production: "stands" | "away" | "gone";
  jobs: JobFate[];
  /** Jobs that no copy can restore now, whether production stands or not. */
  red: string[];
}

/** @param failures of this host, by `failuresOf` */
export function fateOf(settings: Settings, host: string, failures: Failure[]): Fate {
  const places = placesOf(settings, host).map((place) => ({
    place,
    harms: failures.flatMap(({ harm }) => harm(place) ?? []),
  }));
  const hits = failures.map(({ production }) => production);
  const production = hits.includes("gone") ? "gone" : hits.includes("away") ? "away" : "stands";
  const lost = new Set(failures.flatMap(({ identities }) => identities));
  // Any one identity opens; none, and the rest is noise.
  const opens = lost.size < settings.encryption.recipients.length;
  const sealed = places.filter(({ place, harms }) => escrowLeft(place, harms));
  // A repository's password is in the stack's state, in the host's settings, and sealed to the identities in each copy.
  const stateReads = failures.every(({ state }) => !state);
  const passwordEver = stateReads || production !== "gone" || (opens && sealed.length > 0);
  const passwordNow =
    stateReads || production === "stands" || (opens && sealed.some(({ harms }) => !harms.includes("away")));
  const jobs = Object.entries(backupJobs(settings.hosts[host]!.jobs)).map(([name, job]): JobFate => {
    const left = places.flatMap(({ place, harms }) => leftOf(place, job, harms, settings.retention) ?? []);
    if (job.kind !== "files") return { job: name, left: opens ? left : [] };
    if (!passwordEver) return { job: name, left: [] };
    return { job: name, left: left.map((one) => ({ ...one, away: one.away || !passwordNow })) };
  });
  const red = jobs.filter(({ left }) => left.every(({ away }) => away)).map(({ job }) => job);
  return { failures: failures.map(({ name }) => name), kinds: failures.map(({ kind }) => kind), production, jobs, red };
}

/** Whether a fate is red, or leaves less of some job than each of the failures alone: older, or not as far back. */
export function isWeaker(pair: Fate, singles: Fate[]): boolean {
  return (
    pair.red.length > 0 ||
    pair.jobs.some((job, i) => {
      const alone = singles.map(({ jobs }) => best(jobs[i]!));
      const both = best(job);
      return (
        both.newestSeconds > Math.max(...alone.map(({ newestSeconds }) => newestSeconds)) ||
        both.reachDays < Math.min(...alone.map(({ reachDays }) => reachDays))
      );
    })
  );
}

/** The newest and the oldest that can be restored now, wherever it is. */
export function best({ left }: JobFate): Pick<Left, "newestSeconds" | "reachDays"> {
  const now = left.filter(({ away }) => !away);
  return {
    newestSeconds: Math.min(...now.map(({ newestSeconds }) => newestSeconds)),
    reachDays: Math.max(0, ...now.map(({ reachDays }) => reachDays)),
  };
}
