import { describe, expect, it } from "vitest";
import { SettingsError } from "../../settings/errors.js";
import { backupJobs } from "../../settings/jobs/job.js";
import { isWithin } from "../../settings/jobs/paths.js";
import { parseSettings } from "../../settings/parse.js";
import { example, HOST_KEY } from "./example.js";

/** The example with these jobs beside `orders`. */
function withJobs(jobs: Record<string, unknown>): unknown {
  const raw = example();
  Object.assign(raw.hosts.shop.jobs, jobs);
  return raw;
}

const parsed = (jobs: Record<string, unknown>) => parseSettings(withJobs(jobs)).hosts["shop"]!.jobs;

describe("jobs of every kind", () => {
  it("have defaults", () => {
    expect(
      parsed({
        stock: { kind: "mariadb", database: "stock" },
        media: { kind: "files", paths: ["/opt/uploads"] },
        configs: { kind: "configs", paths: ["/opt/configs", "/etc/caddy"] },
        logs: { kind: "logs", paths: ["/var/log/caddy"] },
        code: { kind: "source", path: "/opt/app", remote: "git@github.com:example/shop.git" },
        sessions: { kind: "cache", container: "redis" },
      }),
    ).toMatchObject({
      stock: { user: "root", continuous: false },
      media: { exclude: [], schedule: {} },
      code: { path: "/opt/app" },
      sessions: { reason: "a cache fills again by itself" },
    });
  });

  it("run, but for what is left out", () => {
    const jobs = parsed({ sessions: { kind: "cache" } });
    expect(Object.keys(backupJobs(jobs))).toEqual(["orders"]);
  });

  it("may be the same database name on servers of two kinds", () => {
    expect(Object.keys(parsed({ other: { kind: "mysql", database: "mydb" } }))).toEqual(["orders", "other"]);
  });

  it.each(["git@gitlab.com:a/b.git", "ssh://git@github.com/a/b.git"])("may push to %s", (remote) => {
    expect(parsed({ code: { kind: "source", path: "/opt/app", remote } })).toHaveProperty("code");
  });
});

