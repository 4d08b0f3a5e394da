/** The databases of a host: whole servers from base backup and log where they can, the others one by one. */
import { backupJobs } from "../../settings/jobs/job.js";
import type { BackupJob } from "../../settings/schema.js";
import type { Evidence } from "../evidence/evidence.js";
import type { BringingBack } from "./bring-back.js";
import { bringJob } from "./job.js";

type DatabaseJob = Extract<BackupJob, { database: string }>;

/**
 * Containers are made by the compose file that came back. A PostgreSQL server with a log comes back whole, into the volume
 * of a container that has not run yet, and brings the databases of its other jobs along. Then the database containers are
 * started, and nothing else, and the other databases are restored.
 */
export async function bringDatabases(what: BringingBack, evidence: Evidence): Promise<void> {
  const jobs = Object.entries(backupJobs(what.host.jobs)).filter(isDatabase);
  const containers = [...new Set(jobs.flatMap(([, { container }]) => container ?? []))];
  const compose = what.host.app?.compose;
  const leaders = compose === undefined || what.from === "dump" ? [] : wholeServers(jobs);
  if (compose !== undefined && containers.length > 0) {
    const create = (): Promise<unknown> => what.remote.run(["granary-app", "create", compose]);
    await evidence.phase("images", "pulled, and containers made", () => what.images?.(create) ?? create());
    for (const [job, { kind }] of leaders) await bringJob(what, job, kind, evidence);
    await evidence.phase("databases", `${containers.join(", ")}, alone`, () =>
      what.remote.run(["granary-app", "databases", compose, ...containers]),
    );
  }
  const came = new Set(leaders.map(([, { container }]) => container));
  for (const [job, settings] of jobs)
    if (came.has(settings.container)) await lookInto(what, job, evidence);
    else await bringJob(what, job, settings.kind, evidence);
}

const isDatabase = (entry: [string, BackupJob]): entry is [string, DatabaseJob] => "database" in entry[1];

/** The job of each container by whose log the whole server comes back. */
function wholeServers(jobs: [string, DatabaseJob][]): [string, DatabaseJob][] {
  const leaders = new Map<string, [string, DatabaseJob]>();
  for (const entry of jobs) {
    const [, { kind, container, continuous }] = entry;
    if (kind === "postgres" && container !== undefined && continuous && !leaders.has(container))
      leaders.set(container, entry);
  }
  return [...leaders.values()];
}

/** A database that came with its server: it answers. One may well have no tables. */
async function lookInto({ remote }: BringingBack, job: string, evidence: Evidence): Promise<void> {
  const said = await evidence.phase(`${job}: look`, "what came with its server", () =>
    remote.run(["granary-bring-back", job, "--look"]),
  );
  const { tables } = JSON.parse(said) as { tables: number };
  evidence.checks([
    { name: `${job}: answers`, ok: tables >= 0, expected: "a number of tables", actual: `${tables} tables` },
  ]);
}
