import { describe, expect, it } from "vitest";
import type { Backup, Inventory } from "../../plan/held.js";
import { decide, type Decision, type Question } from "../../plan/maintain.js";
import { remaining, simulate, type Event, type StoreRules } from "../../plan/simulate.js";
import { DAY, stampOf, stampTime } from "../../plan/stamps.js";
import { parseSettings } from "../../settings/parse.js";
import type { R2Copy } from "../../settings/schema.js";
import { example } from "../settings/example.js";
import { history, rulesOf, type Case, type Kind } from "./histories.js";
import { PROPERTIES } from "./properties.js";

/** 10,000 in all. */
const HISTORIES: Record<Kind, number> = { spaces: 4250, r2: 4250, box: 1500 };

/** Where a property does not hold, up to `most` times; with `said` only what reads so. */
function failures(kind: Kind, histories: number, change: (past: Case) => Case, most: number, said = /./): string[] {
  const broken: string[] = [];
  for (let seed = 1; seed <= histories && broken.length < most; seed++) {
    const past = change(history(seed, kind));
    const simulation = simulate(past);
    for (const [name, property] of Object.entries(PROPERTIES)) {
      const failure = property(past, simulation);
      if (failure !== undefined && said.test(failure)) broken.push(`seed ${seed}: ${name}: ${failure}`);
    }
  }
  return broken;
}

describe("a copy over random years", () => {
  it.each(Object.entries(HISTORIES) as [Kind, number][])(
    "of kind %s keeps what it must, and no more, %i times",
    (kind, n) => {
      expect(failures(kind, n, (past) => past, 5)).toEqual([]);
    },
    180_000,
  );

  it("comes upon all that matters: years, leap days, jumps, gaps, several a day, the future", () => {
    const pasts = Array.from({ length: 1000 }, (_, i) => history(i + 1, "r2"));
    const some = (test: (past: Case) => boolean): number => pasts.filter(test).length;
    const backups = ({ events }: Case): Event[] => events.filter(({ kind }) => kind === "backup");
    const day = (stamp: string) => (past: Case) =>
      backups(past).some(({ at, skew }) => stampOf(at + skew).slice(4, 8) === stamp);
    expect(some(({ from, until }) => until - from > 5 * 366 * DAY)).toBeGreaterThan(5);
    expect(some(day("0229"))).toBeGreaterThan(20);
    expect(some(day("0101"))).toBeGreaterThan(100);
    expect(some(({ skewed }) => skewed)).toBeGreaterThan(300);
    expect(some((past) => backups(past).some(({ skew }) => skew > 300 * DAY))).toBeGreaterThan(20);
    expect(some((past) => backups(past).some(({ skew }) => skew < -300 * DAY))).toBeGreaterThan(20);
    expect(some(({ events }) => events.some(({ kind }) => kind === "failed"))).toBeGreaterThan(300);
    expect(
      some((past) => backups(past).some((e, i, all) => i > 0 && e.at - all[i - 1]!.at > 30 * DAY)),
    ).toBeGreaterThan(30);
    expect(
      some((past) => backups(past).some((e, i, all) => i > 0 && e.at - all[i - 1]!.at < 13 * 3_600_000)),
    ).toBeGreaterThan(50);
  });
});

/** Rules and decisions that are wrong on purpose: what a property must say of each. */
const rules = (change: (rules: StoreRules) => Partial<StoreRules>) => (past: Case) =>
  past.store === "box" ? past : { ...past, store: { ...past.store, ...change(past.store) } };
const expiry = (change: (days: number, tier: string) => number) =>
  rules(({ lifecycle }) => ({
    lifecycle: lifecycle.map((rule) => ({ ...rule, expireDays: change(rule.expireDays, rule.tier) })),
  }));
const deciding = (change: (question: Question) => Decision) => (past: Case) => ({ ...past, decide: change });

/** Takes what is dated in the future for brand new. */
function believing({ inventory, now }: Question): Inventory {
  const believed = (it: Backup): Backup => (stampTime(it.stamp)! > now ? { ...it, stamp: stampOf(now) } : it);
  return { ...inventory, backups: inventory.backups.map(believed) };
}

