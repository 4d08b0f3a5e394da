import { describe, expect, it } from "vitest";
import { costOf, DEFAULTS, type Assumptions } from "../../plan/cost.js";
import { runsPerDay, standing } from "../../plan/growth.js";
import { PIECES, writes } from "../../plan/usage.js";
import { parseSettings } from "../../settings/parse.js";
import { scheduleSchema } from "../../settings/schedule.js";
import { ACCOUNT, example, HOST_KEY } from "../settings/example.js";

/** Nothing grows and a dollar is a euro: figures that can be computed by hand. */
const PLAIN: Assumptions = { sizes: { "shop/orders": 10 }, growth: 0, usdPerEur: 1 };

/** EUR of an item in the three months. */
function eur(raw: object, name: string, assumptions: Assumptions = PLAIN): (number | undefined)[] {
  const item = costOf(parseSettings(raw), assumptions).items.find((one) => one.name === name)!;
  return item.months.map(({ cost }) => cost?.eur);
}

const withCopies = (copies: object) => ({ ...example(), copies: { ...example().copies, ...copies } });

function withJobs(jobs: object, more: object = {}) {
  const { hosts } = example();
  return { ...example(), hosts: { shop: { ...hosts.shop, jobs } }, ...more };
}

const usage = (raw: object, name: string, assumptions: Assumptions = PLAIN) =>
  costOf(parseSettings(raw), assumptions).items.find((one) => one.name === name)!.months[0]!;

describe("how often and how much", () => {
  it.each([
    ["03:00", 1],
    ["Sun 02:00", 1 / 7],
    ["hourly", 24],
    ["*-*-01 04:00", 12 / 365.25],
    ["*-02-29 04:00", 1 / (4 * 365.25)],
  ])("%s is %d runs a day", (text, runs) => {
    expect(runsPerDay(scheduleSchema.parse(text).times)).toBeCloseTo(runs, 10);
  });

  it("counts what is not yet expired", () => {
    const one = () => 1;
    expect(standing(one, 1, 30, 100)).toBe(30);
    expect(standing(one, 1, 30, 10)).toBe(11);
    expect(standing(one, 1, 60, 100, 30)).toBe(30);
    expect(standing((day) => day, 1, 3, 10)).toBe(10 + 9 + 8);
  });

  it("counts the requests of an upload", () => {
    expect(writes(0.1)).toBe(1);
    expect(writes(1)).toBe(128 + 2);
  });
});

describe("a database of 10 GiB that does not grow", () => {
  // 60 days (30, and 30 as old versions), 13 or 14 months, 2 or 6 years: 75, 80 backups.
  it("at Spaces: $5 with 250 GiB, the others $0.02", () =>
    expect(eur(example(), "spaces").slice(1)).toEqual([5 + 500 * 0.02, 5 + 550 * 0.02]));

  // 30 days, the newest month and year: 320 GiB = 344 GB, 10 of them free. 13, then 17 in the cheaper class: 140, 183 GB.
  it("at R2: rounded up, 10 GB free, the cheaper class after 30 days", () =>
    expect(eur(example(), "r2").slice(1)).toEqual([6.41, 6.84]));

  it("in a box: its price, and what a snapshot still holds takes space", () => {
    expect(eur(example(), "box")).toEqual([4, 4, 4]);
    const box = costOf(parseSettings(example()), PLAIN).items.find(({ name }) => name === "box")!;
    expect(box.months[1]!.standardGiB).toBe((40 + 13 + 2) * 10);
  });

  it("has a drill of an hour, and a sum in three currencies", () => {
    expect(eur(example(), "drill")).toEqual([0.01, 0.01, 0.01]);
    const year = { month: 12, eur: 25.42, usd: 25.42, xof: 16674, complete: true };
    expect(costOf(parseSettings(example()), PLAIN).total[1]).toEqual(year);
  });

  it("says what a move to the cheaper class may cost, where something moves", () => {
    const notes = (raw: object) => costOf(parseSettings(raw), PLAIN).items[1]!.notes;
    const writes = expect.stringMatching(/^40,443 writes a month: 4 % of what an account has free$/) as unknown;
    expect(notes(example())).toEqual([writes, expect.stringMatching(/^not in the sum: .* \$9 a month$/)]);
    expect(notes(withJobs({ media: { kind: "files", paths: ["/opt/uploads"] } }))).toHaveLength(1);
  });

  it("grows by what is said", () => {
    const grown = { ...PLAIN, growth: 0.1 };
    const [first, , last] = costOf(parseSettings(example()), grown).items[0]!.months;
    expect(last!.standardGiB / first!.standardGiB).toBeGreaterThan(1.1 ** 59);
  });
});

describe("what is shared", () => {
  it("gives a second bucket of an account nothing free, and no second subscription", () => {
    const second = withCopies({
      other: { ...example().copies.r2, bucket: "kolonell-second" },
      spaces: { ...example().copies.spaces, replica: { region: "ams3" } },
    });
    // 10 GB more are billed than for the first; 343.6 + 343.6 GB and 139.6 + 139.6 GB are each rounded up once.
    expect(eur(second, "other")[1]).toBe(6.56);
    expect(eur(second, "spaces, replica").slice(1)).toEqual([750 * 0.02, 800 * 0.02]);
  });

  it("keeps another account's bill apart", () => {
    const other = { ...example().copies.r2, bucket: "kolonell-second", accountId: ACCOUNT.replace("0", "f") };
    expect(eur(withCopies({ other }), "other")).toEqual(eur(example(), "r2"));
  });
});

