import { z } from "zod";
import { scheduleSchema, type Schedule } from "../schedule.js";
import { strict } from "../strict.js";
import { excludeSchema, pathsSchema } from "./paths.js";

interface Paths {
  /** Absolute paths on the host. */
  paths: string[];
  /** Patterns of what is left out. Default: none. */
  exclude: string[];
}

/** Uploads: many files, of which few change; saved with restic, deduplicated, a repository in each copy. */
export interface FilesJob extends Paths {
  kind: "files";
  /** Default "03:20". */
  schedule: Schedule;
}

/** Configuration and secrets: one encrypted tar, its history kept. */
export interface ConfigsJob extends Paths {
  kind: "configs";
  /** Default "03:10". */
  schedule: Schedule;
}

/** Logs worth keeping: one encrypted tar. */
export interface LogsJob extends Paths {
  kind: "logs";
  /** Default "weekly". */
  schedule: Schedule;
}

const common = { paths: pathsSchema, exclude: excludeSchema };

export const filesSchema = strict("a files job", {
  kind: z.literal("files"),
  ...common,
  schedule: scheduleSchema.prefault("03:20"),
});

export const configsSchema = strict("a configs job", {
  kind: z.literal("configs"),
  ...common,
  schedule: scheduleSchema.prefault("03:10"),
});

export const logsSchema = strict("a logs job", {
  kind: z.literal("logs"),
  ...common,
  schedule: scheduleSchema.prefault("weekly"),
});