const MUTANTS: [string, Kind, (past: Case) => Case, RegExp][] = [
  ["an expiry one day early", "spaces", expiry((days) => days - 1), /went early/],
  ["an expiry two days late", "spaces", expiry((days) => days + 2), /there for too long/],
  ["a month of 28 days", "r2", expiry((d, tier) => (tier === "monthly" ? (d / 31) * 28 : d)), /monthly.* went early/],
  ["a year of 365 days", "r2", expiry((d, tier) => (tier === "annual" ? (d / 366) * 365 : d)), /annual.* went early/],
  ["the log kept as long as a daily backup", "spaces", expiry((d, t) => (t === "wal" ? d - 15 : d)), /wal|log/],
  ["a rule for another prefix", "r2", rules((r) => ({ lifecycle: r.lifecycle.slice(1) })), /there for too long/],
  ["a lock for ever", "r2", rules((r) => ({ locks: r.locks.map((l) => ({ ...l, lockDays: 36500 })) })), /too long/],
  ["no transition", "r2", rules(() => ({ transitions: [] })), /never moved/],
  [
    "a transition a week before the end",
    "r2",
    rules((r) => ({
      transitions: r.transitions.map((t) => ({
        ...t,
        afterDays: r.lifecycle.find(({ tier }) => tier === t.tier)!.expireDays - 7,
      })),
    })),
    /in the class too shortly/,
  ],
  ["no floor", "box", deciding((q) => decide({ ...q, floor: 0 })), /newest two|nothing good/],
  ["a floor of one", "box", deciding((q) => decide({ ...q, floor: 1 })), /newest two/],
  ["a floor of three", "box", deciding((q) => decide({ ...q, floor: 3 })), /more than two/],
  [
    "no memory of earlier runs",
    "box",
    deciding((q) => decide({ ...q, memory: undefined })),
    /went early|too long|still there/,
  ],
  ["silence about the future", "box", deciding((q) => ({ ...decide(q), odd: [] })), /not reported/],
  ["nothing ever removed", "box", deciding((q) => ({ ...decide(q), remove: [] })), /still there/],
];

describe("the properties", () => {
  it.each(MUTANTS)("find out %s", (_, kind, change, said) => {
    expect(failures(kind, 600, change, 1, said)).not.toEqual([]);
  });
});

describe("a backup dated in the future", () => {
  const settings = parseSettings(example());
  const from = Date.UTC(2026, 0, 1);
  const backups = (skew: (n: number) => number): Event[] =>
    Array.from({ length: 100 }, (_, n) => ({ at: from + n * DAY + 1, kind: "backup", skew: skew(n) }));
  const runs: Event[] = [40, 70, 95].map((n) => ({ at: from + n * DAY, kind: "maintenance", skew: 0 }));
  const past = (store: StoreRules | "box", skew: (n: number) => number) => ({
    retention: settings.retention,
    store,
    events: [...backups(skew), ...runs].sort((a, b) => a.at - b.at),
    from,
    until: from + 100 * DAY,
  });
  /** The 20th and two more are of the year 2031. */
  const poisoned = (n: number): number => ([20, 21, 50].includes(n) ? 5 * 366 * DAY : 0);
  const good = (store: StoreRules | "box", skew: (n: number) => number) =>
    simulate(past(store, skew))
      .lives.filter(({ tier, written }) => tier === "daily" && poisoned(Math.round((written - from) / DAY)) === 0)
      .map(({ key, removed }) => `${key} ${removed}`);

  it.each(["box", rulesOf("r2", settings.retention, settings.copies["r2"] as R2Copy)] as const)(
    "takes no good one with it",
    (store) => {
      expect(good(store, poisoned)).toEqual(good(store, () => 0));
    },
  );

  it("does not stand for its month or year: each has one that a right clock wrote", () => {
    // The first of May is dated the 31st, and all of the year's that follow are dated right.
    const skew = (n: number): number => (n === 120 - 90 ? 30 * DAY : 0);
    const at = Date.UTC(2026, 3, 1);
    const events = Array.from({ length: 90 }, (_, n): Event => ({ at: at + n * DAY, kind: "backup", skew: skew(n) }));
    const { lives } = simulate({ ...past("box", () => 0), events, from: at, until: at + 90 * DAY });
    const monthly = lives.filter(({ tier }) => tier === "monthly").map(({ stamp }) => stamp.slice(0, 8));
    expect(monthly).toEqual(["20260401", "20260531", "20260502", "20260601"]);
  });

  it("is reported, does not count for the floor, and goes when its time is over", () => {
    const { runs: done, lives } = simulate(past("box", poisoned));
    expect(done.map(({ decision }) => decision?.odd.map(({ what, which }) => [what, which.length]))).toEqual([
      [["future-dated", 4]],
      [["future-dated", 6]],
      [["future-dated", 4]],
    ]);
    const floor = done[0]!.decision!.keep.filter(({ reason }) => reason.includes("never go"));
    expect(floor).toEqual([]);
    const daily = lives.find(({ tier, written }) => tier === "daily" && written === from + 20 * DAY + 1)!;
    expect([daily.stamp.slice(0, 4), daily.removed]).toEqual(["2031", from + 70 * DAY]);
  });
});

