import type { Conflict } from "./cross-checks.js";
import { isWithin } from "./jobs/paths.js";
import type { App, Host } from "./schema.js";

/** What is wrong with a host's `app` beside the host's jobs. */
export function appConflicts(name: string, host: Host): Conflict[] {
  const { app } = host;
  if (app === undefined) return [];
  return [...unsavedApp(name, host, app), ...unknownDatabases(name, host, app), ...foreignZone(name, app)];
}

/** A compose file that is in no backup could not start anything on another server. */
function unsavedApp(name: string, { jobs }: Host, { directory }: App): Conflict[] {
  const saved = Object.values(jobs).some((job) => {
    if (job.kind === "source") return isWithin(directory, job.path);
    return (job.kind === "configs" || job.kind === "files") && job.paths.some((path) => isWithin(directory, path));
  });
  if (saved) return [];
  const message =
    "no job backs it up, so the shop could not be started on another server: add it to a source or configs job";
  return [{ path: ["hosts", name, "app", "directory"], message }];
}

function unknownDatabases(name: string, { jobs }: Host, { smoke }: App): Conflict[] {
  const databases = Object.keys(jobs).filter((job) => "database" in jobs[job]!);
  return smoke.flatMap((step, i) => {
    if (!("query" in step) || databases.includes(step.database)) return [];
    const message = `no database job of this host; there are: ${databases.join(", ") || "none"}`;
    return [{ path: ["hosts", name, "app", "smoke", String(i), "database"], message }];
  });
}

function foreignZone(name: string, { domain, dns }: App): Conflict[] {
  if (dns === undefined || domain === dns.zone || domain.endsWith(`.${dns.zone}`)) return [];
  return [
    { path: ["hosts", name, "app", "dns", "zone"], message: `does not hold ${domain}: use the zone the domain is in` },
  ];
}
