import { z } from "zod";
import { looksSecret } from "./errors.js";
import { calendarText, readCalendar, REMEDY } from "./schedule/calendar.js";
import { cronText, looksLikeCron, readCron } from "./schedule/cron.js";
import { elapses, restricts, type Times } from "./schedule/times.js";

export type { Times } from "./schedule/times.js";

/** When a job runs, in UTC. The three forms mean the same. */
export interface Schedule {
  /** As written in the settings, e.g. "03:00", weekly, "Mon..Fri 03:00", "0 3 * * 1-5". */
  text: string;
  /** As systemd writes it, e.g. "*-*-* 03:00:00 UTC". */
  onCalendar: string;
  /** The five fields of a cron line, e.g. "0 3 * * *", for a cron in UTC. */
  cron: string;
  times: Times;
}

/** A schedule of these times. */
export function scheduleOf(text: string, times: Times): Schedule {
  return { text, onCalendar: calendarText(times), cron: cronText(times), times };
}

/** "HH:MM" (every day), a word, a systemd calendar expression or a cron line. The remedy asks for quotes because some YAML readers take 03:00 for a number. */
export const scheduleSchema = z
  .string({ error: REMEDY })
  .refine((value) => !looksSecret(value), { error: `this is a secret: treat it as leaked and remove it; ${REMEDY}` })
  .transform((value, ctx): Schedule => {
    const times = readTimes(value.trim());
    if (typeof times !== "string") return scheduleOf(value.trim(), times);
    ctx.addIssue({ code: "custom", message: times });
    return z.NEVER;
  });

function readTimes(text: string): Times | string {
  const times = looksLikeCron(text) ? readCron(text) : readCalendar(text);
  return typeof times === "string" ? times : (unusable(times) ?? times);
}

/** What each syntax takes but cannot be a schedule in both. */
function unusable(times: Times): string | undefined {
  if (restricts("days", times.days) && restricts("weekdays", times.weekdays))
    return "cron cannot ask for a day of the month that is also a weekday: leave out one of them";
  return elapses(times) ? undefined : "no month of these has such a day, so the job would never run: use another day";
}