describe("the floor", () => {
  const from = Date.UTC(2026, 0, 1);
  /** Three good backups, two of the year 2060, then nothing but maintenance for ten years. */
  const after = (decision: (question: Question) => Decision): string[] => {
    const skews = [0, 0, 0, 34 * 366 * DAY, 34 * 366 * DAY];
    const backups = skews.map((skew, n): Event => ({ at: from + n * DAY, kind: "backup", skew }));
    const runs = Array.from({ length: 120 }, (_, n): Event => ({
      at: from + (10 + 30 * n) * DAY,
      kind: "maintenance",
      skew: 0,
    }));
    const { retention } = parseSettings(example());
    const until = from + 3700 * DAY;
    const past = { retention, store: "box" as const, events: [...backups, ...runs], from, until, decide: decision };
    return remaining(simulate(past), until).map(({ key }) => key);
  };

  it("holds the newest two that are not of the future", () => {
    expect(after(decide)).toEqual(["daily/shop/orders/20260102T000000Z", "daily/shop/orders/20260103T000000Z"]);
  });

  it("would lose them if it counted those of the future", () => {
    const wrong = after((q) => decide({ ...q, inventory: believing(q) }));
    expect(wrong).not.toContain("daily/shop/orders/20260102T000000Z");
  });
});

describe("what remains", () => {
  it("is told day by day, with the reason", () => {
    const { retention, copies } = parseSettings(example());
    const from = Date.UTC(2026, 0, 1);
    const events: Event[] = [
      { at: from + 1, kind: "backup", skew: 0 },
      { at: from + 5 * DAY, kind: "base", skew: 0 },
    ];
    const store = rulesOf("r2", { ...retention, dailyDays: 3 }, { ...(copies["r2"] as R2Copy), lockDays: 2 });
    const simulation = simulate({ retention, store, events, from, until: from + 10 * DAY });
    expect(remaining(simulation, from)).toEqual([]);
    expect(remaining(simulation, from + 3 * DAY)).toEqual([
      { key: "daily/shop/orders/20260101T000000Z", why: "until 2026-01-05T00:00:00.000Z: lifecycle after 3 days" },
      { key: "monthly/shop/orders/20260101T000000Z", why: "stays" },
      { key: "annual/shop/orders/20260101T000000Z", why: "stays" },
    ]);
    expect(remaining(simulation, from + 6 * DAY).map(({ key }) => key)).toContain(
      "base/shop/orders/1-15/20260106T000000Z",
    );
    expect(remaining(simulation, from + 4 * DAY).map(({ key }) => key)).not.toContain(
      "daily/shop/orders/20260101T000000Z",
    );
  });
});
