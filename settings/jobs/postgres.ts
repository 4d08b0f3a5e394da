import { z } from "zod";
import { scheduleSchema, type Schedule } from "../schedule.js";
import { rarestGapDays } from "../schedule/times.js";
import { strict, text } from "../strict.js";
import { containerSchema } from "./container.js";

/** One PostgreSQL database, dumped with its server's roles. Its password, if it needs one, is a secret, not a setting. */
export interface PostgresJob {
  kind: "postgres";
  /** Docker container the server runs in; absent: a native server on the host. */
  container?: string;
  database: string;
  /** Superuser to dump as. Default "postgres". */
  user: string;
  /** When it is dumped. Default "03:00". */
  schedule: Schedule;
  /** Whether its log is shipped to the copies every 20 s, for a restore to any moment. Default false. */
  continuous: boolean;
  /**
   * When a base backup for the continuous log is made. Default "Sun 02:00"; once a week at least, or the base backup would
   * expire before its log; of no effect without `continuous`.
   */
  baseSchedule: Schedule;
  /**
   * How much of the log the server may hold back for a host that does not fetch it, before it gives that host up: MB or
   * GB, as PostgreSQL writes it. Default "4GB"; a limit that the server has already is left alone.
   */
  slotKeep: string;
}

/** No "=" and no "/": the database's own tools would take such a name for a connection string. 63 is PostgreSQL's limit. */
const PG_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.$-]{0,62}$/;

/**
 * Days between two base backups at most. They are kept two weeks and a day longer than a daily backup: one that a week's
 * run missed included. With rarer ones the oldest moments of the log would have no base backup from before them.
 */
export const BASE_EVERY_DAYS = 7;

const WEEKLY = {
  error:
    "base backups rarer than once a week would leave log without one it begins at, so that it restores nothing: use a weekday, e.g. Sun 02:00, or a time",
};

export const postgresSchema = strict("a postgres job", {
  kind: z.literal("postgres"),
  container: containerSchema.exactOptional(),
  database: text(PG_NAME, "use the database's name as `psql -l` shows it: 1-63 letters, digits, _ . $ -"),
  user: text(PG_NAME, "use a superuser's name as `psql -c '\\du'` shows it: 1-63 letters, digits, _ . $ -").default(
    "postgres",
  ),
  schedule: scheduleSchema.prefault("03:00"),
  continuous: z.boolean({ error: "use true or false" }).default(false),
  baseSchedule: scheduleSchema
    .refine(({ times }) => rarestGapDays(times) <= BASE_EVERY_DAYS, WEEKLY)
    .prefault("Sun 02:00"),
  slotKeep: text(/^[1-9]\d{0,5}(MB|GB)$/, 'use a size such as "512MB" or "4GB"').default("4GB"),
});
