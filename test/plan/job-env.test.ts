import { describe, expect, it } from "vitest";
import { jobEnv, type JobEnvInput } from "../../plan/job-env.js";
import { parseSettings } from "../../settings/parse.js";
import { ACCOUNT, example, HOST_KEY, RECIPIENTS } from "../settings/example.js";

const BOX_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIICf9svRenC/PLKIL9nk6K/pxQgoiFC41wTNvoIncOxs";

const INPUT: JobEnvInput = {
  settings: parseSettings(example()),
  host: "shop",
  job: "orders",
  machine: "203.0.113.10",
  access: {
    spaces: { kind: "s3", accessKeyId: "DO1", secretAccessKey: "s3cret $x 'y' \"z\" #" },
    r2: { kind: "s3", accessKeyId: "CF1", secretAccessKey: "abc" },
    box: { kind: "box", server: "u1004.your-storagebox.de", username: "u1004-sub1" },
  },
};

describe("jobEnv", () => {
  it("is the whole file, in order, values literal", () => {
    expect(jobEnv(INPUT)).toBe(`GRANARY_MACHINE=203.0.113.10
GRANARY_HOST=shop
GRANARY_JOB=orders
GRANARY_KIND=postgres
GRANARY_ON_CALENDAR=*-*-* 03:00:00 UTC
GRANARY_CRON=0 3 * * *
GRANARY_RECIPIENTS=${RECIPIENTS.join(" ")}
GRANARY_LOCAL_DAYS=7
GRANARY_PG_CONTAINER=
GRANARY_PG_DATABASE=mydb
GRANARY_PG_USER=postgres
GRANARY_CONTINUOUS=no
GRANARY_COPIES=spaces r2 box
GRANARY_COPY_SPACES_ROOT=kolonell-backups
RCLONE_CONFIG_SPACES_TYPE=s3
RCLONE_CONFIG_SPACES_ACCESS_KEY_ID=DO1
RCLONE_CONFIG_SPACES_SECRET_ACCESS_KEY=s3cret $x 'y' "z" #
RCLONE_CONFIG_SPACES_ENDPOINT=https://fra1.digitaloceanspaces.com
RCLONE_CONFIG_SPACES_NO_CHECK_BUCKET=true
RCLONE_CONFIG_SPACES_PROVIDER=DigitalOcean
RCLONE_CONFIG_SPACES_REGION=fra1
RCLONE_CONFIG_SPACES_ACL=private
GRANARY_COPY_R2_ROOT=kolonell-archive
RCLONE_CONFIG_R2_TYPE=s3
RCLONE_CONFIG_R2_ACCESS_KEY_ID=CF1
RCLONE_CONFIG_R2_SECRET_ACCESS_KEY=abc
RCLONE_CONFIG_R2_ENDPOINT=https://${ACCOUNT}.r2.cloudflarestorage.com
RCLONE_CONFIG_R2_NO_CHECK_BUCKET=true
RCLONE_CONFIG_R2_PROVIDER=Cloudflare
RCLONE_CONFIG_R2_REGION=auto
GRANARY_COPY_BOX_ROOT=
RCLONE_CONFIG_BOX_TYPE=sftp
RCLONE_CONFIG_BOX_HOST=u1004.your-storagebox.de
RCLONE_CONFIG_BOX_PORT=23
RCLONE_CONFIG_BOX_USER=u1004-sub1
RCLONE_CONFIG_BOX_KEY_FILE=/etc/granary/box_ed25519
RCLONE_CONFIG_BOX_KNOWN_HOSTS_FILE=/etc/granary/known_hosts
RCLONE_CONFIG_BOX_SHELL_TYPE=none
RCLONE_CONFIG_BOX_DISABLE_HASHCHECK=true
GRANARY_BOX_KNOWN_HOST=[u1004.your-storagebox.de]:23 ${BOX_KEY}
`);
  });

  it("has the container and the password when there are any", () => {
    const raw = example();
    Object.assign(raw.hosts.shop.jobs.orders, { container: "postgres_container" });
    const lines = jobEnv({ ...INPUT, settings: parseSettings(raw), password: "a=b c" }).split("\n");
    expect(lines).toContain("GRANARY_PG_CONTAINER=postgres_container");
    expect(lines).toContain("GRANARY_PG_PASSWORD=a=b c");
  });

  const lines = (job: Record<string, unknown>, secrets: Partial<JobEnvInput> = {}): string[] => {
    const raw = example();
    Object.assign(raw.hosts.shop.jobs, { orders: job });
    return jobEnv({ ...INPUT, settings: parseSettings(raw), ...secrets }).split("\n");
  };

  it("has a time of its own on the host", () => {
    const raw = example();
    Object.assign(raw.hosts.shop.jobs, { again: { kind: "postgres", database: "other" } });
    const settings = parseSettings(raw);
    const times = ["again", "orders"].map((job) =>
      jobEnv({ ...INPUT, settings, job })
        .split("\n")
        .slice(4, 6),
    );
    expect(times).toEqual([
      ["GRANARY_ON_CALENDAR=*-*-* 03:00:00 UTC", "GRANARY_CRON=0 3 * * *"],
      ["GRANARY_ON_CALENDAR=*-*-* 03:10:00 UTC", "GRANARY_CRON=10 3 * * *"],
    ]);
  });

  it("has the log's settings of a continuous database", () => {
    expect(lines({ kind: "postgres", database: "mydb", continuous: true, baseSchedule: "04:10" })).toEqual(
      expect.arrayContaining([
        "GRANARY_CONTINUOUS=yes",
        "GRANARY_BASE_ON_CALENDAR=*-*-* 04:10:00 UTC",
        "GRANARY_SLOT_KEEP=4GB",
      ]),
    );
  });

  it.each(["mariadb", "mysql"])("has the server of a %s job", (kind) => {
    expect(lines({ kind, database: "shop", container: "db1" }, { password: "p" })).toEqual(
      expect.arrayContaining([
        `GRANARY_KIND=${kind}`,
        "GRANARY_DB_CONTAINER=db1",
        "GRANARY_DB_DATABASE=shop",
        "GRANARY_DB_USER=root",
        "GRANARY_DB_PASSWORD=p",
        "GRANARY_CONTINUOUS=no",
      ]),
    );
  });

  it.each(["files", "configs", "logs"])("has the paths of a %s job on one line", (kind) => {
    const job = { kind, paths: ["/opt/a b", '/opt/"c"'], exclude: ["*.tmp"] };
    const found = lines(job, { repositoryPassword: "R" });
    expect(found).toEqual(
      expect.arrayContaining(['GRANARY_PATHS=["/opt/a b","/opt/\\"c\\""]', 'GRANARY_EXCLUDE=["*.tmp"]']),
    );
    expect(found).toContain("GRANARY_RESTIC_PASSWORD=R");
    expect(lines(job).some((line) => line.startsWith("GRANARY_RESTIC"))).toBe(false);
  });

  it("has the box's account for repositories, of a host with files jobs", () => {
    const box = { kind: "box" as const, server: "u1.box", username: "u1-sub1", repositories: "u1-sub2@u1-sub2.box" };
    const found = lines({ kind: "files", paths: ["/opt/uploads"] }, { access: { ...INPUT.access, box } });
    expect(found).toContain("GRANARY_COPY_BOX_RESTIC=append-only");
    expect(found).toContain("GRANARY_COPY_BOX_RESTIC_LOGIN=u1-sub2@u1-sub2.box");
  });

  it("has the remote of a source job, with its key by name and port", () => {
    const at = (remote: string, more = {}): string[] => lines({ kind: "source", path: "/opt/app", remote, ...more });
    const github =
      "GRANARY_SOURCE_KNOWN_HOST=github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    expect(at("git@github.com:example/shop.git")).toContain(github);
    expect(at("ssh://git@git.example:2222/shop.git", { remoteHostKey: HOST_KEY })).toContain(
      `GRANARY_SOURCE_KNOWN_HOST=[git.example]:2222 ${HOST_KEY}`,
    );
    expect(lines({ kind: "source", path: "/opt/app" }).some((line) => line.includes("REMOTE"))).toBe(false);
  });

  it.each(["a\nb", "a\rb", "a\0b"])("refuses the password %j without showing it", (password) => {
    expect(() => jobEnv({ ...INPUT, password })).toThrow(
      /^GRANARY_PG_PASSWORD has a line break or a NUL in it: values are one line, remove it$/,
    );
  });

  it.each([
    [{ host: "shop2" }, 'no job "shop2/orders" in the settings: check the names'],
    [{ job: "order" }, 'no job "shop/order" in the settings: check the names'],
    [{ job: "redis" }, 'no job "shop/redis" in the settings: check the names'],
    [{ access: {} }, 'copy "spaces" needs an S3 key, got nothing'],
    [{ access: { ...INPUT.access, r2: INPUT.access["box"] } }, 'copy "r2" needs an S3 key, got box'],
    [{ access: { ...INPUT.access, box: INPUT.access["r2"] } }, 'copy "box" needs a box account, got s3'],
    [{ access: { spaces: INPUT.access["r2"], r2: INPUT.access["r2"] } }, 'copy "box" needs a box account, got nothing'],
  ])("refuses %j", (change, message) => {
    expect(() => jobEnv({ ...INPUT, ...change } as JobEnvInput)).toThrow(message);
  });
});
