import { describe, expect, it } from "vitest";
import { clockFault } from "../../plan/clock.js";
import type { Backup, Inventory, Piece } from "../../plan/held.js";
import { decide, type Question } from "../../plan/maintain.js";
import { DAY, stampOf } from "../../plan/stamps.js";

const NOW = Date.UTC(2026, 10, 23, 12);
const RETENTION = { dailyDays: 30, monthlyMonths: 12, annualYears: 5, localDays: 7 };
const ago = (days: number): string => stampOf(NOW - days * DAY);

function backup(tier: Backup["tier"], days: number, more: Partial<Backup> = {}): Backup {
  const stamp = ago(days);
  const line = tier === "base" ? { line: "77-15" } : {};
  const directory = `${tier}/shop/orders/`;
  const keys = [`${directory}${stamp}.json`, `${directory}${stamp}.dump.zst.age`];
  return { tier, host: "shop", job: "orders", stamp, verified: true, keys, bytes: 10, ...line, ...more };
}

function piece(n: number, days: number, more: Partial<Piece> = {}): Piece {
  const key = `wal/shop/orders/77-15/${String(n).padStart(8, "0")}.${ago(days)}.zst.age`;
  return { host: "shop", job: "orders", line: "77-15", key, stamp: ago(days), bytes: 3, ...more };
}

function decided(inventory: Partial<Inventory>, more: Partial<Question> = {}) {
  const all = { backups: [], pieces: [], orphans: [], unparsable: [], ...inventory };
  return decide({ inventory: all, retention: RETENTION, now: NOW, ...more });
}

const gone = (inventory: Partial<Inventory>, more: Partial<Question> = {}) =>
  decided(inventory, more).remove.map(({ id, reason }) => `${id}: ${reason}`);
const stay = (inventory: Partial<Inventory>, more: Partial<Question> = {}) =>
  decided(inventory, more).keep.map(({ id, reason }) => `${id}: ${reason}`);

describe("maintenance", () => {
  const two = [backup("daily", 0), backup("daily", 1)];

  it("removes what is older than its tier, manifest first, and says why", () => {
    const inventory = { backups: [...two, backup("daily", 31), backup("monthly", 373), backup("annual", 1831)] };
    expect(decided(inventory).remove).toEqual([
      {
        id: `daily/shop/orders/${ago(31)}`,
        keys: [`daily/shop/orders/${ago(31)}.json`, `daily/shop/orders/${ago(31)}.dump.zst.age`],
        bytes: 10,
        reason: "daily: older than 30 days",
      },
      expect.objectContaining({ id: `monthly/shop/orders/${ago(373)}`, reason: "monthly: older than 372 days" }),
      expect.objectContaining({ id: `annual/shop/orders/${ago(1831)}`, reason: "annual: older than 1830 days" }),
    ]);
  });

  it("keeps what is younger, to the day, and says why", () => {
    const backups = [...two, backup("daily", 29.9), backup("monthly", 371.9), backup("annual", 1829.9)];
    expect(gone({ backups })).toEqual([]);
    expect(stay({ backups }).at(-1)).toBe(`annual/shop/orders/${ago(1829.9)}: annual: kept for 1830 days`);
  });

  it("never removes the newest two verified of a job, over all tiers; a promoted one is one", () => {
    const backups = [backup("daily", 900), backup("monthly", 900), backup("daily", 901), backup("daily", 902)];
    expect(gone({ backups })).toEqual([`daily/shop/orders/${ago(902)}: daily: older than 30 days`]);
    expect(stay({ backups })[0]).toBe(
      `daily/shop/orders/${ago(900)}: one of the newest 2 verified backups of its job: they never go`,
    );
  });

  it("does not count what was not verified, nor another job's", () => {
    const backups = [
      backup("daily", 900, { verified: false }),
      backup("daily", 901),
      backup("daily", 902),
      backup("daily", 903, { job: "stock" }),
    ];
    expect(gone({ backups })).toEqual([`daily/shop/orders/${ago(900)}: daily: older than 30 days`]);
  });

  it("refuses an inventory with a name that has no time", () => {
    expect(() => decided({ backups: [backup("daily", 0, { stamp: "latest" })] })).toThrow(
      "daily/shop/orders/latest has no time in its name",
    );
  });
});

describe("stamps that are not believed", () => {
  const later = (days: number) => NOW + days * DAY;

  it("a future one is odd, and counts from the run that first saw it", () => {
    const backups = [backup("daily", -400), backup("daily", 400), backup("daily", 401)];
    const first = decided({ backups });
    expect(first.odd).toMatchObject([{ what: "future-dated", which: [`daily/shop/orders/${ago(-400)}`] }]);
    expect(first.remove).toEqual([]);
    expect(first.keep[0]!.reason).toBe(
      "daily: kept for 30 days, counted from when it was first seen: it is future-dated",
    );
    const next = decided({ backups }, { now: later(30), memory: first.memory });
    expect(next.remove.map(({ id }) => id)).toEqual([`daily/shop/orders/${ago(-400)}`]);
    expect(next.odd).toMatchObject([{ what: "future-dated" }]);
  });

  it("five minutes are no future", () => {
    expect(decided({ backups: [backup("daily", -4 / 1440)] }).odd).toEqual([]);
  });

  it("one from before the last run that it did not see is odd, and counts from now", () => {
    const memory = { at: NOW - 10 * DAY, since: {} };
    const { odd, remove, memory: next } = decided({ backups: [backup("daily", 400)] }, { memory, floor: 0 });
    expect(odd).toMatchObject([{ what: "back-dated", which: [`daily/shop/orders/${ago(400)}`] }]);
    expect(remove).toEqual([]);
    expect(next).toEqual({ at: NOW, since: { [`daily/shop/orders/${ago(400)}`]: NOW } });
  });

  it("an upload that ran during the last run is not odd", () => {
    const memory = { at: NOW - 10 * DAY, since: {} };
    const { odd, memory: next } = decided({ backups: [backup("daily", 10.9)] }, { memory });
    expect(odd).toEqual([]);
    expect(Object.values(next.since)).toEqual([NOW]);
  });

  it("a new one is believed", () => {
    const memory = { at: NOW - 10 * DAY, since: {} };
    const { odd, memory: next } = decided({ backups: [backup("daily", 9)] }, { memory });
    expect([odd, Object.values(next.since)]).toEqual([[], [NOW - 9 * DAY]]);
  });

  it("what the last run left and is gone is odd", () => {
    const memory = { at: NOW - DAY, since: { [`daily/shop/orders/${ago(5)}`]: NOW - 5 * DAY } };
    expect(decided({}, { memory }).odd).toEqual([
      {
        what: "vanished",
        which: [`daily/shop/orders/${ago(5)}`],
        message: "left by the last run and no longer there: something else deletes backups",
      },
    ]);
  });

  it("what has no name that Granary gives is odd", () => {
    expect(decided({ unparsable: ["daily/shop/orders/notes.txt"] }).odd).toMatchObject([
      { what: "unparsable", which: ["daily/shop/orders/notes.txt"] },
    ]);
  });
});

