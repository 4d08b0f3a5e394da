/** Installing and removing, with a systemctl that records. The real systemd is the rehearsal's part. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Cluster, finished, Host, scripts, type Result } from "./harness.js";

let cluster: Cluster;
let host: Host;

/** Answers `show` as systemd would for what is written under the root. */
const SYSTEMCTL = `
echo "$*" >>"$STATE"
[[ $1 == show ]] || exit 0
job=\${2#granary@}; job=\${job%.*}
case "$2 $4" in
  *" NextElapseUSecRealtime") echo 'Tue 2026-11-24 03:00:00 UTC' ;;
  *" TimersCalendar") echo "{ OnCalendar=$(sed -n 's/^OnCalendar=\\(..*\\)/\\1/p' "$GRANARY_ROOT/etc/systemd/system/granary@$job.timer.d/schedule.conf") ; next_elapse=x }" ;;
  *) printf '%s\\n' Id="$2" LoadState=loaded UnitFileState=enabled ActiveState=active Persistent=yes AccuracyUSec=1s Type=oneshot \\
       "ExecStart={ path=/usr/local/lib/granary/granary-backup ; argv[]=/usr/local/lib/granary/granary-backup $job ; ignore_errors=no }" \\
       TimeoutStartUSec=6h CapabilityBoundingSet='cap_dac_read_search cap_kill cap_setgid cap_setuid' Nice=10 IOSchedulingClass=2 \\
       IOSchedulingPriority=7 {CPU,IO}Weight=20 KillMode=control-group UMask=0077 ReadWritePaths=/var/backups/granary \\
       ProtectSystem=strict ProtectHome=tmpfs ProtectProc=invisible SystemCallArchitectures=native LockPersonality=yes \\
       {NoNewPrivileges,MemoryDenyWriteExecute,PrivateTmp,PrivateDevices}=yes Restrict{Namespaces,Realtime,SUIDSGID}=yes \\
       Protect{Clock,Hostname,ControlGroups,KernelLogs,KernelModules,KernelTunables}=yes ;;
esac`;

beforeAll(() => {
  cluster = new Cluster();
  cluster.sql("postgres", "CREATE DATABASE shop");
});
afterAll(() => cluster.close());
beforeEach(() => {
  host = new Host(cluster);
  mkdirSync(join(host.root, "run/systemd/system"), { recursive: true });
  host.fake("systemctl", SYSTEMCTL);
  host.fake("apt-get", `echo "$*" >>"$STATE"; [[ $* != *update* ]]`);
});
afterEach(() => host.close());

const lib = (...parts: string[]): string => join(host.root, "usr/local/lib/granary", ...parts);
const calls = (program: string): string[] => {
  const file = join(host.root, `state.${program}`);
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
};
const envText = (): string =>
  Object.entries({
    ...host.env,
    GRANARY_ON_CALENDAR: "*-*-* 03:00:00 UTC",
    GRANARY_BOX_KNOWN_HOST: "[box]:23 ssh-ed25519 AAAA",
  })
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
const installJob = (input = envText(), job = "orders"): Promise<Result> => host.run("host/install-job", [job], input);

