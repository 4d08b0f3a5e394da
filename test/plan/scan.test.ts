import { describe, expect, it } from "vitest";
import { judge, median, suggestion, type Figures } from "../../plan/scan.js";
import { stampOf } from "../../plan/stamps.js";

const DAY = 86_400_000;
const stamp = (day: number): string => stampOf(Date.UTC(2026, 0, 1, 3) + day * DAY);

/** The same numbers at every run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ORDINARY: (day: number) => number = () => 1;

/** A shop's database: orders come in, three times as many on some days; carts come and go; a table more from some day on. */
function database(days: number, { seed = 1, busy = ORDINARY, newTable = Infinity } = {}): Figures[] {
  const next = random(seed);
  let orders = 50_000;
  return Array.from({ length: days }, (_, day) => {
    orders += Math.round((20 + 20 * next()) * busy(day));
    const carts = day % 2 === 0 ? 900 : 200 + Math.round(100 * next());
    const wishes = day >= newTable ? { "shop.wishes": 3000 + 10 * (day - newTable) } : {};
    const rows = { "shop.orders": orders, "shop.customers": 5000 + 3 * day, "shop.carts": carts, ...wishes };
    const bytes = 400 * orders + 300 * carts + (day >= newTable ? 900_000 : 0);
    return { stamp: stamp(day), bytes, stored: 0.25 + 0.006 * (next() - 0.5), rows };
  });
}

/** Its uploads: some new pictures a day, now and then one is changed or taken out. */
function uploads(days: number, { seed = 2, busy = ORDINARY } = {}): Figures[] {
  const next = random(seed);
  let files = 20_000;
  return Array.from({ length: days }, (_, day) => {
    const added = Math.round((5 + 20 * next()) * busy(day));
    const change = { added, changed: Math.round(4 * next()), removed: Math.round(3 * next()) };
    files += added - change.removed;
    const ending = { name: ".jpg", files: added };
    return {
      ...{ stamp: stamp(day), bytes: files * 250_000, stored: 0.97 + 0.004 * (next() - 0.5), files },
      ...(day === 0 ? {} : { change: { ...change, ending } }),
    };
  });
}

const suspicious = (history: Figures[]) =>
  judge(history)
    .filter(({ verdict }) => verdict === "suspicious")
    .map(({ figures, marks }) => `${figures.stamp.slice(0, 8)} ${marks.map(({ what }) => what).join(", ")}`);

/** The history with the last backups changed, the first of them given as 0. */
function attacked(history: Figures[], days: number, change: (figures: Figures, day: number) => Partial<Figures>) {
  return history.map((figures, i) => {
    const day = i - (history.length - days);
    return day < 0 ? figures : { ...figures, ...change(figures, day) };
  });
}

describe("no alarm", () => {
  it.each([1, 2, 3, 4, 5])("in an ordinary year (%i)", (seed) => {
    expect(suspicious(database(365, { seed }))).toEqual([]);
    expect(suspicious(uploads(365, { seed }))).toEqual([]);
  });

  it("on a sale day, nor in a season, with three times the orders and uploads", () => {
    const busy = (day: number): number => (day === 100 || (day > 200 && day < 230) ? 3 : 1);
    expect(suspicious(database(300, { busy }))).toEqual([]);
    expect(suspicious(uploads(300, { busy }))).toEqual([]);
  });

  it("when a table is added", () => expect(suspicious(database(60, { newTable: 40 }))).toEqual([]));

  it("when a shop of one day doubles by an import: that is told, and is not enough", () => {
    const history = attacked(database(20), 1, ({ bytes }) => ({ bytes: bytes * 2 }));
    expect(suspicious(history)).toEqual([]);
    expect(judge(history).at(-1)!.marks).toEqual([
      { what: "grown", found: "1.98 times the one before", usual: "at most 1.50 times the one before", alone: false },
    ]);
  });

  it("when the first uploads come to what was empty until now", () => {
    const change = { added: 0, changed: 0, removed: 0 };
    const empty = Array.from({ length: 6 }, (_, day) => ({ stamp: stamp(day), bytes: 0, files: 0, change }));
    const first = { stamp: stamp(6), bytes: 9_000_000, files: 40, change: { ...change, added: 40 } };
    expect(judge([...empty, first]).map(({ marks }) => marks)).toEqual(Array(7).fill([]));
  });

  it("when a person takes out fewer than twenty files of few", () => {
    const few = uploads(10).map((figures) => ({ ...figures, files: 30, bytes: 1_000_000 }));
    const history = attacked(few, 1, () => ({ change: { added: 0, changed: 0, removed: 15 } }));
    expect(suspicious(history)).toEqual([]);
  });
});

