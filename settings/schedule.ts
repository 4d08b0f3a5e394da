import { z } from "zod";

/** When a job runs. */
export interface Schedule {
  /** As written in the settings: "HH:MM", every day, UTC. Default "03:00". */
  text: string;
  /** The same as a systemd calendar expression, e.g. "*-*-* 03:00:00 UTC". */
  onCalendar: string;
}

export const scheduleSchema = z.string().transform((text): Schedule => ({ text, onCalendar: `*-*-* ${text}:00 UTC` }));
