/** How a long command tells the person watching how it goes: a line when a phase begins, one with its seconds when it ends. */
import type { Check } from "../plan/check.js";

const NAME_WIDTH = 18;

/** `restore            the database comes back` */
export const beginLine = (name: string, what: string): string => `${name.padEnd(NAME_WIDTH)} ${what}\n`;

/** The seconds of the phase that ended. */
export const endLine = (seconds: number): string => `${"".padEnd(NAME_WIDTH)} ${seconds.toFixed(1)} s\n`;

/** A check that failed; one that passed is not worth a line. */
export const failedLine = ({ name, expected, actual }: Check): string =>
  `${"".padEnd(NAME_WIDTH)} FAILED ${name}: expected ${expected}, got ${actual}\n`;

/** Seconds since `performance.now()` was `start`, to a tenth. */
export const secondsSince = (start: number): number => Math.round((performance.now() - start) / 100) / 10;
