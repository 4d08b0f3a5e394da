import { describe, expect, it } from "vitest";
import { COLOURS, judge, worst, type Colour, type Seen, type SeenCopy } from "../../plan/status.js";
import type { SeenReplica } from "../../plan/status-replica.js";
import type { LastDrill } from "../../plan/drill.js";
import { parseSettings } from "../../settings/parse.js";
import { example, HOST_KEY } from "../settings/example.js";

const NOW = Date.parse("2026-11-25T12:00:00Z");
const DRILL: LastDrill = { ok: true, finished: new Date("2026-11-20T12:00:00Z") };

const GOOD: Seen = {
  backups: [{ stamp: "20261125T030000Z" }],
  bases: [{ stamp: "20261122T020000Z" }],
  bytes: [1000, 1000, 1000, 1000],
  piece: "20261125T115930Z",
};

function settings(job: object = {}) {
  const raw = example();
  return parseSettings({
    ...raw,
    hosts: { shop: { ...raw.hosts.shop, jobs: { orders: { kind: "postgres", database: "mydb", ...job } } } },
  });
}

/** The first copy holds `seen`, the others what is good. */
function look(
  seen: Partial<Seen> | SeenCopy,
  { job = {}, now = NOW, drill = DRILL }: { job?: object; now?: number; drill?: LastDrill | undefined } = {},
) {
  const first = "error" in seen ? seen : { jobs: { "shop/orders": { ...GOOD, ...seen } } };
  const rest = { jobs: { "shop/orders": GOOD } };
  const drills = drill === undefined ? {} : { shop: drill };
  return judge({ settings: settings(job), seen: { spaces: first, r2: rest, box: rest }, drills, now });
}

const firstRow = (...args: Parameters<typeof look>) => look(...args).hosts[0]!.rows[0]!;