describe("install", () => {
  it("puts scripts, units, directories and links in their places, twice alike", async () => {
    for (const round of [1, 2]) {
      if (round === 2) writeFileSync(lib("of-an-older-version"), "");
      const result = await host.run("host/install", []);
      expect(result.stderr).toBe("");
      expect(result.code).toBe(0);
      expect(JSON.parse(result.stdout)).toEqual({ age: "1.1.1", zstd: "1.5.4", rclone: "1.60.1" });
      for (const file of execFileSync("find", [".", "-type", "f", "-not", "-name", ".*"], {
        cwd: scripts,
        encoding: "utf8",
      })
        .trim()
        .split("\n"))
        expect(readFileSync(lib(file))).toEqual(readFileSync(join(scripts, file)));
      expect(existsSync(lib("of-an-older-version"))).toBe(false);
      expect(statSync(lib("granary-backup")).mode & 0o777).toBe(0o755);
      for (const dir of ["etc/granary", "var/lib/granary", "var/backups/granary"])
        expect(statSync(join(host.root, dir)).mode & 0o777).toBe(0o700);
      expect(existsSync(join(host.root, "etc/systemd/system/granary@.timer"))).toBe(true);
      expect(existsSync(join(host.root, "usr/local/sbin/granary-restore"))).toBe(true);
    }
    expect(calls("systemctl")).toEqual(["daemon-reload", "daemon-reload"]);
    expect(calls("apt-get")).toEqual([]);
  });

  /** Everything on the PATH but one tool; apt-get brings it. */
  function without(tool: string, apt: string): Promise<Result> {
    const only = join(host.root, "only");
    mkdirSync(only);
    execFileSync("bash", [
      "-c",
      `for f in /usr/sbin/* /usr/bin/*; do [[ $f == */${tool} ]] || ln -sfn "$f" "$0/"; done`,
      only,
    ]);
    host.fake("apt-get", `echo "$*" >>"$STATE"\n${apt}`);
    const env = { ...host.processEnv, PATH: `${host.bin}:${only}` };
    return finished(spawn("/bin/bash", [join(scripts, "host/install")], { env, stdio: ["ignore", "pipe", "pipe"] }));
  }

  it("installs only what is missing; an index that cannot be renewed is a warning", async () => {
    const result = await without("jq", `[[ $* == *update* ]] && exit 100; ln -s /usr/bin/jq "$GRANARY_ROOT/only/jq"`);
    expect(result.stderr).toContain("event=apt-update-failed");
    expect(result.code).toBe(0);
    expect(calls("apt-get")).toEqual([
      "-o DPkg::Lock::Timeout=300 -q update",
      "-o DPkg::Lock::Timeout=300 -qy --no-install-recommends install jq",
    ]);
  });

  it("brings curl, without which no alert would leave the host", async () => {
    const result = await without("curl", `[[ $* == *update* ]] || ln -s /usr/bin/curl "$GRANARY_ROOT/only/curl"`);
    expect(result.code).toBe(0);
    expect(calls("apt-get").at(-1)).toMatch(/ install curl$/);
  });

  it("says so when the tools cannot be had", async () => {
    const result = await without("jq", "exit 100");
    expect(result.code).toBe(40);
    expect(result.stderr).toMatch(/code=40 name=install-failed message="apt-get could not install: jq"/);
  });
});

