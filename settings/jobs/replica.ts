import type { Place } from "../copies/place.js";
import type { R2Copy } from "../copies/r2.js";
import type { SpacesCopy } from "../copies/spaces.js";
import type { Schedule } from "../schedule.js";
import type { UploadsPlace } from "../uploads.js";

interface AnyReplica {
  kind: "replica";
  schedule: Schedule;
  /** Name of the copy, or of the bucket of uploads. */
  from: string;
  source: Place;
}

/** Granary's own keys, each written once. */
export interface BackupsReplica extends AnyReplica {
  holds: "backups";
  target: SpacesCopy | R2Copy;
}

/** Whatever the shop puts there. */
export interface UploadsReplica extends AnyReplica {
  holds: "uploads";
  target: UploadsPlace;
}

/** Copies one bucket to another. Never written by the user: the program makes it of `replica` and `uploads`. */
export type ReplicaJob = BackupsReplica | UploadsReplica;
