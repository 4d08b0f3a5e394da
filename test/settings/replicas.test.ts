import { describe, expect, it } from "vitest";
import { SettingsError } from "../../settings/errors.js";
import { backupJobs, replicaJobs } from "../../settings/jobs/job.js";
import { parseSettings } from "../../settings/parse.js";
import { scheduleSchema } from "../../settings/schedule.js";
import type { R2Copy } from "../../settings/schema.js";
import { ACCOUNT, example, HOST_KEY } from "./example.js";

type Raw = ReturnType<typeof example> & { uploads?: Record<string, unknown> };

const HOST = { address: "203.0.113.20", hostKey: HOST_KEY, provider: "hetzner", country: "FI", jobs: {} };
const MEDIA = {
  kind: "spaces",
  region: "fra1",
  bucket: "shop-media",
  replica: { kind: "r2", accountId: ACCOUNT, bucket: "shop-media-copy" },
};

/** The example with things put in at dotted paths. */
function changed(changes: Record<string, unknown>): Raw {
  const raw = example() as Raw;
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split(".");
    const last = keys.pop()!;
    const at = keys.reduce<Record<string, unknown>>(
      (map, key) => (map[key] ??= {}) as Record<string, unknown>,
      raw as unknown as Record<string, unknown>,
    );
    at[last] = value;
  }
  return raw;
}

const jobs = (changes: Record<string, unknown>, host = "shop") =>
  replicaJobs(parseSettings(changed(changes)).hosts[host]!.jobs);