describe("a job in a copy", () => {
  it("is green when the run that was due last left a good backup", () => {
    const status = look({});
    expect(status).toMatchObject({ ok: true, colour: "green", at: "2026-11-25T12:00:00.000Z" });
    expect(status.hosts[0]!.rows.map(({ copy, colour }) => [copy, colour])).toEqual([
      ["spaces", "green"],
      ["r2", "green"],
      ["box", "green"],
    ]);
    expect(status.hosts[0]!.rows[0]).toMatchObject({
      ...{ job: "orders", kind: "postgres", last: "2026-11-25T03:00:00.000Z", ageSeconds: 9 * 3600, bytes: 1000 },
    });
  });

  const [today, yesterday, older] = ["20261125T030000Z", "20261124T030000Z", "20261123T030000Z"];
  const fault = "an artifact is gone";
  it.each<[string, Seen["backups"], string, Colour, RegExp]>([
    ["nothing at all", [], "12:00", "red", /^no good backup$/],
    ["a name that is no time", [{ stamp: "nonsense" }], "12:00", "red", /^no good backup$/],
    ["nothing that counts", [{ stamp: today, fault }], "12:00", "red", /^no good backup; the newest, .* gone$/],
    ["yesterday's alone", [{ stamp: yesterday }], "12:00", "red", /^overdue: the run of 2026-11-25 03:00 UTC left/],
    ["today's spoiled", [{ stamp: today, fault }, { stamp: yesterday }], "12:00", "red", /^overdue.*does not count/],
    ["one by hand spoiled", [{ stamp: "20261125T050000Z", fault }, { stamp: today }], "12:00", "yellow", /counts?: an/],
    ["a run that may still go on", [{ stamp: yesterday }], "03:59", "yellow", /has not left a good backup yet$/],
    ["the same an hour later", [{ stamp: yesterday }], "04:00", "red", /^overdue/],
    ["a run that goes on after one that failed", [{ stamp: older }], "03:30", "red", /^overdue/],
    ["a clock that is a little fast", [{ stamp: "20261125T025600Z" }], "12:00", "green", /^backup of/],
    ["one of tomorrow", [{ stamp: "20261126T030000Z" }], "12:00", "red", /dated in the future/],
  ])("%s", (_, backups, time, colour, reason) => {
    const { findings } = firstRow({ backups }, { now: Date.parse(`2026-11-25T${time}:00Z`) });
    expect(findings[0]).toMatchObject({ what: "backup", colour });
    expect(findings[0]!.reason).toMatch(reason);
  });

  it("that is dated in the future is not the newest: the one before it is told, and its age", () => {
    const row = firstRow({ backups: [{ stamp: "20311125T030000Z" }, { stamp: "20261125T030000Z" }] });
    expect(row).toMatchObject({ colour: "red", last: "2026-11-25T03:00:00.000Z", ageSeconds: 9 * 3600 });
    expect(row.findings[0]!.reason).toBe(
      "the newest backup is dated in the future, 2031-11-25 03:00 UTC: look who did it; " +
        "the last that counts is of 2026-11-25 03:00 UTC",
    );
  });

  it.each<[number[], Colour | undefined]>([
    [[], undefined],
    [[1, 100, 100], undefined],
    [[500, 1000, 900, 1100], "green"],
    [[499, 1000, 900, 1100], "yellow"],
    [[99, 1000, 900, 1100], "red"],
  ])("sizes %j: %s", (bytes, colour) => {
    const size = firstRow({ bytes }).findings.find(({ what }) => what === "size");
    expect(size?.colour).toBe(colour);
  });

  it.each<[string, Partial<Seen>, Colour[]]>([
    ["all there", {}, ["green", "green"]],
    ["no piece", { piece: "nonsense" }, ["green", "red"]],
    ["a piece of 15 minutes ago", { piece: "20261125T114500Z" }, ["green", "green"]],
    ["an older one", { piece: "20261125T114459Z" }, ["green", "red"]],
    ["one of tomorrow", { piece: "20261126T114459Z" }, ["green", "red"]],
    ["no base backup", { bases: [] }, ["red", "green"]],
    ["an old base backup", { bases: [{ stamp: "20261115T020000Z" }] }, ["red", "green"]],
  ])("whose log is shipped: %s", (_, seen, colours) => {
    const job = { continuous: true, baseSchedule: "Sun 02:00" };
    const { findings } = firstRow(seen, { job });
    expect(findings.filter(({ what }) => what === "base" || what === "log").map(({ colour }) => colour)).toEqual(
      colours,
    );
  });

  it("whose log is not shipped has none to be behind", () => {
    expect(firstRow({}).findings.map(({ what }) => what)).toEqual(["backup", "size"]);
  });

  it("in a copy that cannot be read is red, and says why", () => {
    const row = firstRow({ error: "no route" });
    expect(row).toMatchObject({ colour: "red", findings: [{ reason: "the copy could not be read: no route" }] });
    expect(row.last).toBeUndefined();
  });

  it("that was never seen in any copy is red in each", () => {
    const { hosts, ok } = judge({ settings: settings(), seen: { spaces: { jobs: {} } }, drills: {}, now: NOW });
    expect(ok).toBe(false);
    expect(hosts[0]!.rows.map(({ findings }) => findings[0]!.reason)).toEqual([
      "no good backup",
      "the copy could not be read: it was not read",
      "the copy could not be read: it was not read",
    ]);
  });

  it("of files has no size that tells anything: a repository keeps what is new", () => {
    const jobs = { media: { kind: "files", paths: ["/opt/uploads"] } };
    const raw = example();
    const all = parseSettings({ ...raw, hosts: { shop: { ...raw.hosts.shop, jobs } } });
    const seen = { spaces: { jobs: { "shop/media": { ...GOOD, bytes: [0, 9, 9, 9] } } } };
    const [row] = judge({ settings: all, seen, drills: {}, now: NOW }).hosts[0]!.rows;
    expect(row!.findings.map(({ what }) => what)).toEqual(["backup"]);
    expect(row!.bytes).toBeUndefined();
  });
});

describe("a host", () => {
  it.each<[string, LastDrill | undefined, Colour, RegExp]>([
    ["a drill that passed", DRILL, "green", /passed$/],
    ["one that failed", { ...DRILL, ok: false }, "red", /failed$/],
    ["an old one", { ok: true, finished: new Date("2026-10-01T12:00:00Z") }, "red", /older than 35 days$/],
  ])("%s", (_, drill, colour, reason) => {
    const found = look({}, { drill }).hosts[0]!.drill;
    expect(found.colour).toBe(colour);
    expect(found.reason).toMatch(reason);
  });

  it("without any drill is to be looked at", () => {
    const seen = { spaces: { jobs: { "shop/orders": GOOD } } };
    const { hosts } = judge({ settings: settings(), seen, drills: {}, now: NOW });
    expect(hosts[0]!.drill).toMatchObject({
      colour: "yellow",
      reason: "no drill yet: run `granary drill --identity FILE`",
    });
  });

  it("that only fills replicas has nothing to restore, and its replicas are said to be not known", () => {
    const raw = example();
    const runner = { address: "203.0.113.20", hostKey: HOST_KEY, provider: "ovh", country: "FR", jobs: {} };
    const spaces = { ...raw.copies.spaces, replica: { region: "ams3", on: "runner" } };
    const all = parseSettings({ ...raw, copies: { ...raw.copies, spaces }, hosts: { ...raw.hosts, runner } });
    const { hosts } = judge({ settings: all, seen: {}, drills: {}, now: NOW });
    expect(hosts[1]).toMatchObject({ host: "runner", colour: "grey", drill: { colour: "green" } });
    expect(hosts[1]!.rows.map(({ kind, colour, copy }) => [kind, colour, copy])).toEqual([
      ["replica", "grey", undefined],
    ]);
  });
});

