/**
 * What the copies say about each job: is there a good backup, as young as its schedule promises? Pure: what was read from
 * the copies goes in, a colour with a reason for everything comes out. Times in ms since 1970.
 */
import { backupJobs, replicaJobs, type BackupJob } from "../settings/jobs/job.js";
import type { Schedule, Settings } from "../settings/schema.js";
import { CLOCK_TOLERANCE } from "./clock.js";
import { drillAge, DRILL_DAYS, type LastDrill } from "./drill.js";
import { lastDue } from "./due.js";
import { startsOf } from "./schedules.js";
import { stampTime } from "./stamps.js";
import { replicaRow, type SeenReplica } from "./status-replica.js";

/** A run may take this long before its backup is overdue. */
export const GRACE = 3_600_000;

/** The log's heartbeat is in every copy within two minutes; one that is older than this does not come any more. */
export const LOG_LIMIT = 15 * 60_000;

/** Below this share of what is usual, a backup is suspicious; below the second one something is missing. */
export const SHRUNK = { yellow: 0.5, red: 0.1 };

/** Backups that "usual" is told from: fewer tell nothing. */
export const USUAL_FROM = 3;

/** `grey`: not known. From best to worst. */
export const COLOURS = ["green", "grey", "yellow", "red"] as const;
export type Colour = (typeof COLOURS)[number];

export interface Finding {
  what: "backup" | "base" | "log" | "size" | "copy" | "drill" | "replica";
  colour: Colour;
  reason: string;
}

/** A backup as its manifest tells it. */
export interface SeenBackup {
  stamp: string;
  /** Why it does not count; absent: it was read back from this copy, and all that it names is there. */
  fault?: string;
}

/** What one copy holds of one job. */
export interface Seen {
  /** The newest few that have a manifest, newest first. */
  backups: SeenBackup[];
  /** The same of base backups. */
  bases: SeenBackup[];
  /** Bytes of each backup with a manifest, newest first. */
  bytes: number[];
  /** Stamp of the newest piece of the log. */
  piece?: string;
}

/** Of one copy by `host/job`, or why it could not be read. */
export type SeenCopy = { jobs: Record<string, Seen> } | { error: string };

export interface Row {
  job: string;
  kind: string;
  /** Absent: of a job that writes to no copy of the settings. */
  copy?: string;
  colour: Colour;
  findings: Finding[];
  /** Of the last good backup, UTC. */
  last?: string;
  ageSeconds?: number;
  bytes?: number;
  /** Seconds since the newest piece of the log. */
  logSeconds?: number;
  /** Seconds that a replica is behind. */
  lagSeconds?: number;
}

export interface HostStatus {
  host: string;
  colour: Colour;
  drill: Finding;
  rows: Row[];
}

export interface Status {
  /** False if anything is red. */
  ok: boolean;
  colour: Colour;
  /** When it was read, UTC. */
  at: string;
  hosts: HostStatus[];
}

export interface StatusQuestion {
  settings: Settings;
  /** By copy. */
  seen: Record<string, SeenCopy>;
  /** By replica's job. */
  replicas?: Record<string, SeenReplica>;
  /** By host. */
  drills: Record<string, LastDrill>;
  now: number;
}

export const worst = (colours: Colour[]): Colour =>
  COLOURS[Math.max(0, ...colours.map((colour) => COLOURS.indexOf(colour)))]!;

/** Every host, job and copy of the settings; what was never backed up is there as well. */
export function judge({ settings, seen, replicas = {}, drills, now }: StatusQuestion): Status {
  const hosts = Object.entries(settings.hosts).map(([host, { jobs }]): HostStatus => {
    const starts = startsOf(jobs);
    const backups = Object.entries(backupJobs(jobs)).flatMap(([job, details]) => {
      const when = (what: "backup" | "base") => starts.find((it) => it.job === job && it.what === what)?.schedule;
      const schedules = { backup: when("backup")!, base: when("base") };
      return Object.keys(settings.copies).map((copy) =>
        row({ job, details, copy, schedules, now }, seen[copy] ?? { error: "it was not read" }, `${host}/${job}`),
      );
    });
    const ofReplicas = Object.entries(replicaJobs(jobs)).map(([job, details]) => {
      const start = starts.find((it) => it.job === job)!.schedule;
      return replicaRow(job, details, start, replicas[job] ?? { unread: "it was not read" }, now);
    });
    const rows = [...backups, ...ofReplicas];
    const found = backups.length > 0 ? drill(drills[host], new Date(now)) : NO_DATA;
    return { host, colour: worst([found.colour, ...rows.map(({ colour }) => colour)]), drill: found, rows };
  });
  const colour = worst(hosts.map((host) => host.colour));
  return { ok: colour !== "red", colour, at: new Date(now).toISOString(), hosts };
}

interface Asked {
  job: string;
  details: BackupJob;
  copy: string;
  schedules: { backup: Schedule; base: Schedule | undefined };
  now: number;
}