/** What is wrong, as `path: message`. */
function problems(changes: Record<string, unknown>): string[] {
  try {
    parseSettings(changed(changes));
  } catch (error) {
    if (error instanceof SettingsError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

describe("a replica of a copy", () => {
  it("becomes a job of the only host, with every default", () => {
    expect(jobs({ "copies.spaces.replica": { region: "ams3" } })).toEqual({
      "replica-spaces": {
        kind: "replica",
        schedule: scheduleSchema.parse("04:40"),
        holds: "backups",
        from: "spaces",
        source: parseSettings(changed({ "copies.spaces.replica": { region: "ams3" } })).copies["spaces"],
        target: { kind: "spaces", region: "ams3", bucket: "kolonell-backups-replica" },
      },
    });
  });

  it("of R2 is locked as its source, in its jurisdiction and at its endpoint", () => {
    const raw = { "copies.r2.replica": { location: "eeur" }, "copies.r2.endpoint": "http://r2.lab" };
    const source = parseSettings(changed({ "copies.r2.endpoint": "http://r2.lab" })).copies["r2"] as R2Copy;
    expect(jobs(raw)["replica-r2"]).toMatchObject({
      target: { ...source, location: "eeur", bucket: "kolonell-archive-replica" },
    });
    expect(jobs({ "copies.r2.replica": { location: "enam" } })["replica-r2"]?.target).not.toHaveProperty("endpoint");
  });

  it("takes a bucket, a schedule, a host, a jurisdiction and an endpoint of its own", () => {
    const own = { bucket: "elsewhere", schedule: "05:15", on: "runner", endpoint: "http://other.lab" };
    const raw = {
      "hosts.runner": HOST,
      "copies.spaces.replica": { region: "lon1", ...own },
      "copies.r2.replica": { location: "eeur", jurisdiction: "eu", ...own, bucket: "archive2" },
    };
    const found = jobs(raw, "runner");
    expect(found["replica-spaces"]).toMatchObject({
      schedule: { onCalendar: "*-*-* 05:15:00 UTC" },
      target: { kind: "spaces", region: "lon1", bucket: "elsewhere", endpoint: "http://other.lab" },
    });
    expect(found["replica-r2"]).toMatchObject({
      target: { location: "eeur", jurisdiction: "eu", bucket: "archive2", endpoint: "http://other.lab", lockDays: 30 },
    });
    expect(jobs(raw)).toEqual({});
  });

  it("is no backup job, and the settings without one stay as they are", () => {
    const { hosts } = parseSettings(changed({ "copies.spaces.replica": { region: "ams3" } }));
    expect(Object.keys(backupJobs(hosts["shop"]!.jobs))).toEqual(["orders"]);
    expect(jobs({})).toEqual({});
  });
});

describe("a bucket of uploads", () => {
  it("is made by the program, and its replica is a job of the host", () => {
    const settings = parseSettings(changed({ "uploads.media": MEDIA }));
    expect(settings.uploads).toMatchObject({ media: { create: true } });
    expect(replicaJobs(settings.hosts["shop"]!.jobs)).toEqual({
      "uploads-media": {
        kind: "replica",
        schedule: scheduleSchema.parse("03:40"),
        holds: "uploads",
        from: "media",
        source: settings.uploads!["media"],
        target: {
          kind: "r2",
          accountId: ACCOUNT,
          bucket: "shop-media-copy",
          location: "weur",
          jurisdiction: "default",
          lockDays: 30,
        },
      },
    });
  });

  it("can be there already, at R2 too, and be filled by another host", () => {
    const media = {
      ...{ kind: "r2", accountId: ACCOUNT, bucket: "media", lockDays: 7, create: false },
      replica: { kind: "spaces", region: "fra1", bucket: "media-copy", on: "runner", schedule: "*-*-* 0/6:10" },
    };
    const raw = changed({ "hosts.runner": HOST, "uploads.media": media });
    expect(parseSettings(raw).uploads).toMatchObject({ media: { create: false, lockDays: 7, location: "weur" } });
    expect(jobs({ "hosts.runner": HOST, "uploads.media": media }, "runner")).toHaveProperty("uploads-media");
  });
});

const REPLICA = "copies.spaces.replica";
const ON = `${REPLICA}.on`;
const R2 = "copies.r2.replica";
const long = "b".repeat(60);

describe("replicas that are refused", () => {
  it.each<[string, Record<string, unknown>, string]>([
    ["in no region", { [REPLICA]: {} }, `${REPLICA}.region: is missing: use a Spaces region: ams3`],
    ["with an unknown setting", { [REPLICA]: { region: "ams3", to: "x" } }, "a replica of a spaces copy has: region"],
    ["in the source's region", { [REPLICA]: { region: "fra1" } }, `${REPLICA}.region: the region of the source`],
    ["in the source's location", { [R2]: { location: "weur" } }, `${R2}.location: the location of the source`],
    [
      "outside of its jurisdiction",
      { [R2]: { location: "wnam", jurisdiction: "eu" } },
      `${R2}.location: outside the jurisdiction eu`,
    ],
    [
      "on a host there is not",
      { [REPLICA]: { region: "ams3", on: "web" } },
      `${ON}: is no host of these settings: use one of shop`,
    ],
    [
      "on no host of several",
      { [REPLICA]: { region: "ams3" }, "hosts.web": { ...HOST, jobs: example().hosts.shop.jobs } },
      `${ON}: is missing: name the host that fills the replica, one of shop, web`,
    ],
    [
      "filled once a week",
      { [REPLICA]: { region: "ams3", schedule: "weekly" } },
      "less than once a day is always behind",
    ],
    [
      "filled once a month",
      { [REPLICA]: { region: "ams3", schedule: "monthly" } },
      "less than once a day is always behind",
    ],
    [
      "filled in May",
      { [REPLICA]: { region: "ams3", schedule: "*-05-* 04:00" } },
      "less than once a day is always behind",
    ],
    [
      "with a long name",
      { [REPLICA]: { region: "ams3" }, "copies.spaces.bucket": long },
      `${REPLICA}.bucket: ${long}-replica is longer than`,
    ],
    [
      "in the source's bucket",
      { [REPLICA]: { region: "ams3", bucket: "kolonell-backups" } },
      `${REPLICA}.bucket: the name of the bucket of copy spaces: use another name`,
    ],
    [
      "under the name of a job",
      { [REPLICA]: { region: "ams3" }, "hosts.shop.jobs.replica-spaces": example().hosts.shop.jobs.orders },
      "hosts.shop.jobs.replica-spaces: the job that fills the replica of spaces has this name",
    ],
    ["of a box", { "copies.box.replica": { region: "ams3" } }, "copies.box.replica: unknown setting"],
  ])("%s", (_what, changes, message) => {
    expect(problems(changes).join("\n")).toContain(message);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["no replica", { ...MEDIA, replica: undefined }, "uploads.media.replica: is missing: use kind: spaces or r2"],
    ["an unknown kind", { ...MEDIA, kind: "s3" }, "uploads.media.kind: use kind: spaces or r2"],
    ["a create that is neither", { ...MEDIA, create: "no" }, "uploads.media.create: use true or false"],
    [
      "a replica in its own region",
      { ...MEDIA, replica: { kind: "spaces", region: "fra1", bucket: "other" } },
      "uploads.media.replica.region: the region of the source",
    ],
    [
      "a location outside its jurisdiction",
      {
        ...MEDIA,
        kind: "r2",
        accountId: ACCOUNT,
        region: undefined,
        jurisdiction: "eu",
        location: "oc",
        replica: { ...MEDIA.replica, kind: "spaces", region: "ams3", accountId: undefined },
      },
      "uploads.media.location: outside the jurisdiction eu",
    ],
    [
      "a copy's bucket",
      { ...MEDIA, bucket: "kolonell-backups" },
      "uploads.media.bucket: the name of the bucket of copy spaces",
    ],
    [
      "its own bucket as replica",
      { ...MEDIA, replica: { kind: "spaces", region: "ams3", bucket: "shop-media" } },
      "uploads.media.replica.bucket: the name of the bucket of uploads media",
    ],
    [
      "a bucket as replica that is one already",
      { ...MEDIA, replica: { ...MEDIA.replica, bucket: "kolonell-archive" } },
      "uploads.media.replica.bucket: the name of the bucket of copy r2",
    ],
  ])("uploads with %s", (_what, media, message) => {
    const clean = JSON.parse(JSON.stringify(media)) as object;
    expect(problems({ "uploads.media": clean }).join("\n")).toContain(message);
  });

  it("two replicas in one bucket", () => {
    const second = { kind: "spaces", region: "lon1", bucket: "second", replica: { region: "ams3", bucket: "same" } };
    const found = problems({ [REPLICA]: { region: "ams3", bucket: "same" }, "copies.two": second });
    expect(found).toEqual([
      "copies.two.replica.bucket: the name of the bucket of the replica of copy spaces: use another name",
    ]);
    const media = { ...MEDIA, replica: { kind: "spaces", region: "ams3", bucket: "same" } };
    expect(problems({ "uploads.one": media, "uploads.two": { ...media, bucket: "other" } })).toEqual([
      "uploads.two.replica.bucket: the name of the bucket of the replica of uploads one: use another name",
    ]);
  });

  it.each(["local", "replica", "my-media"])("uploads named %s", (name) => {
    expect(problems({ [`uploads.${name}`]: MEDIA }).join("\n")).toContain("and not local or replica");
  });

  it("a copy named replica", () => {
    expect(problems({ "copies.replica": { kind: "storageBox" } }).join("\n")).toContain("and not local or replica");
  });
});

describe("a host without a job", () => {
  const idle = "a host without a job backs up nothing: add a job, or remove the host";

  it("is refused, unless it fills a replica", () => {
    expect(problems({ "hosts.runner": HOST })).toEqual([`hosts.runner.jobs: ${idle}`]);
    expect(problems({ "hosts.runner": HOST, [REPLICA]: { region: "ams3", on: "runner" } })).toEqual([]);
    expect(problems({ "hosts.runner": HOST, [REPLICA]: { region: "ams3", on: "shop" } })).toEqual([
      `hosts.runner.jobs: ${idle}`,
    ]);
  });
});
