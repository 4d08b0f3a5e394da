/**
 * What is left of one job's backups in one place. What an intruder can do to a kind of copy is what the rehearsal's attacks
 * have shown: {@link ATTACKS}, the table of docs/security.md, and nothing else.
 */
import type { BackupJob, R2Copy, Retention } from "../../settings/schema.js";
import { ATTACKS, type Kind, type Outcome, type Part } from "../attack-claims.js";
import { MONTH_DAYS, YEAR_DAYS } from "../retention.js";
import { CONTINUOUS_RPO_SECONDS } from "../targets.js";
import type { Harm } from "./failures.js";
import { worstGap } from "./gap.js";
import type { Place } from "./places.js";

/** Backups of a job that can be restored from a place. */
export interface Left {
  /** Of the copy, or of a copy's replica. */
  place: string;
  /** How old the newest is at worst, seconds, when the failure comes. */
  newestSeconds: number;
  /** How old the oldest is, days. */
  reachDays: number;
  /** What saved it: nothing had to, versions, a snapshot, the lock. */
  by: "itself" | "versions" | "snapshot" | "lock";
  /** Cannot be reached until an outage ends. */
  away: boolean;
}

const DAY = 86_400;
const RANK: Outcome[] = ["refused", "in place", "versions", "snapshots", "lost"];

/** What is left of `job` in `place` after these harms; undefined: nothing that a restore could use. */
export function leftOf(place: Place, job: BackupJob, harms: Harm[], retention: Retention): Left | undefined {
  if (harms.includes("gone")) return undefined;
  const whole = wholeOf(place, job, harms.includes("away"), retention);
  const end = worstOf(place.copy.kind, job.kind === "files" ? "repository" : "backups", harms);
  switch (end) {
    case undefined:
      return whole;
    case "lost":
      return undefined;
    case "versions":
      return { ...whole, by: "versions" };
    case "snapshots":
      return { ...whole, newestSeconds: whole.newestSeconds + DAY, by: "snapshot" };
    case "refused":
    case "in place":
      return place.copy.kind === "r2" ? locked(whole, place.lag, place.copy, job) : whole;
  }
}

/** Whether the sealed password of a `files` job's repository can still be read there. */
export function escrowLeft({ copy }: Place, harms: Harm[]): boolean {
  return !harms.includes("gone") && worstOf(copy.kind, "escrow", harms) !== "lost";
}

/** How it ends for a part of a copy; undefined: nobody touched it. */
function worstOf(kind: Kind, part: Part, harms: Harm[]): Outcome | undefined {
  const ends = harms.flatMap((harm) => {
    if (harm === "intruder") return endsOf(kind, (attack) => attack.part === "copy" || attack.part === part);
    if (harm !== "deleted") return [];
    // Who may delete artifacts with other rights than a host's may delete a repository too.
    const deletes = part === "escrow" ? part : "backups";
    return endsOf(kind, (attack) => attack.part === deletes && attack.id === "delete");
  });
  return ends.sort((a, b) => RANK.indexOf(b) - RANK.indexOf(a))[0];
}

function endsOf(kind: Kind, test: (attack: (typeof ATTACKS)[number]) => boolean): Outcome[] {
  return ATTACKS.filter(test).flatMap(({ ends }) => ends[kind] ?? []);
}

function wholeOf({ name, lag }: Place, job: BackupJob, away: boolean, retention: Retention): Left {
  const { dailyDays, monthlyMonths, annualYears } = retention;
  const newest = isContinuous(job) ? CONTINUOUS_RPO_SECONDS : worstGap(job.schedule.times);
  const reachDays = Math.max(dailyDays, monthlyMonths * MONTH_DAYS, annualYears * YEAR_DAYS);
  return { place: name, newestSeconds: newest + lag, reachDays, by: "itself", away };
}

/**
 * A lock holds what is younger than itself; the attacks of the rehearsal come before anything is older. So older backups go,
 * and with them every repository: its keys and most of its packs are as old as the job. A log is of use only with a base
 * backup that is held too; a schedule that is rarer than the lock is long leaves moments without any backup.
 */
function locked(whole: Left, lag: number, { lockDays }: R2Copy, job: BackupJob): Left | undefined {
  const holds = (gap: number) => gap + lag <= lockDays * DAY;
  const kept: Left = { ...whole, reachDays: Math.min(whole.reachDays, lockDays), by: "lock" };
  const dumps = worstGap(job.schedule.times);
  if (job.kind === "files") return undefined;
  if (isContinuous(job) && holds(baseGap(job))) return kept;
  return holds(dumps) ? { ...kept, newestSeconds: dumps + lag } : undefined;
}

function isContinuous(job: BackupJob): boolean {
  return "continuous" in job && job.continuous;
}

function baseGap(job: BackupJob): number {
  return worstGap(job.kind === "postgres" ? job.baseSchedule.times : job.schedule.times);
}