describe("bad jobs", () => {
  const remote = "git@git.example:shop.git";
  it.each<[string, Record<string, unknown>, string, string]>([
    ["of no kind", { redis: { kind: "redis" } }, "redis.kind", "use kind: postgres, mariadb, mysql, files"],
    ["without a path", { a: { kind: "files", paths: [] } }, "a.paths", "backs up nothing"],
    ["with one path that is no list", { a: { kind: "files", paths: "/opt" } }, "a.paths", "give a list of paths"],
    ["with a relative path", { a: { kind: "files", paths: ["opt"] } }, "a.paths.0", "use an absolute path"],
    ["with the root", { a: { kind: "files", paths: ["/"] } }, "a.paths.0", "use an absolute path"],
    ["with ..", { a: { kind: "logs", paths: ["/opt/../etc"] } }, "a.paths.0", "use an absolute path"],
    ["with a slash at the end", { a: { kind: "logs", paths: ["/opt/"] } }, "a.paths.0", "use an absolute path"],
    ["with a line break", { a: { kind: "logs", paths: ["/opt\n/a"] } }, "a.paths.0", "use an absolute path"],
    ["with the kernel's own", { a: { kind: "logs", paths: ["/proc/1"] } }, "a.paths.0", "/proc is never backed up"],
    ["under root's home", { a: { kind: "files", paths: ["/root/shop/uploads"] } }, "a.paths.0", "move it to /opt"],
    ["of code under root's home", { a: { kind: "source", path: "/root/shop" } }, "a.path", "a job cannot see /root"],
    [
      "in a directory that each service has to itself",
      { a: { kind: "logs", paths: ["/var/tmp/x"] } },
      "a.paths.0",
      "/srv",
    ],
    [
      "with base backups rarer than a week",
      { a: { kind: "postgres", database: "a", baseSchedule: "monthly" } },
      "a.baseSchedule",
      "rarer than once a week",
    ],
    [
      "with base backups each eighth day",
      { a: { kind: "postgres", database: "a", baseSchedule: "*-*-01,08,15,22 02:00" } },
      "a.baseSchedule",
      "rarer than once a week",
    ],
    [
      "with base backups on Sundays but in December",
      { a: { kind: "postgres", database: "a", baseSchedule: "Sun *-1..11-* 02:00" } },
      "a.baseSchedule",
      "rarer than once a week",
    ],
    ["with our own", { a: { kind: "files", paths: ["/var/backups/granary"] } }, "a.paths.0", "never backed up"],
    ["with a path twice", { a: { kind: "files", paths: ["/opt", "/opt/a"] } }, "a.paths", "/opt/a is listed twice"],
    ["with a bad exclusion", { a: { kind: "files", paths: ["/opt"], exclude: ["a\nb"] } }, "a.exclude.0", "pattern"],
    ["with one exclusion", { a: { kind: "files", paths: ["/opt"], exclude: "*.tmp" } }, "a.exclude", "give a list"],
    [
      "with a remote by https",
      { a: { kind: "source", path: "/a", remote: "https://github.com/a/b" } },
      "a.remote",
      "SSH address",
    ],
    ["with a remote of unknown key", { a: { kind: "source", path: "/a", remote } }, "a.remoteHostKey", "is missing"],
    ["with a bad container", { a: { kind: "cache", container: "-x" } }, "a.container", "container's name"],
    ["with a reason of two lines", { a: { kind: "cache", reason: "a\nb" } }, "a.reason", "in one line"],
    [
      "with a bad user",
      { a: { kind: "mariadb", database: "a", user: "root@localhost" } },
      "a.user",
      "without its host",
    ],
    ["with an option for a database", { a: { kind: "mysql", database: "--all" } }, "a.database", "database's name"],
    [
      "with continuous: daily",
      { a: { kind: "mysql", database: "a", continuous: "daily" } },
      "a.continuous",
      "true or false",
    ],
    ["with a slot of no size", { a: { kind: "postgres", database: "a", slotKeep: "all" } }, "a.slotKeep", '"512MB"'],
    [
      "twice for one mariadb",
      { a: { kind: "mariadb", database: "s" }, b: { kind: "mariadb", database: "s" } },
      "b.database",
      "job a backs up this database already",
    ],
    [
      "with secrets in what is pushed",
      {
        code: { kind: "source", path: "/opt/app" },
        secrets: { kind: "configs", paths: ["/etc/caddy", "/opt/app/.env"] },
      },
      "secrets.paths.1",
      "secrets must stay out of Git",
    ],
    [
      "with secrets around what is pushed",
      { code: { kind: "source", path: "/opt/app" }, secrets: { kind: "configs", paths: ["/opt"] } },
      "secrets.paths.0",
      "secrets must stay out of Git",
    ],
  ])("%s", (_, jobs, path, remedy) => {
    const error = (() => {
      try {
        parseSettings(withJobs(jobs));
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(SettingsError);
    const problem = (error as SettingsError).problems.find((p) => p.path === `hosts.shop.jobs.${path}`);
    expect(problem?.message, String(error)).toContain(remedy);
  });

  it("a host with nothing but caches backs up nothing", () => {
    const raw = example();
    Object.assign(raw.hosts.shop, { jobs: { redis: { kind: "cache" } } });
    expect(() => parseSettings(raw)).toThrow(/a host without a job backs up nothing/);
  });

  it("may give a remote's key", () => {
    const code = { kind: "source", path: "/a", remote, remoteHostKey: HOST_KEY };
    expect(parsed({ code })).toHaveProperty("code.remoteHostKey", HOST_KEY);
  });
});

it.each([
  ["/a/b", "/a", true],
  ["/a", "/a", true],
  ["/ab", "/a", false],
  ["/a", "/a/b", false],
])("%s within %s: %s", (inner, outer, expected) => {
  expect(isWithin(inner, outer)).toBe(expected);
});
