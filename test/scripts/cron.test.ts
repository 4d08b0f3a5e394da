/** Hosts without systemd: jobs in /etc/cron.d. That a real cron takes them is the rehearsal's part (lab/rehearsal/cron-host.ts). */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nextRuns } from "../../plan/next-runs.js";
import { scheduleSchema } from "../../settings/schedule.js";
import { cron as cronLine, random } from "../settings/random-schedules.js";
import { fileHost, finished, scripts, type Host, type Result } from "./harness.js";

let host: Host;

beforeEach(() => {
  host = fileHost("configs", ["/etc/hostname"]);
  for (const dir of ["etc/cron.d", "run"]) mkdirSync(join(host.root, dir), { recursive: true });
  writeFileSync(join(host.root, "etc/hostname"), "shop\n");
  host.fake("cron", "exit 99");
  host.fake("systemctl", `echo "$*" >>"$STATE"; exit 99`);
  host.fake("apt-get", "exit 99");
  // This process stands for the daemon: it runs as long as the test does.
  writeFileSync(join(host.root, "run/crond.pid"), `${String(process.pid)}\n`);
  host.writeEnv({ GRANARY_ON_CALENDAR: "*-*-* 03:00:00 UTC", GRANARY_CRON: "0 3 * * *" });
});
afterEach(() => {
  expect(existsSync(join(host.root, "state.systemctl"))).toBe(false);
  host.close();
});

const at = (...parts: string[]): string => join(host.root, ...parts);
const envText = (changes: Record<string, string> = {}): string =>
  Object.entries({ ...host.env, ...changes })
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
const installJob = (changes: Record<string, string> = {}): Promise<Result> =>
  host.run("host/install-job", ["orders"], envText(changes));
const shown = (date: Date | undefined): string =>
  date?.toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+) (.*) GMT$/, "$1 $5 UTC") ?? "";

describe("a host without systemd", () => {
  it("is installed without it", async () => {
    const result = await host.run("host/install", []);
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toMatch(/^event=no-syslog message="no syslog daemon runs: .*\/var\/log\/granary.log"\n$/);
    expect(existsSync(at("usr/local/lib/granary/granary-backup"))).toBe(true);
    expect(existsSync(at("etc/systemd"))).toBe(false);
  });

  it("gets a file a job in /etc/cron.d", async () => {
    const result = await installJob();
    expect(result.code, result.stderr).toBe(0);
    const [next] = nextRuns(scheduleSchema.parse("03:00"), new Date(), 1);
    expect(JSON.parse(result.stdout)).toMatchObject({ job: "orders", schedule: "0 3 * * *" });
    const said = (JSON.parse(result.stdout) as { next: string }).next;
    expect(said).toMatch(/^\w{3} \d{4}-\d\d-\d\d 03:00:00 UTC$/);
    expect([said.slice(4, 14), `${said.slice(0, 3)} 03:00:00 UTC`]).toEqual([
      next?.toISOString().slice(0, 10),
      shown(next),
    ]);
    const lib = at("usr/local/lib/granary");
    const run = "nice -n 10 ionice -c 2 -n 7 timeout -k 60 6h";
    const say = `2>&1 | { logger --socket-errors=on -t granary || cat >>${at("var/log/granary.log")}; }`;
    expect(readFileSync(at("etc/cron.d/granary-orders"), "utf8")).toBe(`\
# The backup of job orders, in UTC. Written by ${lib}/host/install-job: a change here is lost.
SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
MAILTO=""
0 3 * * * root ${run} ${lib}/granary-backup orders ${say}
@reboot root sleep 60; ${run} ${lib}/host/catch-up orders ${say}
`);
    expect(readdirSync(at("etc/cron.d"))).toEqual(["granary-orders"]);
    expect(statSync(at("etc/cron.d/granary-orders")).mode & 0o777).toBe(0o644);
  });

  it.each([
    [
      42,
      "has no cron",
      () => {
        host.unfake("cron");
      },
      /no systemd and no cron that reads \/etc\/cron\.d/,
    ],
    [
      42,
      "has a cron without /etc/cron.d",
      () => {
        execFileSync("rmdir", [at("etc/cron.d")]);
      },
      /no cron that reads/,
    ],
    [
      42,
      "does not run cron",
      () => {
        writeFileSync(at("run/crond.pid"), "4194304\n");
      },
      /installed but does not run/,
    ],
    [
      42,
      "has never run cron",
      () => {
        execFileSync("rm", [at("run/crond.pid")]);
      },
      /installed but does not run/,
    ],
    [
      42,
      "is in Lomé's neighbour",
      () => {
        zone("*) echo +0100 ;;");
      },
      /is not UTC: it is \+0100 on the 1st of month 01/,
    ],
    [
      42,
      "is in London",
      () => {
        zone("*-0[4-9]-* | *-10-*) echo +0100 ;; *) echo +0000 ;;");
      },
      /it is \+0100 on the 1st of month 04/,
    ],
  ])("is refused with %i when it %s", async (code, _, change, message) => {
    change();
    for (const script of ["host/install", "host/install-job"]) {
      const args = script === "host/install" ? [] : ["orders"];
      const result = await host.run(script, args, envText());
      expect([result.code, result.stdout]).toEqual([code, ""]);
      expect(result.stderr).toMatch(message);
    }
  });

  /** A date that answers for the zone of another host. */
  function zone(cases: string): void {
    host.fake("date", `[[ $* == *%z ]] || exec "$REAL" "$@"; case "$*" in ${cases} esac`);
  }

  it("refuses a schedule cron would not take, and keeps the old one", async () => {
    expect((await installJob()).code).toBe(0);
    const both = () => [
      readFileSync(at("etc/cron.d/granary-orders"), "utf8"),
      readFileSync(at("etc/granary/orders.env"), "utf8"),
    ];
    const before = both();
    for (const [line, message] of [
      ["sometime", /GRANARY_CRON 'sometime' is no five fields/],
      ["0 3 * *", /is no five fields/],
      ["0 3 * * * root rm", /is no five fields/],
      ["@daily", /is no five fields/],
      ["0 3 30 2 *", /names no time that ever comes/],
    ] as const) {
      const result = await installJob({ GRANARY_CRON: line });
      expect(result.code, line).toBe(11);
      expect(result.stderr).toMatch(message);
      expect(both()).toEqual(before);
    }
  });

  it("refuses continuous backup, which is a service of systemd", async () => {
    const result = await installJob({ GRANARY_CONTINUOUS: "yes" });
    expect(result.code).toBe(11);
    expect(result.stderr).toMatch(/continuous backup needs systemd/);
    expect((await installJob({ GRANARY_CONTINUOUS: "no" })).code).toBe(0);
  });

  it("says so when what cron would read is not what was written", async () => {
    host.fake("mv", `[[ $2 == */cron.d/* ]] && { mkdir "$2"; exit 0; }; exec "$REAL" "$@"`);
    const result = await installJob();
    expect(result.code).toBe(42);
    expect(result.stderr).toMatch(/cron passes over .*granary-orders: it is a directory of/);
  });
});

