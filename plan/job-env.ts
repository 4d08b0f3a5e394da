import { remoteHost, remoteKey } from "../settings/jobs/source.js";
import type { BackupJob, Copy, Place, ReplicaJob, Settings, SourceJob } from "../settings/schema.js";
import { alertPairs, type JobAlerts } from "./alerts.js";
import { copyPairs } from "./copy-env.js";
import { generationsOf } from "./generations.js";
import { REPLICA, replicaPairs } from "./replication.js";
import { schedulePairs } from "./schedules.js";

/** The host's own key to a bucket. */
export interface S3Access {
  kind: "s3";
  accessKeyId: string;
  secretAccessKey: string;
}

/** The host's own account on a storage box; its SSH key never leaves the host. */
export interface BoxAccess {
  kind: "box";
  /** Host name of the box, e.g. `u1004.your-storagebox.de`. */
  server: string;
  /** Sub-account, e.g. `u1004-sub1`. */
  username: string;
  /** Login of the append-only account for restic repositories, `u1004-sub2@u1004-sub2.your-storagebox.de`; of a host with files jobs. */
  repositories?: string;
  /** Of an account that logs in with it and not with a key; no host's does. */
  password?: string;
}

export { BOX_PORT } from "./copy-env.js";

export type CopyAccess = S3Access | BoxAccess;

export interface JobEnvInput {
  settings: Settings;
  host: string;
  job: string;
  /** Server id or address: ties the file to one machine. */
  machine: string;
  /** By copy name; one for each copy of the settings. Of a replica job: of its source, by name, and of `replica`. */
  access: Record<string, CopyAccess>;
  /** Database password; absent: the server trusts local connections. */
  password?: string;
  /** Password of the job's restic repositories; of a files job only. */
  repositoryPassword?: string;
  /** Whom it tells how its runs end. */
  alerts?: JobAlerts;
}

/**
 * Text of `/etc/granary/<job>.env`: `KEY=value` lines, values literal to the end of the line. It holds secrets.
 * @throws Error when the job, the host or a copy's access is missing, or a value cannot be one line
 */
export function jobEnv(input: JobEnvInput): string {
  const { settings, host, job } = input;
  const jobs = settings.hosts[host]?.jobs ?? {};
  const found = jobs[job];
  if (found === undefined || found.kind === "cache")
    throw new Error(`no job "${host}/${job}" in the settings: check the names`);
  const copies = copiesOf(found, settings);
  const generation = generationsOf(settings, host).used;
  const pairs: Record<string, string> = {
    GRANARY_MACHINE: input.machine,
    GRANARY_HOST: host,
    GRANARY_JOB: job,
    GRANARY_KIND: found.kind,
    ...schedulePairs(jobs, job),
    GRANARY_RECIPIENTS: settings.encryption.recipients.join(" "),
    GRANARY_LOCAL_DAYS: String(settings.retention.localDays),
    ...(found.kind === "replica" ? replicaPairs(found, settings.retention) : kindPairs(found, input)),
    ...alertPairs(input.alerts ?? {}, settings.alerts?.email),
    // Which of the host's own keys are in use.
    ...(generation === 1 ? {} : { GRANARY_GENERATION: String(generation) }),
    GRANARY_COPIES: copies.map(([name]) => name).join(" "),
  };
  for (const [name, copy] of copies) Object.assign(pairs, copyPairs(name, copy, input.access[name], generation));
  return Object.entries(pairs).map(line).join("");
}

/** What a job reads and writes, by the names it knows them by. */
function copiesOf(job: BackupJob | ReplicaJob, { copies }: Settings): [string, Copy | Place][] {
  if (job.kind !== "replica") return Object.entries(copies);
  return [
    [job.from, job.source],
    [REPLICA, job.target],
  ];
}

function kindPairs(job: BackupJob, secrets: JobEnvInput): Record<string, string> {
  switch (job.kind) {
    case "postgres":
      return {
        ...serverPairs("PG", job, secrets),
        ...(job.continuous ? { GRANARY_SLOT_KEEP: job.slotKeep } : {}),
      };
    case "mariadb":
    case "mysql":
      return serverPairs("DB", job, secrets);
    case "files":
    case "configs":
    case "logs":
      return {
        GRANARY_PATHS: JSON.stringify(job.paths),
        GRANARY_EXCLUDE: JSON.stringify(job.exclude),
        ...(secrets.repositoryPassword === undefined ? {} : { GRANARY_RESTIC_PASSWORD: secrets.repositoryPassword }),
      };
    case "source":
      return sourcePairs(job);
  }
}

interface ServerJob {
  container?: string;
  database: string;
  user: string;
  continuous: boolean;
}

function serverPairs(prefix: "PG" | "DB", job: ServerJob, { password }: JobEnvInput): Record<string, string> {
  return {
    [`GRANARY_${prefix}_CONTAINER`]: job.container ?? "",
    [`GRANARY_${prefix}_DATABASE`]: job.database,
    [`GRANARY_${prefix}_USER`]: job.user,
    ...(password === undefined ? {} : { [`GRANARY_${prefix}_PASSWORD`]: password }),
    GRANARY_CONTINUOUS: job.continuous ? "yes" : "no",
  };
}

/** The settings' cross-checks saw to it that a remote has a key. */
function sourcePairs(job: SourceJob): Record<string, string> {
  const path = { GRANARY_SOURCE_PATH: job.path };
  if (job.remote === undefined) return path;
  return {
    ...path,
    GRANARY_SOURCE_REMOTE: job.remote,
    GRANARY_SOURCE_KNOWN_HOST: `${remoteHost(job.remote)} ${remoteKey(job.remote, job.remoteHostKey)}`,
  };
}

/** The value is not shown: it may be a secret. */
function line([key, value]: [string, string]): string {
  if (/[\n\r\0]/.test(value)) throw new Error(`${key} has a line break or a NUL in it: values are one line, remove it`);
  return `${key}=${value}\n`;
}
