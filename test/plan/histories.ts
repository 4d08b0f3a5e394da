/** Random histories of a copy, the same for the same seed. */
import { infrequentAccessRules, lifecycleRules, lockRules, NONCURRENT_DAYS } from "../../plan/retention.js";
import type { Event, History, StoreRules } from "../../plan/simulate.js";
import { DAY } from "../../plan/stamps.js";
import { conflicts } from "../../settings/cross-checks.js";
import { parseSettings } from "../../settings/parse.js";
import type { R2Copy, Retention, Settings } from "../../settings/schema.js";
import { example } from "../settings/example.js";

const HOUR = 3_600_000;
const MINUTE = 60_000;

/** A number from 0 to 1, then the next (mulberry32). */
export type Random = () => number;

export function random(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const between = (r: Random, least: number, most: number): number => least + Math.floor(r() * (most - least + 1));
const chance = (r: Random, p: number): boolean => r() < p;

const base: Settings = parseSettings(example());
const r2 = base.copies["r2"] as R2Copy;

export type Kind = "spaces" | "r2" | "box";

/** A history, and what a property may ask of it. */
export interface Case extends History {
  kind: Kind;
  /** Whether the host's clock was ever wrong by more than seconds. */
  skewed: boolean;
  lockDays: number;
  /** Days after which the two long tiers move, in R2. */
  coldDays: number;
}

/** Settings that the program accepts. */
function accepted(r: Random): { retention: Retention; copy: R2Copy } {
  for (;;) {
    const usual = chance(r, 0.4);
    const retention: Retention = {
      dailyDays: usual ? 30 : between(r, 1, 40),
      monthlyMonths: usual ? 12 : between(r, 1, 6),
      annualYears: usual ? 5 : between(r, 1, 2),
      localDays: 7,
    };
    const copy = { ...r2, lockDays: between(r, 1, 60), infrequentAccessAfterDays: between(r, 1, 90) };
    if (conflicts({ ...base, retention, copies: { r2: copy } }).length === 0) return { retention, copy };
  }
}

export function rulesOf(kind: Exclude<Kind, "box">, retention: Retention, copy: R2Copy): StoreRules {
  const lifecycle = lifecycleRules(retention);
  if (kind === "spaces") return { lifecycle, locks: [], transitions: [], noncurrentDays: NONCURRENT_DAYS };
  return {
    lifecycle,
    locks: lockRules(copy, retention, []),
    transitions: infrequentAccessRules(copy),
    noncurrentDays: 0,
  };
}

/** By how much the host's clock is ahead, over time: mostly by nothing; else it jumps a few times, by seconds or years. */
function clock(r: Random, from: number, until: number): { skewed: boolean; skew: (at: number) => number } {
  if (chance(r, 0.6)) return { skewed: false, skew: () => 0 };
  const jumps = Array.from({ length: between(r, 1, 4) }, () => ({
    from: from + r() * (until - from),
    length: between(r, 1, 40) * DAY,
    by: (chance(r, 0.5) ? 1 : -1) * [90_000, 26 * HOUR, 20 * DAY, 200 * DAY, 800 * DAY][between(r, 0, 4)]!,
  }));
  const skew = (at: number): number => jumps.find((jump) => at >= jump.from && at < jump.from + jump.length)?.by ?? 0;
  return { skewed: true, skew };
}

/** The Sundays of March and October between which a host on local time is an hour early. */
function summer(at: number): boolean {
  const date = new Date(at);
  const sunday = (month: number): number => {
    const last = new Date(Date.UTC(date.getUTCFullYear(), month + 1, 0, 1));
    return last.getTime() - last.getUTCDay() * DAY;
  };
  return at >= sunday(2) && at < sunday(9);
}

/** Days on which nothing ran: none, or a few stretches of a day to a year. */
function outages(r: Random, from: number, until: number): (at: number) => boolean {
  const all = Array.from({ length: chance(r, 0.5) ? 0 : between(r, 1, 4) }, () => {
    const start = from + r() * (until - from);
    return { start, end: start + [1, 5, 40, 400][between(r, 0, 3)]! * DAY };
  });
  return (at) => all.some(({ start, end }) => at >= start && at < end);
}

/** Mostly a few months, sometimes seven years; from any day of 2023 to 2032, so that leap days are met. */
export function history(seed: number, kind: Kind): Case {
  const r = random(seed);
  const { retention, copy } = accepted(r);
  const from = Date.UTC(2023, 0, 1) + between(r, 0, 3650) * DAY + between(r, 0, DAY);
  const days = chance(r, 0.015) ? between(r, 700, 7 * 366) : between(r, 10, chance(r, 0.2) ? 420 : 70);
  const until = from + days * DAY;
  const { skewed, skew } = clock(r, from, until);
  const out = outages(r, from, until);
  const failing = chance(r, 0.3) ? 0.3 : 0.02;
  const continuous = chance(r, 0.3);
  const [hour, daylight, often] = [between(r, 0, 23), chance(r, 0.3), chance(r, 0.1) ? between(r, 2, 4) : 1];
  const events: Event[] = [];
  const add = (kind: Event["kind"], at: number, more: Partial<Event> = {}): void => {
    if (at < until && !out(at)) events.push({ at: Math.floor(at), kind, skew: skew(at), ...more });
  };
  for (let day = Math.ceil(from / DAY) * DAY, n = 0; day < until; day += DAY, n++) {
    for (let i = 0; i < often; i++) {
      const at = day + (hour - (daylight && summer(day) ? 1 : 0)) * HOUR + (i * DAY) / often + r() * 10 * MINUTE;
      add(chance(r, failing) ? "failed" : "backup", at);
    }
    if (continuous) add("piece", day + 23 * HOUR);
    if (continuous && n % 7 === 0 && !chance(r, 0.05)) add("base", day + 8 * HOUR, { took: between(r, 1, 6) * HOUR });
  }
  if (kind === "box") maintenance(r, from, until, events);
  events.sort((a, b) => a.at - b.at);
  const store = kind === "box" ? "box" : rulesOf(kind, retention, copy);
  return {
    kind,
    retention,
    store,
    events,
    from,
    until,
    skewed,
    lockDays: kind === "r2" ? copy.lockDays : 0,
    coldDays: copy.infrequentAccessAfterDays,
  };
}

/** Every few days or weeks, by someone whose clock is now and then wrong. */
function maintenance(r: Random, from: number, until: number, events: Event[]): void {
  const every = between(r, chance(r, 0.1) ? 1 : 14, 45) * DAY;
  for (let at = from + r() * every; at < until; at += every * (0.5 + r())) {
    const skew = chance(r, 0.1) ? (r() - 0.5) * 4000 * DAY : (r() - 0.5) * 8 * MINUTE;
    events.push({ at: Math.floor(at), kind: "maintenance", skew: Math.floor(skew) });
  }
}
