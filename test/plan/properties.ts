/**
 * What must hold of a copy over the years, computed from the settings and the history and not from the rules that are
 * tried: months and years are those of the calendar.
 */
import { stampTime } from "../../plan/stamps.js";
import type { Event, Life, Simulation } from "../../plan/simulate.js";
import type { Case } from "./histories.js";

const DAY = 86_400_000;
const TOLERANCE = 300_000;

export type Broken = string | undefined;
export type Property = (past: Case, simulation: Simulation) => Broken;

const day = (time: number): string => new Date(time).toISOString();
const lives = (s: Simulation, tier: Life["tier"]): Life[] => s.lives.filter((life) => life.tier === tier);
const first = (all: Iterable<Broken>): Broken => {
  for (const broken of all) if (broken !== undefined) return broken;
  return undefined;
};

/** Years and months later by the calendar; the 31st of a shorter month is its last day. */
function later(time: number, years: number, months: number): number {
  const date = new Date(time);
  const target = new Date(time);
  target.setUTCDate(1);
  target.setUTCFullYear(date.getUTCFullYear() + years, date.getUTCMonth() + months, 1);
  const last = new Date(Date.UTC(target.getUTCFullYear(), target.getUTCMonth() + 1, 0)).getUTCDate();
  return target.setUTCDate(Math.min(date.getUTCDate(), last));
}

/** Until when a backup must be there, if its age counts from `since`. */
function promised({ retention }: Case, tier: Life["tier"], since: number): number {
  if (tier === "monthly") return later(since, 0, retention.monthlyMonths);
  if (tier === "annual") return later(since, retention.annualYears, 0);
  return since + (retention.dailyDays + (tier === "daily" ? 0 : 15)) * DAY;
}

/** The longest that a tier may be there: a month has 31 days at most, a year 366. */
function longest({ retention, lockDays }: Case, tier: Life["tier"]): number {
  const { dailyDays, monthlyMonths, annualYears } = retention;
  const days = { daily: dailyDays, monthly: monthlyMonths * 31, annual: annualYears * 366, replication: dailyDays };
  const own = tier === "base" || tier === "wal" ? dailyDays + 15 : days[tier];
  return (Math.max(own, lockDays) + 1) * DAY;
}

const known = new WeakMap<Simulation, number[]>();

/** Times of the runs of maintenance that did not refuse. */
function runs(s: Simulation): number[] {
  const times = known.get(s) ?? s.runs.flatMap(({ at, decision }) => (decision === undefined ? [] : [at]));
  known.set(s, times);
  return times;
}

