import { drillConflicts } from "./drill-checks.js";
import { appConflicts } from "./app-checks.js";
import { SNAPSHOT_SLOTS } from "./copies/storage-box.js";
import { isBackup } from "./jobs/job.js";
import { isWithin } from "./jobs/paths.js";
import { remoteKey } from "./jobs/source.js";
import { idleHosts, replicaConflicts } from "./replica-checks.js";
import type { Copy, Host, Job, R2Copy, Settings, StorageBoxCopy } from "./schema.js";

/** Something that is right by itself but wrong beside the rest of the settings. */
export interface Conflict {
  path: string[];
  message: string;
}

/** What Cloudflare bills at least for an object in the InfrequentAccess class, days. */
const INFREQUENT_ACCESS_DAYS = 30;
/** Days of the shortest a month's backup is kept: as the lifecycle counts a month. */
const MONTH_DAYS = 31;
/** And of a year's. */
const YEAR_DAYS = 366;

/** Every conflict between settings that are each valid. */
export function conflicts(settings: Settings): Conflict[] {
  const copies = Object.entries(settings.copies);
  return [
    ...copies.flatMap(([name, copy]) => copyConflicts(["copies", name], copy, settings)),
    ...repeats(copies, bucketOf).map(([name, first]) => ({
      path: ["copies", name, "bucket"],
      message: `the same bucket as copy ${first}: two copies need two buckets`,
    })),
    ...repeats(copies, ([, copy]) => (copy.kind === "storageBox" ? copy.kind : undefined)).map(([name, first]) => ({
      path: ["copies", name, "kind"],
      message: `a second storage box beside ${first}: hosts keep one box account, use one box and another kind`,
    })),
    ...repeats(Object.entries(settings.hosts), addressOf).map(([name, first]) => ({
      path: ["hosts", name, "address"],
      message: `the same server as host ${first}: put the jobs of both under one host`,
    })),
    ...Object.entries(settings.hosts).flatMap(([name, host]) => [
      ...databaseConflicts(name, host),
      ...publishedConfigs(name, host),
      ...unknownRemotes(name, host),
      ...appConflicts(name, host),
    ]),
    ...idleHosts(settings, (name) => !Object.values(settings.hosts[name]!.jobs).some(isBackup)),
    ...replicaConflicts(settings),
    ...missingLogin(settings),
    ...lostRecovery(settings),
    ...lostCredentials(settings),
    ...drillConflicts(settings),
  ];
}

function copyConflicts(path: string[], copy: Copy, settings: Settings): Conflict[] {
  switch (copy.kind) {
    case "spaces":
      return [];
    case "r2":
      return r2Conflicts(path, copy, settings);
    case "storageBox":
      return snapshotConflicts(path, copy);
  }
}

function r2Conflicts(path: string[], copy: R2Copy, { retention }: Settings): Conflict[] {
  const { dailyDays, monthlyMonths, annualYears } = retention;
  const moving = Math.min(monthlyMonths * MONTH_DAYS, annualYears * YEAR_DAYS);
  const shortest = Math.min(dailyDays, moving);
  const latest = moving - INFREQUENT_ACCESS_DAYS;
  const found: Conflict[] = [];
  if (copy.lockDays > shortest) {
    const message = `the lock outlives the retention (dailyDays ${dailyDays}, monthlyMonths ${monthlyMonths}, annualYears ${annualYears}) and would stop it: use at most ${shortest}, or keep backups longer`;
    found.push({ path: [...path, "lockDays"], message });
  }
  if (copy.infrequentAccessAfterDays > latest) {
    const larger = moving === monthlyMonths * MONTH_DAYS ? "monthlyMonths" : "annualYears";
    const message = `a monthly or annual backup would be deleted before the ${INFREQUENT_ACCESS_DAYS} days that class bills at least: use at most ${latest}, or a larger retention.${larger}`;
    found.push({ path: [...path, "infrequentAccessAfterDays"], message });
  }
  if (copy.jurisdiction === "eu" && !copy.location.endsWith("eur"))
    found.push({
      path: [...path, "location"],
      message: "outside the jurisdiction eu: use weur or eeur, or leave it out",
    });
  return found;
}