describe("removing a job", () => {
  it("takes its file, ends the run that is going on and leaves nothing half-made", async () => {
    await host.run("host/install", []);
    expect((await installJob()).code).toBe(0);
    host.fake("tar", `touch "$STATE"; sleep 60`);
    const backup = at("usr/local/lib/granary/granary-backup");
    const run = finished(spawn(backup, ["orders"], { env: host.processEnv, stdio: ["ignore", "pipe", "pipe"] }));
    await until(() => existsSync(at("state.tar")));
    const result = await host.run("host/remove-job");
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toMatch(/event=run-stopped job=orders pid=\d+\nevent=job-removed job=orders/);
    expect((await run).code).toBe(143);
    expect(readdirSync(at("etc/cron.d"))).toEqual([]);
    expect(existsSync(at("etc/granary/orders.env"))).toBe(false);
    expect(host.files("local")).toEqual([]);
    expect((await host.run("host/remove-job")).code).toBe(0);
  });

  it("is part of taking Granary off the host", async () => {
    await host.run("host/install", []);
    expect((await installJob()).code).toBe(0);
    expect((await host.run("host/uninstall", [])).code).toBe(0);
    expect(readdirSync(at("etc/cron.d"))).toEqual([]);
    expect(existsSync(at("usr/local/lib/granary"))).toBe(false);
  });
});

describe("catch-up", () => {
  const daysAgo = (days: number): Date => new Date(Date.now() - days * 86_400_000);

  /** The job was deployed so many days ago and ended its last run so many days ago. */
  async function catchUp(deployed: number, ended?: number): Promise<Result> {
    const date = daysAgo(deployed);
    utimesSync(at("etc/granary/orders.env"), date, date);
    mkdirSync(at("var/lib/granary"), { recursive: true });
    if (ended !== undefined) {
      const finishedAt = daysAgo(ended).toISOString().replace(/\.\d+/, "");
      writeFileSync(at("var/lib/granary/orders.last.json"), JSON.stringify({ ok: true, finished: finishedAt }));
    }
    return host.run("host/catch-up");
  }

  it.each([
    ["whose last run is two days old", 9, 2],
    ["that has never run since it was deployed two days ago", 2, undefined],
  ])("runs a daily job %s", async (_, deployed, ended) => {
    const result = await catchUp(deployed, ended);
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toMatch(/^event=missed job=orders due=\d{4}-\d\d-\d\dT03:00:00Z\n/);
    expect(host.lastState()).toMatchObject({ ok: true, copies: { ok: ["a"] } });
    expect((await host.run("host/catch-up")).stderr).toBe("event=nothing-missed job=orders\n");
  });

  it.each([
    ["ended a run just now", 9, 0],
    ["was deployed just now", 0, 2],
    ["was deployed just now and has never run", 0, undefined],
  ])("does nothing for a job that %s", async (_, deployed, ended) => {
    const result = await catchUp(deployed, ended);
    expect([result.code, result.stderr]).toEqual([0, "event=nothing-missed job=orders\n"]);
    expect(host.files("local")).toEqual([]);
  });

  it("fails as the run does", async () => {
    host.fake("tar", "exit 2");
    const result = await catchUp(2);
    expect(result.code).toBe(19);
  });
});

it("the scripts read a cron line as the program does", () => {
  const next = random(252);
  const from = Date.parse("2027-02-28T23:59:30Z");
  const lines = Array.from({ length: 100 }, () => scheduleSchema.parse(cronLine(next).text));
  const program = 'source "$0"; while IFS= read -r line; do cron_next "$line" "$1"; echo; done';
  const args = ["-euc", program, join(scripts, "lib/cron-time.sh"), String(Math.floor(from / 1000))];
  const said = execFileSync("bash", args, { input: lines.map(({ cron }) => `${cron}\n`).join(""), encoding: "utf8" });
  const expected = lines.map((schedule) => nextRuns(schedule, new Date(from), 1)[0]?.getTime());
  expect(
    said
      .trim()
      .split("\n")
      .map((seconds) => Number(seconds) * 1000),
  ).toEqual(expected);
});

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("waited ten seconds in vain");
}
