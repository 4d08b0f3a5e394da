/**
 * A copy over the years, by the very rules that are deployed: what a job wrote, when the store let it go, and why. Pure.
 *
 * The store has the true clock. It looks at every object once a day, at midnight UTC, as lifecycle rules work: an expiry of
 * 30 days removes an object at the first midnight at which it is 30 days old. A lock beats the lifecycle. A host names its
 * backups by a clock of its own, which may be wrong.
 */
import { clockFault } from "./clock.js";
import type { Backup, Inventory, Piece } from "./held.js";
import { prefix, type Aging, type Tier } from "./keys.js";
import { decide, type Decision, type Memory, type Question } from "./maintain.js";
import type { InfrequentAccessRule, LifecycleRule, LockRule } from "./retention.js";
import type { Retention } from "../settings/schema.js";
import { DAY, periodOf, promotions, stampOf } from "./stamps.js";

/** What an object store was told. */
export interface StoreRules {
  lifecycle: LifecycleRule[];
  locks: LockRule[];
  transitions: InfrequentAccessRule[];
  /** Days a deleted version still takes space; 0: the store has no versions. */
  noncurrentDays: number;
}

/** Something that happens at a true time, ms since 1970. */
export interface Event {
  at: number;
  /** `backup`: verified in the copy at that time; `maintenance`: a run of `granary maintain`, only for a storage box. */
  kind: "backup" | "failed" | "base" | "piece" | "maintenance";
  /** By how much the clock of who does it is ahead, ms. */
  skew: number;
  /** `base` only: ms it took; its name is the time it began. */
  took?: number;
}

export interface History {
  retention: Retention;
  /** "box": no rules, maintenance from outside. */
  store: StoreRules | "box";
  /** By time. */
  events: Event[];
  /** True times between which days pass. */
  from: number;
  until: number;
  /** For tests: another decision than the real one. */
  decide?: (question: Question) => Decision;
}

/** The life of one object. Times are true ones. */
export interface Life {
  tier: Aging;
  key: string;
  stamp: string;
  written: number;
  /** When it moved to the cheaper class. */
  moved?: number;
  /** When it could no longer be read, and by what. */
  removed?: number;
  why?: string;
  /** When its last version stopped taking space. */
  erased?: number;
}

export interface Simulation {
  lives: Life[];
  /** Each run of maintenance: when, what it decided; undefined: it refused for its clock. */
  runs: { at: number; decision: Decision | undefined }[];
  /** Verified backups that could be read, at each midnight. */
  standing: { at: number; backups: number }[];
}

/** What rules make of an object, in days after it was written. */
interface Fate {
  expires: number;
  moves: number;
  rule: string;
}

/** An object, when it goes by the rules, and as a listing shows it, once one was asked for. */
interface Stored extends Fate {
  life: Life;
  held?: Backup | Piece;
}

const HOST = "shop";
const JOB = "orders";
const LINE = "1-15";

export function simulate(history: History): Simulation {
  const { events, until } = history;
  const world = new World(history);
  let next = 0;
  const happen = (before: number): void => {
    for (; next < events.length && events[next]!.at < before; next++) world.happen(events[next]!);
  };
  for (let midnight = nextMidnight(history.from); midnight <= until; midnight += DAY) {
    happen(midnight);
    world.pass(midnight);
  }
  happen(until);
  return world.result;
}

/** What can be read at a true time, and why it is still there or how long it will be. */
export function remaining({ lives }: Simulation, at: number): { key: string; why: string }[] {
  const there = lives.filter(({ written, removed }) => written <= at && (removed === undefined || at < removed));
  return there.map(({ key, removed, why }) => ({
    key,
    why: removed === undefined ? "stays" : [`until ${new Date(removed).toISOString()}`, why].join(": "),
  }));
}

function nextMidnight(time: number): number {
  return Math.ceil(time / DAY) * DAY;
}

class World {
  readonly result: Simulation = { lives: [], runs: [], standing: [] };
  private stored: Stored[] = [];
  private memory: Memory | undefined;
  /** Stamps of the backups that a tier holds, by period; of the daily ones, by stamp. */
  private readonly periods = new Map<string, string[]>();
  private readonly fates = new Map<string, Fate>();
  private standing = 0;
  private removed = false;

  constructor(private readonly history: History) {}

  happen(event: Event): void {
    switch (event.kind) {
      case "backup":
        return this.backup(event);
      case "base":
        return this.put("base", stampOf(event.at + event.skew - (event.took ?? 0)), event.at);
      case "piece":
        return this.put("wal", stampOf(event.at + event.skew), event.at);
      case "maintenance":
        return this.maintain(event);
      case "failed":
        return;
    }
  }