describe("an alarm", () => {
  it("when a table is emptied, or gone", () => {
    const without = (table: string, left: number | undefined) =>
      attacked(database(30), 2, ({ rows }) => {
        const others = Object.fromEntries(Object.entries(rows!).filter(([name]) => name !== table));
        return { rows: left === undefined ? others : { ...others, [table]: left } };
      });
    expect(suspicious(without("shop.customers", 0))).toEqual(["20260129 emptied", "20260130 emptied"]);
    expect(suspicious(without("shop.orders", undefined))).toEqual(["20260129 emptied", "20260130 emptied"]);
    expect(judge(without("shop.orders", undefined)).at(-1)!.marks[0]!.found).toBe("shop.orders gone");
  });

  it("when half of everything is gone", () => {
    const history = attacked(database(30), 1, ({ bytes }) => ({ bytes: bytes * 0.49 }));
    expect(suspicious(history)).toEqual(["20260130 shrunk"]);
  });

  it("when ransomware encrypts the uploads in one night, in place or under another name", () => {
    const inPlace = attacked(uploads(30), 1, () => ({ change: { added: 0, changed: 18_000, removed: 0 } }));
    expect(suspicious(inPlace)).toEqual(["20260130 rewritten"]);
    const ending = { name: ".locked", files: 18_000 };
    const renamed = attacked(uploads(30), 1, () => ({
      change: { added: 18_000, changed: 0, removed: 18_000, ending },
    }));
    expect(suspicious(renamed)).toEqual(["20260130 rewritten, renamed"]);
  });

  it("on the first of three days over which files are encrypted, and the newest clean one is the day before", () => {
    const history = attacked(uploads(30), 3, () => ({ change: { added: 3, changed: 6700, removed: 0 } }));
    expect(suspicious(history)).toEqual(["20260128 rewritten", "20260129 rewritten", "20260130 rewritten"]);
    expect(suggestion(judge(history))).toEqual({ clean: stamp(26), suspicious: stamp(27) });
  });

  it("when it goes so slowly that no day is odd by itself", () => {
    const history = attacked(uploads(30), 5, () => ({ change: { added: 3, changed: 1800, removed: 0 } }));
    expect(suspicious(history)).toEqual([
      "20260128 rewritten slowly",
      "20260129 rewritten slowly",
      "20260130 rewritten slowly",
    ]);
  });

  it("when what is in the database stops compressing, a third of it a day", () => {
    const history = attacked(database(30), 3, ({ stored }, day) => ({ stored: stored! + 0.25 * (day + 1) }));
    expect(suspicious(history)).toEqual([
      "20260128 compresses worse",
      "20260129 compresses worse",
      "20260130 compresses worse",
    ]);
  });

  it("when there are two reasons, neither of which is enough", () => {
    const history = attacked(uploads(30), 1, ({ bytes }) => ({ bytes: bytes * 2, stored: 0.99 }));
    expect(suspicious(history)).toEqual([]);
    const both = attacked(uploads(30), 1, ({ bytes }) => ({ bytes: bytes * 2, stored: 1.1 }));
    expect(suspicious(both)).toEqual(["20260130 grown, compresses worse"]);
  });
});

describe("the suggestion", () => {
  it("is the newest one when nothing is suspicious", () =>
    expect(suggestion(judge(database(10)))).toEqual({ clean: stamp(9), suspicious: undefined }));

  it("believes nothing after the first suspicious one, though the days after look like each other", () => {
    const history = attacked(uploads(30), 5, (figures, day) =>
      day === 0 ? { change: { added: 0, changed: 18_000, removed: 0 } } : figures,
    );
    expect(suspicious(history)).toHaveLength(1);
    expect(suggestion(judge(history))).toEqual({ clean: stamp(24), suspicious: stamp(25) });
  });

  it("of nothing is nothing", () => expect(suggestion(judge([]))).toEqual({ clean: undefined, suspicious: undefined }));

  it("judges nothing before there are three to compare with", () => {
    const verdicts = judge(attacked(database(3), 1, () => ({ bytes: 1 }))).map(({ verdict }) => verdict);
    expect(verdicts).toEqual(["first", "first", "first"]);
  });
});

it("median", () => {
  expect([median([]), median([3]), median([1, 9]), median([9, 1, 5])]).toEqual([0, 3, 5, 5]);
});
