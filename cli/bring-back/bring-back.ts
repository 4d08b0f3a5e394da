/** Everything of a host onto a server that has nothing of it yet: configuration, code and uploads, then the databases. */
import { backupJobs } from "../../settings/jobs/job.js";
import type { BackupJob, Host } from "../../settings/schema.js";
import type { Evidence } from "../evidence/evidence.js";
import type { Remote } from "../remote.js";
import { bringDatabases } from "./databases.js";
import { bringJob } from "./job.js";
import { startShop } from "./shop.js";

export interface BringingBack {
  /** The server, with the host's jobs deployed and held. */
  remote: Remote;
  /** The host as the settings have it. */
  host: Host;
  copy: string;
  /** The newest backup not after it, or where the log is shipped the very instant; absent: the newest there is. */
  at?: string | undefined;
  /** "dump": databases from their newest dump, although they have a log. */
  from?: "dump" | undefined;
  /** Goes to the server by standard input, job by job. */
  identity: string;
  /** Runs what pulls images; absent: the server may go out as it is. */
  images?: (make: () => Promise<unknown>) => Promise<unknown>;
  /** The commit of each source job that is checked out; absent: the one that was saved. */
  commit?: string | undefined;
}

/** What the others build on comes first. */
const ORDER: BackupJob["kind"][] = ["configs", "source", "files", "logs"];

/**
 * Each phase may be interrupted and run again: what is back already is not fetched a second time.
 * @throws RemoteError with what the server said
 */
export async function bringBack(what: BringingBack, evidence: Evidence): Promise<void> {
  const jobs = Object.entries(backupJobs(what.host.jobs));
  for (const kind of ORDER)
    for (const [job, settings] of jobs.filter(([, it]) => it.kind === kind)) {
      await bringJob(what, job, kind, evidence);
      if (settings.kind === "source") await checkOut(what, settings.path, evidence);
    }
  await bringDatabases(what, evidence);
  await startShop(what, evidence);
}

/** @throws RemoteError when the repository has no such commit */
async function checkOut({ remote, commit }: BringingBack, path: string, evidence: Evidence): Promise<void> {
  const git = ["git", "-c", `safe.directory=${path}`, "-C", path];
  if (commit !== undefined)
    await evidence.phase("commit", `${path} as of ${commit}`, () =>
      remote.run([...git, "-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", commit]),
    );
  evidence.version(`code in ${path}`, (await remote.run([...git, "rev-parse", "HEAD"])).trim());
}
