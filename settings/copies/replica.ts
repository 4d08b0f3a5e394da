import { R2_JURISDICTIONS, R2_LOCATIONS, SPACES_REGIONS } from "../places.js";
import { scheduleSchema, type Schedule } from "../schedule.js";
import { restricts } from "../schedule/times.js";
import { oneOf, strict, text } from "../strict.js";
import { bucketSchema, endpointSchema } from "./bucket.js";

/** Who copies to a replica, and when. */
export interface ReplicaRun {
  /** Host whose timer runs it. Default: the only host. Best is one that owns no data. */
  on?: string;
  /** At least once a day. */
  schedule: Schedule;
}

/** A second bucket at DigitalOcean, in another region. */
export interface SpacesReplica extends ReplicaRun {
  region: string;
  /** Default: the source's name and "-replica". */
  bucket?: string;
  /** As the copy's. */
  endpoint?: string;
}

/** A second bucket at Cloudflare, in another location. */
export interface R2Replica extends ReplicaRun {
  location: (typeof R2_LOCATIONS)[number];
  /** Default: the source's. */
  jurisdiction?: (typeof R2_JURISDICTIONS)[number];
  /** Default: the source's name and "-replica". */
  bucket?: string;
  /** As the copy's. */
  endpoint?: string;
}

/** A host by name; whether there is such a one is seen once all settings are read. */
const onSchema = text(/^[a-z][a-z0-9-]{0,30}$/, "use the name of a host: its timer copies to the replica");

/** A replica may be a day behind, no more: {@link MAX_LAG} in plan/replication.ts. */
export const dailySchema = (time: string) =>
  scheduleSchema
    .refine(
      ({ times }) =>
        !restricts("days", times.days) && !restricts("months", times.months) && !restricts("weekdays", times.weekdays),
      {
        error: 'a replica that is filled less than once a day is always behind: use a time of every day, e.g. "04:40"',
      },
    )
    .prefault(time);

export const runShape = (time: string) => ({ on: onSchema.exactOptional(), schedule: dailySchema(time) });

/** After the nightly jobs, so that the newest backups are there the same morning. */
const COPIES_AT = "04:40";

export const spacesReplicaSchema = strict("a replica of a spaces copy", {
  region: oneOf("a Spaces region", Object.keys(SPACES_REGIONS)),
  bucket: bucketSchema.exactOptional(),
  ...runShape(COPIES_AT),
  endpoint: endpointSchema.exactOptional(),
});

export const r2ReplicaSchema = strict("a replica of an r2 copy", {
  location: oneOf("an R2 location", R2_LOCATIONS),
  jurisdiction: oneOf("an R2 jurisdiction", R2_JURISDICTIONS).exactOptional(),
  bucket: bucketSchema.exactOptional(),
  ...runShape(COPIES_AT),
  endpoint: endpointSchema.exactOptional(),
});
