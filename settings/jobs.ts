import { z } from "zod";
import { scheduleSchema, type Schedule } from "./schedule.js";
import { strict, text } from "./strict.js";

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

/** No "=" and no "/": the database's own tools would take such a name for a connection string. 63 is PostgreSQL's limit. */
const PG_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.$-]{0,62}$/;

export const jobSchema: z.ZodType<Job> = strict("a postgres job", {
  kind: z.literal("postgres", { error: "use kind: postgres" }),
  container: text(
    /^[A-Za-z0-9][A-Za-z0-9_.-]+$/,
    "use a container's name as `docker ps` shows it, or leave it out for a native server",
  ).exactOptional(),
  database: text(PG_NAME, "use the database's name as `psql -l` shows it: 1-63 letters, digits, _ . $ -"),
  user: text(PG_NAME, "use a superuser's name as `psql -c '\\du'` shows it: 1-63 letters, digits, _ . $ -").default(
    "postgres",
  ),
  schedule: scheduleSchema.prefault("03:00"),
});