describe("install-job", () => {
  it("changes a host one job at a time, though they are deployed side by side", async () => {
    host.fake("systemctl", `sleep 0.05\n${SYSTEMCTL}`);
    const other = envText().replace("GRANARY_JOB=orders", "GRANARY_JOB=stock");
    const results = await Promise.all([installJob(), installJob(other, "stock")]);
    expect(results.map(({ code }) => code)).toEqual([0, 0]);
    const order = calls("systemctl").flatMap((call) => /granary@(orders|stock)\.timer/.exec(call)?.[1] ?? []);
    const turns = order.filter((job, i) => job !== order[i - 1]);
    expect(turns.length, order.join(" ")).toBe(2);
  });

  it("writes the settings and the schedule, and asserts what systemd resolved", async () => {
    const result = await installJob();
    expect(result.code, result.stderr).toBe(0);
    expect(JSON.parse(result.stdout)).toEqual({
      job: "orders",
      schedule: "*-*-* 03:00:00 UTC",
      next: "Tue 2026-11-24 03:00:00 UTC",
      deployed: expect.stringMatching(/^15\d{4}$/) as unknown,
    });
    const env = join(host.root, "etc/granary/orders.env");
    expect(readFileSync(env, "utf8")).toBe(envText());
    expect(statSync(env).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(host.root, "etc/granary/known_hosts"), "utf8")).toBe("[box]:23 ssh-ed25519 AAAA\n");
    expect(readFileSync(join(host.root, "etc/systemd/system/granary@orders.timer.d/schedule.conf"), "utf8")).toBe(
      "[Timer]\nOnCalendar=\nOnCalendar=*-*-* 03:00:00 UTC\n",
    );
    expect(calls("systemctl").slice(0, 2)).toEqual(["daemon-reload", "enable --now granary@orders.timer"]);
  });

  it.each([
    ["TimersCalendar", "{ OnCalendar=*-*-* 04:00:00 UTC ; }", /the schedule is .*04:00:00/],
    ["Persistent", "no", /Persistent is 'no'/],
    ["UnitFileState", "disabled", /UnitFileState is 'disabled'/],
    ["LoadState", "bad-setting", /LoadState is 'bad-setting'/],
    ["ProtectSystem", "no", /ProtectSystem is 'no'/],
    ["Nice", "0", /service: Nice is '0', expected '10'/],
    ["CapabilityBoundingSet", "cap_sys_admin", /service: CapabilityBoundingSet is 'cap_sys_admin'/],
  ])("fails when systemd resolved %s to %s", async (property, value, message) => {
    const whole = `[[ $1 == show && -z $3 ]] && { (${SYSTEMCTL}) | sed 's/^${property}=.*/${property}=${value}/'; exit; }`;
    host.fake(
      "systemctl",
      `[[ $1 == show && $4 == ${property} ]] && { echo '${value}'; exit; }\n${whole}\n${SYSTEMCTL}`,
    );
    const result = await installJob();
    expect(result.code).toBe(41);
    expect(result.stderr).toMatch(message);
  });

  it.each([
    [
      "no schedule",
      (text: string) => text.replace(/GRANARY_ON_CALENDAR=.*/, "GRANARY_ON_CALENDAR=sometime"),
      /is no time systemd knows/,
    ],
    ["a bad line", (text: string) => `${text}PLANTED secret\n`, /is not KEY=value/],
    ["another job's settings", (text: string) => text.replace("JOB=orders", "JOB=other"), /those of job other/],
  ])("refuses %s and keeps the old settings", async (_, change, message) => {
    const before = readFileSync(join(host.root, "etc/granary/orders.env"), "utf8");
    const result = await installJob(change(envText()));
    expect(result.code).toBe(11);
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toContain("PLANTED");
    expect(readFileSync(join(host.root, "etc/granary/orders.env"), "utf8")).toBe(before);
  });

  it("a database that is not there yet is a warning", async () => {
    const result = await installJob(envText().replace("DATABASE=shop", "DATABASE=later"));
    expect(result.code).toBe(0);
    expect(result.stderr).toContain("event=database-absent job=orders");
    expect(JSON.parse(result.stdout)).toMatchObject({ deployed: "absent" });
  });

  it("a client older than the server is not", async () => {
    host.fake("pg_dump", "echo 'pg_dump (PostgreSQL) 13.1'");
    const result = await installJob();
    expect(result.code).toBe(18);
    expect(result.stderr).toMatch(/pg_dump is version 13.1, the server is version 15/);
  });
});

describe("removing", () => {
  it("a job takes its timer and settings, and leaves every backup", async () => {
    await host.run("host/install", []);
    expect((await installJob()).code).toBe(0);
    expect((await host.backup()).code).toBe(0);
    const kept = [host.files("local"), host.files("a")];
    for (const round of [1, 2]) {
      const result = await host.run("host/remove-job");
      expect(result.code, `round ${String(round)}: ${result.stderr}`).toBe(0);
      expect(existsSync(join(host.root, "etc/granary/orders.env"))).toBe(false);
      expect(existsSync(join(host.root, "etc/systemd/system/granary@orders.timer.d"))).toBe(false);
    }
    expect([host.files("local"), host.files("a")]).toEqual(kept);
    expect(calls("systemctl")).toContain("disable --now granary@orders.timer");
  });

  it("everything leaves the backups", async () => {
    await host.run("host/install", []);
    expect((await installJob()).code).toBe(0);
    expect((await host.backup()).code).toBe(0);
    const kept = [host.files("local"), host.files("a")];
    expect((await host.run("host/uninstall", [])).code).toBe(0);
    expect([host.files("local"), host.files("a")]).toEqual(kept);
    for (const gone of [
      "etc/granary",
      "var/lib/granary",
      "usr/local/lib/granary",
      "usr/local/sbin/granary-backup",
      "etc/systemd/system/granary@.service",
    ])
      expect(existsSync(join(host.root, gone)), gone).toBe(false);
  });
});

it("client-key makes one key, and prints its public half alone", async () => {
  rmSync(join(host.root, "etc/granary"), { recursive: true });
  const first = await host.run("host/client-key", ["box"]);
  expect(first.code).toBe(0);
  expect(first.stdout).toMatch(/^ssh-ed25519 [A-Za-z0-9+/]+=* granary@\S+\n$/);
  expect((await host.run("host/client-key", ["box"])).stdout).toBe(first.stdout);
  expect(statSync(join(host.root, "etc/granary/box_ed25519")).mode & 0o777).toBe(0o600);
});