describe("files that no manifest names", () => {
  const orphan = (key: string, modified: number, stamp?: string) => ({
    orphans: [{ key, modified: NOW - modified * DAY, bytes: 5, ...(stamp === undefined ? {} : { stamp }) }],
  });

  it("go after a week, by the later of name and time of writing", () => {
    expect(gone(orphan("daily/a", 8, ago(9)))).toEqual(["daily/a: no manifest names it, and it is older than 7 days"]);
    expect(gone(orphan("daily/a", 8))).toHaveLength(1);
    expect(stay(orphan("daily/a", 1, ago(400)))).toEqual([
      "daily/a: no manifest names it, but an upload may be running",
    ]);
    expect(stay(orphan("daily/a", 400, ago(1)))).toHaveLength(1);
    expect(gone(orphan("daily/a", 8, "latest"))).toHaveLength(1);
  });
});

describe("base backups and the log", () => {
  it("the newest base backup never goes, nor does the log that it needs", () => {
    const inventory = {
      backups: [backup("base", 90), backup("base", 97)],
      pieces: [piece(1, 92), piece(2, 90), piece(3, 80)],
    };
    const { remove, keep, logs } = decided(inventory);
    expect(remove.map(({ id }) => id)).toEqual([`base/shop/orders/77-15/${ago(97)}`, piece(1, 92).key]);
    expect(remove[1]!.reason).toBe("log: older than 45 days, and no base backup needs it");
    expect(keep[0]!.reason).toBe("the newest base backup of its job never goes");
    expect(logs).toEqual([
      { line: "shop/orders/77-15", pieces: 2, bytes: 6, reason: "a base backup that stays needs it" },
    ]);
  });

  it("the log goes with the last base backup of its line, and a new line's does not hold it", () => {
    const other = backup("base", 3, { line: "77-16" });
    const inventory = { backups: [backup("base", 90), other], pieces: [piece(1, 91), piece(2, 46), piece(3, 44)] };
    const { remove, logs } = decided(inventory);
    expect(remove.map(({ id }) => id)).toEqual([
      `base/shop/orders/77-15/${ago(90)}`,
      piece(1, 91).key,
      piece(2, 46).key,
    ]);
    expect(logs).toMatchObject([{ pieces: 1, reason: "young enough for a restore to any moment" }]);
  });

  it("no log at all is left of a line when all of it is old", () => {
    const { remove, logs } = decided({ pieces: [piece(1, 91), piece(2, 46)] });
    expect([remove.length, logs]).toEqual([2, []]);
  });

  it("no hole is made: a piece stays behind one that stays, whatever its own time says", () => {
    const pieces = [piece(3, 400), piece(1, 50), piece(2, 40)];
    expect(gone({ pieces })).toEqual([`${piece(1, 50).key}: log: older than 45 days, and no base backup needs it`]);
  });

  it("a piece of the future stays and is odd; one without a time stays", () => {
    const pieces = [piece(1, -2), piece(2, 90)];
    expect(decided({ pieces }).odd).toMatchObject([{ what: "future-dated", which: [pieces[0]!.key] }]);
    expect(gone({ pieces })).toEqual([]);
    expect(gone({ pieces: [piece(1, 90, { stamp: "" }), piece(2, 91)] })).toEqual([]);
  });

  it("a base backup whose time is not believed needs all of the log, and is not the newest", () => {
    const backups = [backup("base", -300), backup("base", 90), backup("base", 91, { verified: false })];
    const { remove } = decided({ backups, pieces: [piece(1, 400)] });
    expect(remove.map(({ id }) => id)).toEqual([`base/shop/orders/77-15/${ago(91)}`]);
  });
});

describe("clocks", () => {
  it("may be five minutes apart", () => {
    expect([clockFault(NOW, NOW + 300_000), clockFault(NOW, NOW - 300_000)]).toEqual([undefined, undefined]);
  });

  it("that are further apart stop everything", () => {
    expect(clockFault(NOW + 301_000, NOW)).toBe(
      "this machine's clock is 301 s ahead of the copy's (2026-11-23T12:05:01.000Z and 2026-11-23T12:00:00.000Z): set it right first, nothing was removed",
    );
    expect(clockFault(NOW - DAY, NOW)).toMatch(/^this machine's clock is 86400 s behind the copy's/);
  });
});
