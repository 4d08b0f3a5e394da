import { isWithin } from "./jobs/paths.js";
import type { Conflict } from "./cross-checks.js";
import type { Host, Job } from "./schema.js";

/** What is wrong with a host's `app` beside the host's jobs. */
export function appConflicts(name: string, host: Host): Conflict[] {
  const at = ["hosts", name, "app"];
  return [...unknownDatabases(host), ...lostCompose(host), ...untriedName(host)].map(({ path, message }) => ({
    path: [...at, ...path],
    message,
  }));
}

function unknownDatabases({ app, jobs }: Host): Conflict[] {
  const databases = Object.keys(jobs).filter((job) => "database" in jobs[job]!);
  return (app?.smoke ?? []).flatMap((step, i) => {
    if (!("query" in step) || databases.includes(step.database)) return [];
    const message = `no database job of this host; there are: ${databases.join(", ") || "none"}`;
    return [{ path: ["smoke", String(i), "database"], message }];
  });
}

/** The compose file starts the shop on another server, so it must be there. */
function lostCompose({ app, jobs }: Host): Conflict[] {
  if (app?.compose === undefined) return [];
  const file = app.compose;
  if (Object.values(jobs).some((job) => places(job).some((place) => isWithin(file, place)))) return [];
  return [{ path: ["compose"], message: "no job backs it up: add it to a job of kind configs or source" }];
}

function places(job: Job): string[] {
  if (job.kind === "source") return [job.path];
  return job.kind === "configs" || job.kind === "files" ? job.paths : [];
}

function untriedName({ app }: Host): Conflict[] {
  if (app?.dns === undefined) return [];
  const message = `the name is moved to a new server only after a customer's steps worked there: write some in smoke`;
  return [
    ...(isWithinZone(app.domain, app.dns.zone)
      ? []
      : [{ path: ["dns", "zone"], message: `${app.domain} is not in this zone` }]),
    ...(app.smoke.length > 0 ? [] : [{ path: ["dns"], message }]),
  ];
}

const isWithinZone = (domain: string, zone: string): boolean => domain === zone || domain.endsWith(`.${zone}`);