function row({ job, details, copy, schedules, now }: Asked, copySeen: SeenCopy, id: string): Row {
  const common = { job, kind: details.kind, copy };
  if ("error" in copySeen) {
    const finding: Finding = { what: "copy", colour: "red", reason: `the copy could not be read: ${copySeen.error}` };
    return { ...common, colour: "red", findings: [finding] };
  }
  const of = copySeen.jobs[id] ?? { backups: [], bases: [], bytes: [] };
  const findings = [punctual("backup", of.backups, schedules.backup, now)];
  const size = shrink(of.bytes);
  if (size !== undefined && details.kind !== "files") findings.push(size);
  if (schedules.base !== undefined) findings.push(punctual("base", of.bases, schedules.base, now));
  const piece = timeOf(of.piece);
  if ("continuous" in details && details.continuous) findings.push(log(piece, now));
  const last = timeOf(goodOf(of.backups, now)?.stamp);
  return {
    ...common,
    colour: worst(findings.map(({ colour }) => colour)),
    findings,
    ...(last === undefined ? {} : { last: new Date(last).toISOString(), ageSeconds: seconds(now - last) }),
    ...(of.bytes[0] === undefined || details.kind === "files" ? {} : { bytes: of.bytes[0] }),
    ...(piece === undefined ? {} : { logSeconds: seconds(now - piece) }),
  };
}

const seconds = (ms: number): number => Math.round(ms / 1000);
const timeOf = (stamp: string | undefined): number | undefined => (stamp === undefined ? undefined : stampTime(stamp));
const minute = (time: number | Date): string => `${new Date(time).toISOString().slice(0, 16).replace("T", " ")} UTC`;

const ahead = (time: number, now: number): boolean => time > now + CLOCK_TOLERANCE;

/** The newest that counts; one that is dated in the future does not. */
function goodOf(backups: SeenBackup[], now: number): SeenBackup | undefined {
  return backups.find(({ stamp, fault }) => fault === undefined && !ahead(timeOf(stamp) ?? Infinity, now));
}

/** Whether the run that was due last left a good backup here. */
function punctual(what: "backup" | "base", backups: SeenBackup[], schedule: Schedule, now: number): Finding {
  const name = what === "base" ? "base backup" : "backup";
  const [newest] = backups;
  const good = goodOf(backups, now) ?? backups.find(({ fault }) => fault === undefined);
  const future = backups.map(({ stamp }) => timeOf(stamp)).find((made) => made !== undefined && ahead(made, now));
  const fault = newest?.fault === undefined ? "" : `; the newest, ${newest.stamp}, does not count: ${newest.fault}`;
  const made = timeOf(good?.stamp);
  const due = lastDue(schedule, new Date(now));
  if (made === undefined) return { what, colour: "red", reason: `no good ${name}${fault}` };
  if (future !== undefined) {
    const before = made === future ? "" : `; the last that counts is of ${minute(made)}`;
    const reason = `the newest ${name} is dated in the future, ${minute(future)}: look who did it${before}`;
    return { what, colour: "red", reason };
  }
  const reached = (start: Date) => made >= start.getTime() - CLOCK_TOLERANCE;
  if (reached(due)) {
    const colour = fault === "" ? "green" : "yellow";
    return { what, colour, reason: `${name} of ${minute(made)}${fault}` };
  }
  const before = lastDue(schedule, new Date(due.getTime() - 1));
  if (now - due.getTime() < GRACE && reached(before))
    return { what, colour: "yellow", reason: `the run of ${minute(due)} has not left a good ${name} yet${fault}` };
  const reason = `overdue: the run of ${minute(due)} left no good ${name} here, the last is of ${minute(made)}${fault}`;
  return { what, colour: "red", reason };
}

/** undefined while there are too few to compare with. */
function shrink([newest, ...before]: number[]): Finding | undefined {
  if (newest === undefined || before.length < USUAL_FROM) return undefined;
  const usual = before.sort((a, b) => a - b)[Math.floor(before.length / 2)]!;
  const share = `${newest} bytes, usual are ${usual}`;
  if (newest < usual * SHRUNK.red) return { what: "size", colour: "red", reason: `nearly nothing is left: ${share}` };
  if (newest < usual * SHRUNK.yellow) return { what: "size", colour: "yellow", reason: `much smaller: ${share}` };
  return { what: "size", colour: "green", reason: share };
}

function log(piece: number | undefined, now: number): Finding {
  if (piece === undefined) return { what: "log", colour: "red", reason: "no piece of the log" };
  if (ahead(piece, now))
    return { what: "log", colour: "red", reason: `the log is dated in the future, ${minute(piece)}` };
  const reason = `newest piece of the log: ${minute(piece)}`;
  if (now - piece > LOG_LIMIT) return { what: "log", colour: "red", reason: `the log does not come: ${reason}` };
  return { what: "log", colour: "green", reason };
}

const NO_DATA: Finding = { what: "drill", colour: "green", reason: "owns no data: nothing to restore" };

function drill(last: LastDrill | undefined, now: Date): Finding {
  if (last === undefined)
    return { what: "drill", colour: "yellow", reason: "no drill yet: run `granary drill --identity FILE`" };
  const when = `the last drill, of ${minute(last.finished)}`;
  if (!last.ok) return { what: "drill", colour: "red", reason: `${when}, failed` };
  if (drillAge(last, now) > DRILL_DAYS)
    return { what: "drill", colour: "red", reason: `${when}, is older than ${DRILL_DAYS} days` };
  return { what: "drill", colour: "green", reason: `${when}, passed` };
}