  /** One day's look of the store at what it holds. */
  pass(midnight: number): void {
    for (const it of this.stored) {
      if (it.moves <= midnight && it.life.moved === undefined && it.expires > midnight) it.life.moved = midnight;
      if (it.expires <= midnight) this.remove(it.life, midnight, it.rule);
    }
    this.sweep();
    this.result.standing.push({ at: midnight, backups: this.standing });
  }

  private backup({ at, skew }: Event): void {
    const stamp = stampOf(at + skew);
    // A key is written once: the copy refuses another backup of the same second.
    if (this.held("daily", stamp).length > 0) return;
    this.put("daily", stamp, at);
    for (const tier of promotions(stamp, (where, period) => this.held(where, period))) this.put(tier, stamp, at);
  }

  private held(tier: Tier, period: string): readonly string[] {
    return this.periods.get(`${tier} ${period}`) ?? [];
  }

  /** Counts a backup in or out, by what it is looked for. */
  private count({ tier, stamp }: Life, by: 1 | -1): void {
    if (tier !== "daily" && tier !== "monthly" && tier !== "annual") return;
    const key = `${tier} ${tier === "daily" ? stamp : periodOf(tier, stamp)}`;
    const stamps = this.periods.get(key) ?? [];
    if (by === 1) this.periods.set(key, [...stamps, stamp]);
    else this.periods.set(key, stamps.toSpliced(stamps.indexOf(stamp), 1));
    this.standing += by;
  }

  private put(tier: Aging, stamp: string, written: number): void {
    const continuous = tier === "base" || tier === "wal";
    const directory = `${prefix(tier, HOST, JOB)}${continuous ? `${LINE}/` : ""}`;
    const key = directory + stamp;
    const life: Life = { tier, key, stamp, written };
    const { expires, moves, rule } = this.fate(directory);
    this.result.lives.push(life);
    this.stored.push({
      life,
      expires: written + expires * DAY,
      moves: written + moves * DAY,
      rule,
    });
    this.count(life, 1);
  }

  /** Of the rules that cover a key the shortest expiry, but no sooner than the longest lock. */
  private fate(directory: string): Fate {
    const { store } = this.history;
    if (store === "box") return { expires: Infinity, moves: Infinity, rule: "" };
    const known = this.fates.get(directory);
    if (known !== undefined) return known;
    const covers = (rule: { prefix: string }): boolean => directory.startsWith(rule.prefix);
    const days = Math.min(...store.lifecycle.filter(covers).map(({ expireDays }) => expireDays));
    const locked = Math.max(0, ...store.locks.filter(covers).map(({ lockDays }) => lockDays));
    const moves = Math.min(...store.transitions.filter(covers).map(({ afterDays }) => afterDays));
    const rule = locked > days ? `lock of ${locked} days is over` : `lifecycle after ${days} days`;
    const fate = { expires: Math.max(days, locked), moves, rule };
    this.fates.set(directory, fate);
    return fate;
  }

  private remove(life: Life, at: number, why: string): void {
    const { store } = this.history;
    life.removed = at;
    life.why = why;
    life.erased = at + (store === "box" ? 0 : store.noncurrentDays * DAY);
    this.count(life, -1);
    this.removed = true;
  }

  private sweep(): void {
    if (this.removed) this.stored = this.stored.filter(({ life }) => life.removed === undefined);
    this.removed = false;
  }

  private maintain({ at, skew }: Event): void {
    const { retention, decide: decision = decide } = this.history;
    if (clockFault(at + skew, at) !== undefined) return void this.result.runs.push({ at, decision: undefined });
    const decided = decision({ inventory: this.inventory(), retention, now: at + skew, memory: this.memory });
    this.memory = decided.memory;
    const going = new Map(decided.remove.flatMap(({ keys, reason }) => keys.map((key) => [key, reason])));
    for (const { life } of this.stored) {
      const reason = going.get(life.key);
      if (reason !== undefined) this.remove(life, at, reason);
    }
    this.sweep();
    this.result.runs.push({ at, decision: decided });
  }

  private inventory(): Inventory {
    const all: Inventory = { backups: [], pieces: [], orphans: [], unparsable: [] };
    for (const stored of this.stored) {
      const it = (stored.held ??= held(stored.life));
      if ("key" in it) all.pieces.push(it);
      else all.backups.push(it);
    }
    return all;
  }
}

function held({ tier, key, stamp }: Life): Backup | Piece {
  if (tier === "wal") return { host: HOST, job: JOB, line: LINE, stamp, key, bytes: 1 };
  const backup = { host: HOST, job: JOB, stamp, verified: true, keys: [key], bytes: 1 };
  return tier === "base" ? { ...backup, tier, line: LINE } : { ...backup, tier: tier as Tier };
}
