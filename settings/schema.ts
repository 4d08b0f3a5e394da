/**
 * The settings of a stack, as the rest of the program sees them: parsed once, strict, with every default filled in.
 * Each concern has its own file with the rules; this one puts them together. Secrets are never part of the settings.
 */
import type { z } from "zod";
import { alertsSchema, type Alerts } from "./alerts.js";
import { copiesSchema, type Copy } from "./copies/copy.js";
import type { Place } from "./copies/place.js";
import { credentialsSchema, type Credentials } from "./credentials.js";
import { drillSchema, type Drill } from "./drill.js";
import { encryptionSchema, type Encryption } from "./recipients.js";
import { hostsSchema, type Host } from "./hosts.js";
import { recoverySchema, type Recovery } from "./recovery.js";
import { retentionSchema, type Retention } from "./retention.js";
import { sshSchema, type Ssh } from "./ssh.js";
import { statusPageSchema } from "./status-page.js";
import { strict } from "./strict.js";
import { uploadsSchema, type UploadsBucket } from "./uploads.js";

export type { App, Dns } from "./app.js";
export type { Credentials, Stage } from "./credentials.js";
export type { Copy } from "./copies/copy.js";
export type { R2Copy } from "./copies/r2.js";
export type { SpacesCopy } from "./copies/spaces.js";
export type { Place, R2Place, SpacesPlace } from "./copies/place.js";
export type { StorageBoxCopy } from "./copies/storage-box.js";
export type { AddressedHost, CreatedHost, Host, ServerSpec } from "./hosts.js";
export type { Drill } from "./drill.js";
export type { CacheJob } from "./jobs/cache.js";
export type { ConfigsJob, FilesJob, LogsJob } from "./jobs/files.js";
export type { BackupJob, Job } from "./jobs/job.js";
export type { MariadbJob } from "./jobs/mariadb.js";
export type { PostgresJob } from "./jobs/postgres.js";
export type { ReplicaJob } from "./jobs/replica.js";
export type { SourceJob } from "./jobs/source.js";
export type { Encryption } from "./recipients.js";
export type { Recovery } from "./recovery.js";
export type { Retention } from "./retention.js";
export type { Schedule } from "./schedule.js";
export type { PageStep, QueryStep, SmokeStep } from "./smoke.js";
export type { Ssh } from "./ssh.js";
export type { R2Uploads, SpacesUploads, UploadsBucket, UploadsPlace } from "./uploads.js";

/** Everything the stack's plain configuration says. */
export interface Settings {
  /** Who can decrypt. */
  encryption: Encryption;
  /** Places backups are written to, by name, in the order of upload. */
  copies: Record<string, Copy>;
  /** Servers that own data, by name. */
  hosts: Record<string, Host>;
  /** How long each tier is kept. */
  retention: Retention;
  /** Only needed when the program makes a host's server. */
  ssh?: Ssh;
  /** Buckets the shop writes uploads to, by name. */
  uploads?: Record<string, UploadsBucket>;
  /** The monthly restore test; absent: its defaults. */
  drill?: Drill;
  /** Only while a recovery goes on. */
  recovery?: Recovery;
  /** Which generation of its credentials a host has; absent: the first. */
  credentials?: Record<string, Credentials>;
  /** Who is told by e-mail; the other ways to tell are secrets as a whole. */
  alerts?: Alerts;
  /** Where the page of `granary status` is published; absent: nowhere. */
  statusPage?: Place;
}

export const settingsSchema: z.ZodType<Settings> = strict("the settings", {
  encryption: encryptionSchema,
  copies: copiesSchema,
  hosts: hostsSchema,
  retention: retentionSchema,
  ssh: sshSchema.exactOptional(),
  uploads: uploadsSchema.exactOptional(),
  drill: drillSchema.exactOptional(),
  recovery: recoverySchema.exactOptional(),
  credentials: credentialsSchema.exactOptional(),
  alerts: alertsSchema.exactOptional(),
  statusPage: statusPageSchema.exactOptional(),
});
