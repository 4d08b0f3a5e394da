import { describe, expect, it } from "vitest";
import { replicaDomain } from "../../plan/failure-domain.js";
import { jobEnv } from "../../plan/job-env.js";
import { prove } from "../../plan/proof.js";
import { MAX_LAG } from "../../plan/replication.js";
import { uploadsLock } from "../../plan/retention.js";
import { startsOf } from "../../plan/schedules.js";
import { replicaJobs } from "../../settings/jobs/job.js";
import { parseSettings } from "../../settings/parse.js";
import { ACCOUNT, example, HOST_KEY, RECIPIENTS } from "../settings/example.js";

/** A host that owns nothing fills the replicas of both buckets and of uploads. */
function settings() {
  const { copies, hosts, ...rest } = example();
  const on = "runner";
  const runner = { address: "203.0.113.20", hostKey: HOST_KEY, provider: "hetzner", country: "FI", jobs: {} };
  return parseSettings({
    ...rest,
    copies: {
      ...copies,
      spaces: { ...copies.spaces, replica: { region: "ams3", on } },
      r2: { ...copies.r2, replica: { location: "eeur", on } },
    },
    hosts: { ...hosts, runner },
    uploads: {
      media: {
        kind: "r2",
        accountId: ACCOUNT,
        bucket: "shop-media",
        replica: { kind: "spaces", region: "fra1", bucket: "shop-media-copy", on },
      },
    },
  });
}

const key = (accessKeyId: string) => ({ kind: "s3" as const, accessKeyId, secretAccessKey: "secret" });
const env = (job: string, access: Record<string, ReturnType<typeof key>>) =>
  jobEnv({ settings: settings(), host: "runner", job, machine: "7", access });

describe("the settings of a replica job", () => {
  it("are the whole file: two remotes, of which the source's key can only read", () => {
    expect(env("replica-spaces", { spaces: key("READ"), replica: key("WRITE") })).toBe(`GRANARY_MACHINE=7
GRANARY_HOST=runner
GRANARY_JOB=replica-spaces
GRANARY_KIND=replica
GRANARY_ON_CALENDAR=*-*-* 04:50:00 UTC
GRANARY_CRON=50 4 * * *
GRANARY_RECIPIENTS=${RECIPIENTS.join(" ")}
GRANARY_LOCAL_DAYS=7
GRANARY_REPLICA_FROM=spaces
GRANARY_REPLICA_TO=replica
GRANARY_REPLICA_HOLDS=backups
GRANARY_REPLICA_MAX_LAG=93600
GRANARY_REPLICA_RECORDS=replication/spaces
GRANARY_REPLICA_CHANGED=files/.changed
GRANARY_REPLICA_DAYS={"daily":30,"monthly":372,"annual":1830,"base":45,"wal":45}
GRANARY_COPIES=spaces replica
GRANARY_COPY_SPACES_ROOT=kolonell-backups
RCLONE_CONFIG_SPACES_TYPE=s3
RCLONE_CONFIG_SPACES_ACCESS_KEY_ID=READ
RCLONE_CONFIG_SPACES_SECRET_ACCESS_KEY=secret
RCLONE_CONFIG_SPACES_ENDPOINT=https://fra1.digitaloceanspaces.com
RCLONE_CONFIG_SPACES_NO_CHECK_BUCKET=true
RCLONE_CONFIG_SPACES_PROVIDER=DigitalOcean
RCLONE_CONFIG_SPACES_REGION=fra1
RCLONE_CONFIG_SPACES_ACL=private
GRANARY_COPY_REPLICA_ROOT=kolonell-backups-replica
RCLONE_CONFIG_REPLICA_TYPE=s3
RCLONE_CONFIG_REPLICA_ACCESS_KEY_ID=WRITE
RCLONE_CONFIG_REPLICA_SECRET_ACCESS_KEY=secret
RCLONE_CONFIG_REPLICA_ENDPOINT=https://ams3.digitaloceanspaces.com
RCLONE_CONFIG_REPLICA_NO_CHECK_BUCKET=true
RCLONE_CONFIG_REPLICA_PROVIDER=DigitalOcean
RCLONE_CONFIG_REPLICA_REGION=ams3
RCLONE_CONFIG_REPLICA_ACL=private
`);
  });

  it("of uploads expect nothing to stay at the source, and keep what is Granary's apart", () => {
    const lines = env("uploads-media", { media: key("R"), replica: key("W") }).split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        "GRANARY_REPLICA_HOLDS=uploads",
        "GRANARY_REPLICA_RECORDS=.granary/replication/media",
        "GRANARY_REPLICA_CHANGED=.granary/changed",
        "GRANARY_COPIES=media replica",
        "GRANARY_COPY_MEDIA_ROOT=shop-media",
        "GRANARY_COPY_REPLICA_ROOT=shop-media-copy",
      ]),
    );
    expect(lines.filter((line) => line.startsWith("GRANARY_REPLICA_DAYS"))).toEqual([]);
  });

  it("are refused without both keys", () => {
    expect(() => env("replica-r2", { r2: key("R") })).toThrow('copy "replica" needs an S3 key, got nothing');
  });

  it("let it be a day and a run's two hours behind", () => {
    expect(MAX_LAG).toBe(26 * 60 * 60);
  });
});

describe("replicas of one host", () => {
  it("do not start together", () => {
    const starts = startsOf(settings().hosts["runner"]!.jobs);
    expect(starts.map(({ job, schedule }) => [job, schedule.cron])).toEqual([
      ["replica-spaces", "50 4 * * *"],
      ["replica-r2", "40 4 * * *"],
      ["uploads-media", "40 3 * * *"],
    ]);
  });
});

describe("the proof with replicas", () => {
  it("shows where each is and who can destroy it, and leaves out the host that owns nothing", () => {
    const { hosts } = prove(settings());
    expect(hosts.map(({ host }) => host)).toEqual(["shop"]);
    expect(hosts[0]!.replicas).toEqual({
      spaces: {
        provider: "digitalocean",
        country: "NL",
        medium: "object store",
        destroyers: ["root on runner, which fills it (its key may delete versions)", "the digitalocean account"],
        on: "runner",
      },
      r2: {
        provider: "cloudflare",
        country: "eastern Europe",
        medium: "object store",
        destroyers: ["the cloudflare account (it can remove the lock)"],
        on: "runner",
      },
    });
  });

  it("counts none of them: a copy and its replica are one copy", () => {
    const all = settings();
    const alone = { ...all, copies: { spaces: all.copies["spaces"]! } };
    const [shop] = prove(alone).hosts;
    expect(Object.keys(shop!.replicas)).toEqual(["spaces"]);
    expect(shop!.legs.filter(({ ok }) => ok === false).map(({ rule }) => rule)).toEqual([
      "3 copies",
      "1 out of the host's reach",
    ]);
  });

  it("knows the place of a replica of uploads too", () => {
    const job = replicaJobs(settings().hosts["runner"]!.jobs)["uploads-media"]!;
    expect(replicaDomain(job, "runner")).toMatchObject({ provider: "digitalocean", country: "DE" });
  });
});

it("a bucket of uploads at R2 is locked as a whole", () => {
  expect(uploadsLock({ lockDays: 9 })).toEqual([{ id: "uploads", prefix: "", lockDays: 9 }]);
});