describe("every combination", () => {
  const backups = [[], GOOD.backups, [{ stamp: "20261101T030000Z" }], [{ stamp: "20261125T030000Z", fault: "torn" }]];
  const pieces = ["20261125T115930Z", "20261101T030000Z", "no stamp"];
  const sizes = [[], [1, 1, 1, 1], [1, 9, 9, 9], [0, 99, 99, 99]];
  const cases = backups.flatMap((b) => pieces.flatMap((piece) => sizes.map((bytes) => ({ backups: b, piece, bytes }))));
  it.each(cases)("has a colour and a reason: %j", (seen) => {
    for (const { colour, findings } of look(seen, { job: { continuous: true } }).hosts[0]!.rows) {
      expect(findings.every(({ reason }) => reason.length > 5)).toBe(true);
      expect(colour).toBe(worst(findings.map((finding) => finding.colour)));
    }
  });

  it("the worst of none is green, and red is worse than everything", () => {
    expect(worst([])).toBe("green");
    expect(worst([...COLOURS])).toBe("red");
  });
});

describe("a replica", () => {
  const record = {
    stamp: "20261125T050000Z",
    missing: 0,
    changed: 0,
    vanished: 0,
    lagSeconds: 0,
    lastComplete: "20261125T050000Z",
  };
  const of = (replica: SeenReplica | undefined, time = "12:00") => {
    const raw = example();
    const copies = { ...raw.copies, spaces: { ...raw.copies.spaces, replica: { region: "ams3", schedule: "05:00" } } };
    const now = Date.parse(`2026-11-25T${time}:00Z`);
    const replicas = replica === undefined ? {} : { "replica-spaces": replica };
    const { hosts } = judge({ settings: parseSettings({ ...raw, copies }), seen: {}, replicas, drills: {}, now });
    return hosts[0]!.rows.find(({ kind }) => kind === "replica")!;
  };

  it.each<[string, SeenReplica | undefined, string, Colour, RegExp]>([
    ["complete", { record }, "12:00", "green", /^nothing was missing after the run of 2026-11-25 05:00 UTC$/],
    ["not read", undefined, "12:00", "grey", /^not known: it was not read$/],
    ["out of reach", { error: "403" }, "12:00", "red", /could not be read: 403$/],
    ["without a record", {}, "12:00", "red", /^no run has left a record/],
    ["with a record of no time", { record: { ...record, stamp: "x" } }, "12:00", "red", /^no run has left a record/],
    [
      "of yesterday's run",
      { record: { ...record, stamp: "20261124T050000Z" } },
      "12:00",
      "red",
      /^overdue: .* 2026-11-24 05:00/,
    ],
    [
      "whose run goes on",
      { record: { ...record, stamp: "20261124T050000Z" } },
      "06:59",
      "green",
      /^nothing was missing/,
    ],
    ["dated in the future", { record: { ...record, stamp: "20311125T050000Z" } }, "12:00", "red", /in the future/],
    [
      "an hour behind",
      { record: { ...record, missing: 3, lagSeconds: 3600 } },
      "12:00",
      "yellow",
      /left 3 missing, 60 minutes behind$/,
    ],
    [
      "that lacks what has no time",
      { record: { stamp: record.stamp, missing: 3, changed: 0, vanished: 0 } },
      "12:00",
      "yellow",
      /left 3 missing$/,
    ],
    [
      "more than a day behind",
      { record: { ...record, missing: 3, lagSeconds: 93_601 } },
      "12:00",
      "red",
      /left 3 missing, 1561 minutes/,
    ],
    [
      "whose source was overwritten",
      { record: { ...record, changed: 2 } },
      "12:00",
      "red",
      /source 2 were overwritten and 0 went/,
    ],
  ])("%s", (_, seen, time, colour, reason) => {
    const { findings, ...row } = of(seen, time);
    expect(row).toMatchObject({ job: "replica-spaces", colour });
    expect(findings).toMatchObject([{ what: "replica", colour, reason: expect.stringMatching(reason) as string }]);
  });

  it("tells how far it is behind, and when it was complete", () => {
    const row = of({ record: { ...record, lagSeconds: 3600, missing: 1, lastComplete: "20261124T050000Z" } });
    expect(row).toMatchObject({ lagSeconds: 3600, last: "2026-11-24T05:00:00.000Z", ageSeconds: 31 * 3600 });
  });
});
