import { describe, expect, it } from "vitest";
import { backupChecks, newestBackup, type Looked, type Manifest } from "../../plan/backup-checks.js";
import { drillAge, drillCopies, drillCopy } from "../../plan/drill.js";
import { prove } from "../../plan/proof.js";
import { parseSettings } from "../../settings/parse.js";
import { scheduleSchema } from "../../settings/schedule.js";
import type { BackupJob } from "../../settings/schema.js";
import { example, HOST_KEY } from "../settings/example.js";

const settings = (copyOrder?: string[]) =>
  parseSettings({
    ...example(),
    ssh: { publicKey: HOST_KEY },
    ...(copyOrder === undefined ? {} : { drill: { copyOrder } }),
  });
const now = new Date("2026-11-25T12:00:00Z");
const drill = (ok: boolean, copy?: string, finished = now) => ({
  ok,
  finished,
  ...(copy === undefined ? {} : { copy }),
});

describe("the copy whose turn it is", () => {
  it("is every bucket in turn, or what the settings say", () => {
    expect(drillCopies(settings())).toEqual(["spaces", "r2"]);
    expect(drillCopies(settings(["r2"]))).toEqual(["r2"]);
  });

  it("goes on after a drill that passed, and stays after one that failed", () => {
    expect(drillCopy(settings())).toBe("spaces");
    expect(drillCopy(settings(), drill(true, "spaces"))).toBe("r2");
    expect(drillCopy(settings(), drill(true, "r2"))).toBe("spaces");
    expect(drillCopy(settings(), drill(false, "r2"))).toBe("r2");
  });

  it("begins again after a copy that is no longer there, or a drill that chose none", () => {
    expect(drillCopy(settings(), drill(true, "old"))).toBe("spaces");
    expect(drillCopy(settings(), drill(false))).toBe("spaces");
    expect(drillCopy({ copies: {} })).toBeUndefined();
  });
});

describe("zero errors", () => {
  const leg = (last?: ReturnType<typeof drill>) =>
    prove(settings(), { drills: last === undefined ? {} : { shop: last }, now }).hosts[0]!.legs[4]!;
  const ago = (days: number) => new Date(now.getTime() - days * 86_400_000);

  it("is not known without a drill", () => {
    expect(leg()).toMatchObject({ ok: undefined, found: "not known: no restore has been looked at" });
    expect(leg()).toEqual(prove(settings()).hosts[0]!.legs[4]);
  });

  it.each([
    [drill(true, "r2"), true, "the last drill from r2 passed today"],
    [drill(true, undefined, ago(1)), true, "the last drill passed yesterday"],
    [drill(true, "r2", ago(35)), true, "the last drill from r2 passed 35 days ago"],
    [drill(true, "r2", ago(36)), false, "the last drill from r2 passed 36 days ago"],
    [drill(false, "r2", ago(2)), false, "the last drill from r2, 2 days ago, failed"],
  ])("%j: %s", (last, ok, found) => expect(leg(last)).toMatchObject({ ok, found }));

  it("says what to do, and breaks the rule", () => {
    expect(leg(drill(true, "r2", ago(36))).remedy).toBe(
      "older than 35 days: restore one: `npx granary drill shop --identity FILE`",
    );
    expect(leg(drill(false)).remedy).toBe(
      "open its report, then restore one: `npx granary drill shop --identity FILE`",
    );
    expect(prove(settings(), { drills: { shop: drill(false) }, now }).ok).toBe(false);
    expect(drillAge(drill(true, "r2", ago(3)), now)).toBe(3);
  });
});

