import type { Tier } from "./keys.js";

/** Milliseconds of a day of UTC, which knows no summer time. */
export const DAY = 86_400_000;

const STAMP = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** The UTC time in the name of an artifact, `20261123T030000Z`. */
export function stampOf(time: number): string {
  const iso = new Date(time).toISOString();
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
}

/** Milliseconds since 1970 of a stamp; undefined for what is none, a 31st of February included. */
export function stampTime(stamp: string): number | undefined {
  const parts = STAMP.exec(stamp);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [number, ...number[]];
  const date = new Date(Date.UTC(year, month! - 1, day, hour, minute, second));
  const real = date.getUTCMonth() === month! - 1 && date.getUTCDate() === day && minute! < 60 && second! < 60;
  return real ? date.getTime() : undefined;
}

/** What the stamps of one month, or one year, begin with: `202611`, `2026`. */
export function periodOf(tier: Exclude<Tier, "daily">, stamp: string): string {
  return stamp.slice(0, tier === "monthly" ? 6 : 4);
}

/**
 * Tiers that a backup is also put in, once it is verified in a copy: those that have none of its month or year yet.
 * So the monthly and the annual backup is the first verified one of its period, in each copy by itself. One that is dated
 * later than this one was written by a wrong clock, and does not stand for the period. The host does the same
 * (scripts/lib/tiers.sh).
 *
 * @param held stamps of a period that the tier of that copy has
 */
export function promotions(
  stamp: string,
  held: (tier: Tier, period: string) => readonly string[],
): Exclude<Tier, "daily">[] {
  return (["monthly", "annual"] as const).filter(
    (tier) => !held(tier, periodOf(tier, stamp)).some((it) => it <= stamp),
  );
}
