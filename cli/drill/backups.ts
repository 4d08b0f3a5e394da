/** Looking at the backups of a copy before one is restored. */
import { backupChecks, newestBackup, type Manifest } from "../../plan/backup-checks.js";
import { startsOf } from "../../plan/schedules.js";
import { rpoSeconds } from "../../plan/targets.js";
import { backupJobs } from "../../settings/jobs/job.js";
import type { BackupJob, Host } from "../../settings/schema.js";
import type { Evidence } from "../evidence/evidence.js";
import type { Remote } from "../remote.js";

/** A manifest with what is shown in the evidence. */
export interface Backup extends Manifest {
  database?: { name: string; serverVersion?: string };
}

/** A job and its newest backup in the copy. */
export interface Chosen {
  job: string;
  settings: BackupJob;
  backup: Backup;
  /** `20261123T030000Z` */
  stamp: string;
}

export const stampOfBackup = ({ created }: Manifest): string => created.replace(/[-:]/g, "");

/** Lists every job's backups, checks what the list tells, and chooses the newest of each; one without any is left out. */
export async function chooseBackups(remote: Remote, host: Host, copy: string, evidence: Evidence): Promise<Chosen[]> {
  const now = new Date();
  const starts = startsOf(host.jobs);
  const chosen: Chosen[] = [];
  for (const [job, settings] of Object.entries(backupJobs(host.jobs))) {
    const { schedule } = starts.find((start) => start.job === job && start.what === "backup")!;
    const manifests = await listed(remote, job, copy, "daily");
    const monthly = (await listed(remote, job, copy, "monthly")).map(stampOfBackup);
    evidence.checks(backupChecks({ job, settings, schedule, now, manifests, monthly }));
    const backup = newestBackup(manifests) as Backup | undefined;
    if (backup === undefined) continue;
    chosen.push({ job, settings, backup, stamp: stampOfBackup(backup) });
    if (!("continuous" in settings && settings.continuous))
      evidence.lost(job, age(backup, now), rpoSeconds(settings, schedule, now));
  }
  return chosen;
}

const age = ({ created }: Manifest, now: Date): number => Math.max(0, (now.getTime() - Date.parse(created)) / 1000);

async function listed(remote: Remote, job: string, copy: string, tier: string): Promise<Backup[]> {
  const text = await remote.run(["granary-artifacts", job, "--copy", copy, "--tier", tier]);
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Backup);
}