/** How many runs were not after a time. */
function runsUntil(times: number[], time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** From when age counts: in a store, from the writing. In a box, from the stamp, unless a run proved it wrong. */
function since(past: Case, s: Simulation, life: Life): number {
  if (past.kind !== "box") return life.written;
  const stamped = stampTime(life.stamp)!;
  const next = runsUntil(runs(s), life.written);
  const seen = runs(s)[next] ?? Infinity;
  const before = runs(s)[next - 1] ?? -Infinity;
  return stamped > seen + TOLERANCE || stamped < before - TOLERANCE ? seen : stamped;
}

/** Nothing goes early. In a box the clock of who maintains may be 5 minutes off. */
export const kept: Property = (past, s) =>
  first(
    s.lives.map((life) => {
      const from = since(past, s, life);
      // An object of the log counts from its stamp alone: see the property of the window.
      if (past.kind === "box" && life.tier === "wal") return undefined;
      if (life.removed === undefined || life.removed + TOLERANCE >= promised(past, life.tier, from)) return undefined;
      return `${life.key} of ${day(life.written)} went early, ${day(life.removed)}`;
    }),
  );

/** The first verified of each month and year is in its tier, from the moment it was made. */
export const firstOfPeriod: Property = (past, s) => {
  const seen = { monthly: new Set<number>(), annual: new Set<number>() };
  const there = new Set(
    s.lives
      .filter(({ tier }) => tier === "monthly" || tier === "annual")
      .map(({ tier, stamp, written }) => `${tier} ${stamp} ${written}`),
  );
  const check = (tier: "monthly" | "annual", period: number, { at, skew }: Event): Broken => {
    if (seen[tier].has(period)) return undefined;
    seen[tier].add(period);
    const stamp = day(at + skew).replace(/[-:]|\.\d+/g, "");
    return there.has(`${tier} ${stamp} ${at}`) ? undefined : `${tier} has no ${stamp}, the first of ${period}`;
  };
  return first(
    past.events.map((event) => {
      if (event.kind !== "backup") return undefined;
      const date = new Date(event.at + event.skew);
      const year = date.getUTCFullYear();
      return check("monthly", year * 100 + date.getUTCMonth() + 1, event) ?? check("annual", year, event);
    }),
  );
};

/** A backup from ahead of its time does not stand for its month or year: a later one with a right clock is there too. */
export const futureIsNotFirst: Property = (past, s) => {
  if (!past.skewed) return undefined;
  const there = { monthly: new Map<string, Life[]>(), annual: new Map<string, Life[]>() };
  for (const tier of ["monthly", "annual"] as const)
    for (const life of lives(s, tier)) {
      const period = life.stamp.slice(0, tier === "monthly" ? 6 : 4);
      there[tier].set(period, [...(there[tier].get(period) ?? []), life]);
    }
  return first(
    past.events.flatMap(({ kind, at, skew }) => {
      if (kind !== "backup") return [];
      const stamp = day(at + skew).replace(/[-:]|\.\d+/g, "");
      return (["monthly", "annual"] as const).map((tier) => {
        const same = there[tier].get(stamp.slice(0, tier === "monthly" ? 6 : 4)) ?? [];
        const one = same.some((l) => l.written <= at && at < (l.removed ?? Infinity) && l.stamp <= stamp);
        return one ? undefined : `${tier} had nothing but what is dated later than ${stamp}`;
      });
    }),
  );
};

/** What may go goes, and no lock stops it; in a box, at the first run after its time, but for the floor. */
export const notLonger: Property = (past, s) => {
  if (past.kind === "box") return notLongerInBox(past, s);
  return first(
    s.lives.map((life) => {
      const end = life.written + longest(past, life.tier);
      if ((life.removed ?? past.until) <= end) return undefined;
      return `${life.key} of ${day(life.written)} is there for too long, until ${day(life.removed ?? past.until)}`;
    }),
  );
};

const notLongerInBox: Property = (past, s) => {
  const floor = (s.runs.findLast(({ decision }) => decision !== undefined)?.decision?.keep ?? [])
    .filter(({ reason }) => /never go/.test(reason))
    .flatMap(({ keys }) => keys);
  const distinct = new Set(floor.filter((key) => !key.startsWith("base/")).map((key) => key.split("/").at(-1)));
  if (distinct.size > 2) return `the floor holds more than two backups: ${[...distinct].join(", ")}`;
  const last = runs(s).at(-1) ?? -Infinity;
  const long = lives(s, "daily").find(
    (life) =>
      life.removed === undefined &&
      last - TOLERANCE > since(past, s, life) + longest(past, "daily") &&
      !floor.includes(life.key),
  );
  return long && `${long.key} of ${day(long.written)} was still there on ${day(last)}`;
};

/** A deleted version of Spaces takes space for 30 days more, and no longer. */
export const erased: Property = (past, s) =>
  first(
    s.lives.map(({ key, removed, erased: end }) => {
      const extra = past.kind === "spaces" ? 30 * DAY : 0;
      return removed === undefined || end === removed + extra ? undefined : `${key} takes space until ${end}`;
    }),
  );

/** Moved in time, never after the deletion, and never for less than the 30 days that the class bills. */
export const moves: Property = (past, s) =>
  first(
    s.lives.map(({ key, tier, written, moved, removed }) => {
      const should = past.kind === "r2" && (tier === "monthly" || tier === "annual");
      if (!should) return moved === undefined ? undefined : `${key} was moved`;
      if (moved === undefined)
        return (removed ?? past.until) - written > (past.coldDays + 2) * DAY ? `${key} was never moved` : undefined;
      return removed !== undefined && removed - moved < 30 * DAY ? `${key} was in the class too shortly` : undefined;
    }),
  );

/**
 * The last good copy stays. In a store: as long as a verified backup was made within the time that the first of its month
 * or year still has then. In a box: for ever, two of them.
 */
export const lastGood: Property = (past, s) => {
  const { dailyDays, monthlyMonths, annualYears } = past.retention;
  const horizon = past.skewed ? dailyDays : Math.max(dailyDays, monthlyMonths * 31 - 32, (annualYears - 1) * 366 - 1);
  const backups = past.events.filter(({ kind }) => kind === "backup").map(({ at }) => at);
  let made = 0;
  return first(
    s.standing.map(({ at, backups: standing }) => {
      while (made < backups.length && backups[made]! < at) made++;
      const last = made === 0 ? -Infinity : backups[made - 1]!;
      const must = past.kind === "box" ? made > 0 : at - last < horizon * DAY;
      return must && standing === 0 ? `nothing good is left on ${day(at)}, the last was made ${day(last)}` : undefined;
    }),
  );
};

/** The last that a stamp could be read from any tier. */
function lastSeen(s: Simulation): Map<string, number> {
  const last = new Map<string, number>();
  for (const { stamp, removed } of s.lives) last.set(stamp, Math.max(last.get(stamp) ?? 0, removed ?? Infinity));
  return last;
}

/**
 * After each run of maintenance the two newest are there, whatever their age; with clocks that jump, two whose time is not
 * in the future.
 */
export const floor: Property = (past, s) => {
  if (past.kind !== "box") return undefined;
  const honest = lives(s, "daily").filter(({ stamp, written }) => stampTime(stamp)! <= written + TOLERANCE);
  const last = lastSeen(s);
  const believed = past.skewed ? [...last].map(([stamp, end]) => ({ stamped: stampTime(stamp)!, end })) : [];
  let made = 0;
  return first(
    runs(s).map((at) => {
      while (made < honest.length && honest[made]!.written < at) made++;
      if (past.skewed) {
        const left = believed.filter(({ stamped, end }) => stamped <= at + TOLERANCE && end > at).length;
        return made >= 2 && left < 2 ? `only ${left} of the newest two are left on ${day(at)}` : undefined;
      }
      const gone = honest.slice(Math.max(0, made - 2), made).find(({ stamp }) => last.get(stamp)! <= at);
      return gone && `${gone.key} is one of the newest two on ${day(at)} and gone`;
    }),
  );
};

/** What is dated in the future is reported by every run that sees it. */
export const reported: Property = (past, s) => {
  if (!past.skewed) return undefined;
  const ahead = s.lives.filter(({ stamp, written }) => stampTime(stamp)! > written);
  return first(
    s.runs.map(({ at, decision }) => {
      if (decision === undefined) return undefined;
      const told = new Set(decision.odd.find(({ what }) => what === "future-dated")?.which);
      const silent = ahead.find(
        (l) =>
          l.written < at &&
          (l.removed ?? Infinity) >= at &&
          stampTime(l.stamp)! > at + 2 * TOLERANCE &&
          !told.has(l.key),
      );
      return silent && `${silent.key} is dated in the future and not reported on ${day(at)}`;
    }),
  );
};

/**
 * The window: with a right clock, there is a base backup from before any moment of the last `dailyDays`, and the whole log
 * since it began. Each one has to serve until the next has become that old; or for 14 days, if that one failed too.
 */
export const window: Property = (past, s) => {
  if (past.skewed) return undefined;
  const bases = lives(s, "base");
  const log = lives(s, "wal");
  const days = past.retention.dailyDays * DAY;
  // Until when all of the log from this piece on was there.
  const until = new Map<Life, number>();
  let least = Infinity;
  for (const it of log.toReversed()) until.set(it, (least = Math.min(least, it.removed ?? Infinity)));
  let piece = 0;
  return first(
    bases.map((base, i) => {
      while (piece < log.length && log[piece]!.written < stampTime(base.stamp)!) piece++;
      const next = (bases[i + 1]?.written ?? Infinity) + days;
      const serves = Math.min(next, base.written + days + 14 * DAY, past.until);
      if (serves <= base.written + days) return undefined;
      if ((base.removed ?? Infinity) < serves) return `${base.key} went before ${day(serves)}`;
      const from = log[piece];
      const whole = from === undefined || until.get(from)! >= serves;
      return whole ? undefined : `the log that ${base.key} needs had a hole before ${day(serves)}`;
    }),
  );
};

export const PROPERTIES: Readonly<Record<string, Property>> = {
  "nothing goes early": kept,
  "the first verified of a period is in its tier": firstOfPeriod,
  "what is dated in the future does not stand for its period": futureIsNotFirst,
  "nothing stays longer than its time": notLonger,
  "deleted versions go": erased,
  "transitions are in time and worth it": moves,
  "the last good copy never goes": lastGood,
  "the newest two stay in a box": floor,
  "the future is reported": reported,
  "every moment of the window can be restored": window,
};
