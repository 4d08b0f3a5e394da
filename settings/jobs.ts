import { z } from "zod";
import { scheduleSchema, type Schedule } from "./schedule.js";
import { strict } from "./strict.js";

/** One PostgreSQL database, dumped with its server's roles. Its password, if it needs one, is a secret, not a setting. */
export interface PostgresJob {
  kind: "postgres";
  /** Docker container the server runs in; absent: a native server on the host. */
  container?: string;
  database: string;
  /** Superuser to dump as. Default "postgres". */
  user: string;
  schedule: Schedule;
}

/** One thing on one host that is backed up. */
export type Job = PostgresJob;

export const jobSchema: z.ZodType<Job> = strict("a postgres job", {
  kind: z.literal("postgres"),
  container: z.string().exactOptional(),
  database: z.string(),
  user: z.string().default("postgres"),
  schedule: scheduleSchema.prefault("03:00"),
});
