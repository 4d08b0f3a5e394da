import { z } from "zod";
import { scheduleSchema, type Schedule } from "../schedule.js";
import { oneOf, strict, text } from "../strict.js";
import { containerSchema } from "./container.js";

/** One MariaDB or MySQL database, dumped with routines, events, triggers and the server's users. */
export interface MariadbJob {
  kind: "mariadb" | "mysql";
  /** Docker container the server runs in; absent: a native server on the host. */
  container?: string;
  database: string;
  /** User to dump as. Default "root". */
  user: string;
  /** When it is dumped. Default "03:00". */
  schedule: Schedule;
  /** Whether the binary log is shipped to the copies every 20 s, for a restore to any moment. Default false. */
  continuous: boolean;
}

/** 64 is the servers' limit; no "/" and no leading "-", which the tools would take for a path or an option. */
const NAME = /^[A-Za-z0-9_$][A-Za-z0-9_$-]{0,63}$/;

export const mariadbSchema = strict("a mariadb or mysql job", {
  kind: oneOf("a kind", ["mariadb", "mysql"]),
  container: containerSchema.exactOptional(),
  database: text(NAME, "use the database's name as SHOW DATABASES shows it: 1-64 letters, digits, _ $ -"),
  user: text(NAME, "use a user's name without its host: 1-64 letters, digits, _ $ -").default("root"),
  schedule: scheduleSchema.prefault("03:00"),
  continuous: z.boolean({ error: "use true or false" }).default(false),
});