function snapshotConflicts(path: string[], { type, snapshots }: StorageBoxCopy): Conflict[] {
  const slots = SNAPSHOT_SLOTS[type] as number;
  if (snapshots.keep <= slots) return [];
  const message = `a ${type} keeps ${slots} automatic snapshots: use at most ${slots}, or a larger type`;
  return [{ path: [...path, "snapshots", "keep"], message }];
}

function databaseConflicts(name: string, host: Host): Conflict[] {
  return repeats(Object.entries(host.jobs), ([, job]) => databaseOf(job)).map(([job, first]) => ({
    path: ["hosts", name, "jobs", job, "database"],
    message: `job ${first} backs up this database already: remove one of the two`,
  }));
}

function databaseOf(job: Job): string | undefined {
  return "database" in job ? `${job.kind}/${job.container ?? ""}/${job.database}` : undefined;
}

/** Secrets in a repository's directory are one `git add` away from being pushed. */
function publishedConfigs(name: string, { jobs }: Host): Conflict[] {
  const repositories = Object.entries(jobs).flatMap(([job, it]) =>
    it.kind === "source" ? [{ job, at: it.path }] : [],
  );
  return Object.entries(jobs).flatMap(([job, it]) => {
    if (it.kind !== "configs") return [];
    return it.paths.flatMap((path, i) => {
      const inside = repositories.find(({ at }) => isWithin(path, at) || isWithin(at, path));
      if (inside === undefined) return [];
      const message = `is inside what the source job ${inside.job} pushes (${inside.at}), or holds it: secrets must stay out of Git; keep them in a directory of their own, e.g. /opt/configs, and link to them`;
      return [{ path: ["hosts", name, "jobs", job, "paths", String(i)], message }];
    });
  });
}

function unknownRemotes(name: string, { jobs }: Host): Conflict[] {
  return Object.entries(jobs).flatMap(([job, it]) => {
    if (it.kind !== "source" || it.remote === undefined || remoteKey(it.remote, it.remoteHostKey) !== undefined)
      return [];
    const message =
      "is missing: the key of that remote is not published here; give its public SSH key, as its operator tells it";
    return [{ path: ["hosts", name, "jobs", job, "remoteHostKey"], message }];
  });
}

function bucketOf([, copy]: [string, Copy]): string | undefined {
  if (copy.kind === "spaces") return `spaces/${copy.region}/${copy.bucket}`;
  if (copy.kind === "r2") return `r2/${copy.accountId}/${copy.jurisdiction}/${copy.bucket}`;
  return undefined;
}

function missingLogin({ hosts, ssh }: Settings): Conflict[] {
  const made = Object.entries(hosts).find(([, host]) => "server" in host);
  if (made === undefined || ssh !== undefined) return [];
  const message = `is missing: the program could not log in on the server it makes for host ${made[0]}; give the public half of your SSH key`;
  return [{ path: ["ssh", "publicKey"], message }];
}

function lostRecovery({ hosts, recovery }: Settings): Conflict[] {
  if (recovery === undefined || Object.hasOwn(hosts, recovery.host)) return [];
  const message = "no such host: if that recovery is over, `pulumi config rm granary:recovery`";
  return [{ path: ["recovery", "host"], message }];
}

function lostCredentials({ hosts, credentials = {} }: Settings): Conflict[] {
  const lost = Object.keys(credentials).filter((host) => !Object.hasOwn(hosts, host));
  const message = "no such host: if it is gone for good, take it out of granary:credentials";
  return lost.map((host) => ({ path: ["credentials", host], message }));
}

/** The env files of a server are named by job alone, so one server is one host, on whatever port. */
function addressOf([, host]: [string, Host]): string | undefined {
  return "address" in host ? host.address.toLowerCase() : undefined;
}

/** Names of entries whose key an earlier entry has, each with the earlier one's name; no key, no repeat. */
function repeats<T>(entries: [string, T][], keyOf: (entry: [string, T]) => string | undefined): [string, string][] {
  const first = new Map<string, string>();
  const found: [string, string][] = [];
  for (const entry of entries) {
    const key = keyOf(entry);
    if (key === undefined) continue;
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, entry[0]);
    else found.push([entry[0], earlier]);
  }
  return found;
}