describe("kinds of jobs", () => {
  const r2 = (jobs: object, sizes: Assumptions["sizes"]) => usage(withJobs(jobs), "r2", { ...PLAIN, sizes });

  it("writes a piece of the log each 20 s", () => {
    expect(PIECES).toBe(131_490);
    const job = { kind: "mariadb", database: "shop" };
    const without = r2({ orders: job }, { "shop/orders": 0.1 });
    const log = r2({ orders: { ...job, continuous: true } }, { "shop/orders": 0.1 });
    expect(log.classA - without.classA).toBeCloseTo(PIECES, 6);
    expect(log.classB - without.classB).toBeCloseTo(3 * PIECES, 6);
    // The 31 days so far, a twentieth of 0.1 GiB each.
    expect(log.standardGiB - without.standardGiB).toBeCloseTo(31 * 0.005, 10);
  });

  it("adds base backups of PostgreSQL", () => {
    const base = (baseSchedule: string) =>
      r2({ orders: { kind: "postgres", database: "shop", continuous: true, baseSchedule } }, { "shop/orders": 1 });
    // At days 0, 7, 14, 21 and 28; at all 31 days.
    expect(base("03:00").standardGiB - base("Sun 02:00").standardGiB).toBeCloseTo(31 - 5, 10);
  });

  it("bills a million writes more once eight logs pass the free one", () => {
    const jobs = (count: number) =>
      withJobs(
        Object.fromEntries(
          Array.from({ length: count }, (_, i) => [`db${i}`, { kind: "mysql", database: `d${i}`, continuous: true }]),
        ),
      );
    const sizes = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`shop/db${i}`, 0]));
    expect(eur(jobs(7), "r2", { ...PLAIN, sizes })).toEqual([0, 0, 0]);
    expect(eur(jobs(8), "r2", { ...PLAIN, sizes })).toEqual([4.5, 4.5, 4.5]);
  });

  it("sends files once, then what is new", () => {
    const raw = withJobs({ media: { kind: "files", paths: ["/opt/uploads"] } });
    const [first, year] = costOf(parseSettings(raw), { ...PLAIN, sizes: { "shop/media": 16 } }).items[1]!.months;
    const runs = 30.4375;
    expect(first).toMatchObject({ standardGiB: 16, outGiB: 16, classA: 1024 + 6 * runs, classB: 1024 + 10 * runs });
    expect(year).toMatchObject({ standardGiB: 16, outGiB: 0, classA: 6 * runs });
  });

  it("bills a bucket of uploads and its replica", () => {
    const media = {
      ...{ kind: "spaces", region: "fra1", bucket: "kolonell-media" },
      replica: { kind: "r2", accountId: ACCOUNT, bucket: "kolonell-media-replica" },
    };
    const raw = { ...example(), uploads: { media } };
    const sizes = { "shop/orders": 0, "uploads/media": 300 };
    // The copy there has the subscription and 250 GiB of it is unused.
    expect(eur(raw, "uploads media", { ...PLAIN, sizes })).toEqual([1, 1, 1]);
    // 323 GB, 10 of them free: 4.695, which binary fractions have a little below.
    expect(eur(raw, "uploads media, replica", { ...PLAIN, sizes })).toEqual([4.69, 4.69, 4.69]);
  });

  it("bills traffic from Spaces beyond 1 TiB", () => {
    const raw = withJobs({ media: { kind: "files", paths: ["/opt/uploads"] } });
    const assumptions = { ...PLAIN, sizes: { "shop/media": 2024 } };
    // 1774 GiB at $0.02 beyond what is included; in the first month 1000 GiB of traffic at $0.01.
    expect(eur(raw, "spaces", assumptions)).toEqual([50.48, 40.48, 40.48]);
  });
});

describe("what is not known, or does not fit", () => {
  it("says that a sum is not whole", () => {
    const { items, total } = costOf(parseSettings(withCopies({ box: { kind: "storageBox", type: "bx21" } })), PLAIN);
    expect(items[2]).toMatchObject({ what: "Storage Box bx21", notes: [expect.stringMatching(/price of a bx21/)] });
    expect(items[2]!.months[0]).not.toHaveProperty("cost");
    expect(total[1]).toMatchObject({ eur: 21.42, complete: false });
  });

  it("says that a box is too small", () => {
    const { items } = costOf(parseSettings(example()), { ...PLAIN, sizes: { "shop/orders": 100 } });
    expect(items[2]!.notes).toEqual([
      // 40 days, 13 months, 6 years.
      "5900 GiB after 5 years: more than a bx11 holds; plan a larger one",
    ]);
  });

  it("bills a drill's server that is kept for each hour, and knows no price of some", () => {
    const ssh = { publicKey: HOST_KEY };
    expect(eur({ ...example(), ssh, drill: { keep: true } }, "drill")[0]).toBe(4.38);
    expect(eur({ ...example(), ssh, drill: { server: { type: "ccx13" } } }, "drill")[0]).toBeUndefined();
  });

  it("has no drill where nothing is owned", () => {
    const { items } = costOf(parseSettings({ ...example(), hosts: {} }));
    expect(items.map(({ name }) => name)).toEqual(["spaces", "r2", "box"]);
  });

  it("has a size for each job where none is given", () => {
    expect(costOf(parseSettings(example())).assumptions).toEqual({ ...DEFAULTS, sizes: { "shop/orders": 1 } });
  });
});
