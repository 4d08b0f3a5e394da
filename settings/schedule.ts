import { text } from "./strict.js";

/** When a job runs. */
export interface Schedule {
  /** As written in the settings: "HH:MM", every day, UTC. Default "03:00". */
  text: string;
  /** The same as a systemd calendar expression, e.g. "*-*-* 03:00:00 UTC". */
  onCalendar: string;
}

/** The remedy asks for quotes because some YAML readers take 03:00 for a number. */
export const scheduleSchema = text(
  /^([01]\d|2[0-3]):[0-5]\d$/,
  'use a time of day in UTC, in quotes: "03:00"',
).transform((time): Schedule => ({ text: time, onCalendar: `*-*-* ${time}:00 UTC` }));