describe("what a list of backups must hold", () => {
  const artifact = (sha256: string) => ({ name: `${sha256}.age`, encrypted: { bytes: 1, sha256 } });
  const manifest = (created: string, change: Partial<Manifest> = {}): Manifest => ({
    ...{ created, artifacts: [artifact(created)], rows: { "public.a": 10, "public.b": 0 }, database: { name: "mydb" } },
    ...change,
  });
  const yesterday = manifest("2026-11-24T03:00:00Z");
  const newest = manifest("2026-11-25T03:00:00Z");
  const orders = settings().hosts["shop"]!.jobs["orders"] as BackupJob;
  const media = { kind: "files", paths: ["/a"], exclude: [], schedule: scheduleSchema.parse("03:00") } as BackupJob;
  const look = (manifests: Manifest[], change: Partial<Looked> = {}): string[] =>
    backupChecks({
      ...{ job: "orders", settings: orders, schedule: scheduleSchema.parse("03:00"), now },
      ...{ manifests, monthly: ["20261001T030000Z", "20261101T030000Z"], ...change },
    })
      .filter(({ ok }) => !ok)
      .map(({ name, expected, actual }) => `${name}: ${expected}: ${actual}`);

  it("passes when all is well, of every kind", () => {
    expect(look([newest, yesterday])).toEqual([]);
    expect(look([newest])).toEqual([]);
    const { created, artifacts } = newest;
    const bare = { created, artifacts };
    expect(look([{ ...bare, files: 3 }], { settings: media })).toEqual([]);
    const code = { kind: "source", path: "/opt/app", schedule: media.schedule } as BackupJob;
    expect(look([{ ...bare, refs: { a: "b" } }], { settings: code })).toEqual([]);
    expect(newestBackup([newest, yesterday])).toBe(newest);
  });

  it.each<[string, Manifest[], string]>([
    ["no backup", [], "there is a backup: one at least: none with a valid manifest"],
    [
      "older than claimed",
      [yesterday],
      "as new as its schedule: 2026-11-25T03:00:00Z or newer, not in the future: 2026-11-24T03:00:00Z",
    ],
    ["from the future", [manifest("2026-11-25T12:06:00Z")], "as new as its schedule"],
    ["empty", [manifest(newest.created, { rows: {} })], "is not empty: some rows: 0 rows"],
    [
      "of another database",
      [manifest(newest.created, { database: { name: "other" } })],
      "is of its database: mydb: other",
    ],
    [
      "half the rows",
      [manifest(newest.created, { rows: { "public.a": 4, "public.b": 0 } }), yesterday],
      "did not shrink to less than half: at least half of 10 rows: 4 rows",
    ],
    [
      "a table is missing",
      [manifest(newest.created, { rows: { "public.a": 10 } }), yesterday],
      "every table of the backup before: none is missing: public.b",
    ],
    [
      "every table is missing",
      [{ created: newest.created, artifacts: [], files: 99, database: { name: "mydb" } }, yesterday],
      "every table of the backup before: none is missing: public.a, public.b",
    ],
    [
      "an old one again",
      [manifest(newest.created, { artifacts: [artifact(yesterday.created)] }), yesterday],
      "is not an older backup with a new date",
    ],
  ])("%s", (_name, manifests, expected) => {
    const found = look(manifests);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`orders: ${expected}`);
  });

  it("names no database, holds nothing, is not of this month's tier", () => {
    const { created, artifacts } = newest;
    const bare = { created, artifacts };
    expect(look([bare], { monthly: [] })).toEqual([
      "orders: is not empty: some refs: 0 refs",
      "orders: is of its database: mydb: none named",
      "orders: this month's backup is kept for the year: one of 202611: none",
    ]);
    expect(look([newest], { monthly: ["20261101T030000Z", "20261102T030000Z"] })).toHaveLength(1);
  });

  it("the server's own database may be empty, and files keep their months themselves", () => {
    const empty = manifest(newest.created, { rows: {}, database: { name: "postgres" } });
    expect(look([empty], { settings: { ...orders, database: "postgres" } as BackupJob })).toEqual([]);
    const { created, artifacts } = newest;
    expect(look([{ created, artifacts, files: 3 }], { settings: media, monthly: [] })).toEqual([]);
  });

  it("a run that still goes on is not late", () => {
    expect(look([yesterday], { now: new Date("2026-11-25T08:59:00Z") })).toEqual([]);
    expect(look([yesterday], { now: new Date("2026-11-25T09:00:00Z") })).toHaveLength(1);
  });
});
