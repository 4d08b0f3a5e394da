/** `granary doctor` with an ssh that answers as a host would; each difference from a host that is well is one finding. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Finding, HostFindings } from "../../../cli/doctor/finding.js";
import { sha256 } from "../../../cli/doctor/state.js";
import { granaryIn } from "../granary.js";
import { LIB, NOW, raw, SECRET, stackFile, state, wellText } from "./well.js";

let directory: string;
let path: string | undefined;

function fake(name: string, script: string): void {
  writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, name), 0o755);
}

/** The clock of the host is right, unless a test says otherwise. */
const ANSWER = (): string => `sed "s/@NOW@/$(date +%s.%N)/" "${directory}/answer"`;

/** The host answers with `text`; what it is sent is kept. */
function answer(text: string): void {
  writeFileSync(join(directory, "answer"), text);
  fake("ssh", `printf '%s\\n' "$@" >"${directory}/args"\ncat >"${directory}/sent"\n${ANSWER()}`);
}

function deploy(settings: object = raw(), exported: object = state(settings)): void {
  writeFileSync(join(directory, "Pulumi.prod.yaml"), stackFile(settings));
  writeFileSync(join(directory, "state.json"), JSON.stringify(exported));
  fake("pulumi", `cat "${directory}/state.json"`);
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "granary-"));
  path = process.env["PATH"];
  process.env["PATH"] = `${directory}:${path}`;
  deploy();
  answer(wellText());
});
afterEach(() => {
  process.env["PATH"] = path;
  rmSync(directory, { recursive: true });
});

async function findings(...args: string[]): Promise<{ code: number; findings: Finding[]; hosts: HostFindings[] }> {
  const { code, out } = await granaryIn(directory, "doctor", "--json", ...args);
  const { hosts } = JSON.parse(out) as { hosts: HostFindings[] };
  return { code, hosts, findings: hosts.flatMap((host) => host.findings) };
}

/** `check subject` of each. */
const names = (found: Finding[]): string[] => found.map(({ check, subject }) => `${check} ${subject}`);

const UP = "pulumi up --stack prod --replace '**::shop-scripts'";
const UNITS = "/etc/systemd/system";
const RM = "systemctl daemon-reload";

describe("a host that is well", () => {
  it("has nothing to be said of", async () => {
    expect(await findings()).toMatchObject({ code: 0, findings: [] });
    const { code, out } = await granaryIn(directory, "doctor");
    expect([code, out]).toEqual([0, "host shop: as the program says\n"]);
  });

  it("may greet at a login", async () => {
    answer(`Welcome to shop!\n@@ end \n${wellText()}`);
    expect(await findings()).toMatchObject({ code: 0, findings: [] });
  });

  it("is asked by a script that comes with the question, and told what it may know", async () => {
    await findings("shop", "--ssh-key", "/k");
    const sent = readFileSync(join(directory, "sent"), "utf8");
    expect(sent).toContain("cron_lines() {");
    expect(sent).toMatch(/main "\$@"\n$/);
    const args = readFileSync(join(directory, "args"), "utf8");
    expect(args).toMatch(
      /'bash' '--norc' '-s' '--' 'Id,FragmentPath,.*NoNewPrivileges.*' 'granary@orders.timer' 'granary@orders.service'/,
    );
    expect(args).toContain("'granary-wal@orders.service'");
    expect(args + sent).not.toContain(SECRET);
  });
});

/** What is changed in the probe's text, what must be found, and the commands of its fix. */
const CASES: [string, (text: string) => string, string, string[]][] = [
  ["a script is another one", change(`@hash ${LIB}/granary-backup`), `script-changed ${LIB}/granary-backup`, [UP]],
  ["a script is gone", without(`${LIB}/granary-backup`), `script-missing ${LIB}/granary-backup`, [UP]],
  ["a script was added", added(`644 0:0 regular file\t'${LIB}/lib/x.sh'`), `script-extra ${LIB}/lib/x.sh`, [UP]],
  [
    "a script belongs to somebody",
    (text) =>
      text.replace(`755 0:0 regular file\t'${LIB}/granary-base'`, `755 33:33 regular file\t'${LIB}/granary-base'`),
    `script-mode ${LIB}/granary-base`,
    [UP],
  ],
  [
    "a directory of scripts may be written to",
    (text) => text.replace(`755 0:0 directory\t'${LIB}/lib'`, `777 0:0 directory\t'${LIB}/lib'`),
    `script-mode ${LIB}/lib`,
    [UP],
  ],
  [
    "a command is another one",
    (text) => text.replace(`-> '${LIB}/granary-wal'`, "-> '/tmp/x'"),
    "link /usr/local/sbin/granary-wal",
    [UP],
  ],
  ["a unit is another one", change(`@hash ${UNITS}/granary@.timer`), `unit-changed ${UNITS}/granary@.timer`, [UP]],
  ["a unit is gone", without(`${UNITS}/granary@.timer`), `unit-missing ${UNITS}/granary@.timer`, [UP]],
  [
    "a schedule is another one",
    change(`@hash ${UNITS}/granary@media.timer.d/schedule.conf`),
    `schedule ${UNITS}/granary@media.timer.d/schedule.conf`,
    [UP],
  ],
  [
    "a drop-in",
    added(`644 0:0 regular file\t'${UNITS}/granary@media.service.d/x.conf'`),
    `override ${UNITS}/granary@media.service.d/x.conf`,
    [`rm -f ${UNITS}/granary@media.service.d/x.conf; ${RM}`],
  ],
  [
    "a drop-in for all services",
    property("granary@media.service", "DropInPaths", `${UNITS}/service.d/all.conf`),
    `override ${UNITS}/service.d/all.conf`,
    [`rm -f ${UNITS}/service.d/all.conf; ${RM}`],
  ],
  [
    "systemd resolved something else",
    property("granary-wal@orders.service", "NoNewPrivileges", "no"),
    "property granary-wal@orders.service",
    [UP],
  ],
  [
    "files newer than what systemd read",
    property("granary@media.timer", "NeedDaemonReload", "yes"),
    "reload granary@media.timer",
    [RM],
  ],
  [
    "a timer is off",
    property("granary@media.timer", "ActiveState", "inactive"),
    "unit-off granary@media.timer",
    ["systemctl unmask granary@media.timer; systemctl enable --now granary@media.timer"],
  ],
  [
    "a timer goes by another time",
    property("granary@media.timer", "TimersCalendar", "{ OnCalendar=2099-01-01 00:00:00 ; next_elapse=x }"),
    "schedule granary@media.timer",
    [UP],
  ],
  [
    "a timer has no next start",
    property("granary@media.timer", "NextElapseUSecRealtime", ""),
    "schedule granary@media.timer",
    [UP],
  ],
  [
    "a timer is not persistent",
    property("granary@media.timer", "Persistent", "no"),
    "property granary@media.timer",
    [UP],
  ],
  [
    "the log's service is off",
    property("granary-binlog@blog.service", "ActiveState", "failed"),
    "service-off granary-binlog@blog.service",
    [
      "systemctl unmask granary-binlog@blog.service; systemctl enable --now granary-binlog@blog.service",
      "journalctl -u granary-binlog@blog.service -o cat -n 30",
    ],
  ],
  [
    "the last run failed",
    property("granary@media.service", "Result", "exit-code"),
    "last-run granary@media.service",
    ["journalctl -u granary@media.service -o cat -n 30"],
  ],
  [
    "a timer of no job",
    (text) => text.replace("@@ loaded \n", "@@ loaded \ngranary@old.timer active\n"),
    "unit-left granary@old.timer",
    ["systemctl disable --now granary@old.timer; systemctl reset-failed granary@old.timer 2>/dev/null; true"],
  ],
  ["settings are others", change("@hash /etc/granary/media.env"), "settings-changed /etc/granary/media.env", [UP]],
  ["settings are gone", without("/etc/granary/media.env"), "settings-missing /etc/granary/media.env", [UP]],
  [
    "settings of no job",
    added("600 0:0 regular file\t'/etc/granary/old.env'"),
    "job-left /etc/granary/old.env",
    [`${LIB}/host/remove-job old`],
  ],
  [
    "settings may be read",
    (text) =>
      text.replace(
        "600 0:0 regular file\t'/etc/granary/orders.env'",
        "640 0:33 regular file\t'/etc/granary/orders.env'",
      ),
    "permissions /etc/granary/orders.env",
    ["chown -h root:root /etc/granary/orders.env; chmod go= /etc/granary/orders.env"],
  ],
  [
    "there is no state",
    without("/var/lib/granary"),
    "permissions /var/lib/granary",
    ["install -d -m 0700 /var/lib/granary"],
  ],
  [
    "the pinned key of the box is another",
    change("@hash /etc/granary/known_hosts"),
    "known-hosts /etc/granary/known_hosts",
    [UP],
  ],
  [
    "a key is another one",
    (text) => text.replace("AAAAKEYOFTHISHOST", "AAAAANOTHER"),
    "key /etc/granary/box_ed25519",
    [
      "rm -f /etc/granary/box_ed25519 /etc/granary/box_ed25519.pub",
      "pulumi up --stack prod --replace '**::shop-box-key'",
    ],
  ],
  [
    "cron starts it too",
    added("644 0:0 regular file\t'/etc/cron.d/granary-media'"),
    "cron-left /etc/cron.d/granary-media",
    ["rm -f /etc/cron.d/granary-media"],
  ],
  [
    "a tool is gone",
    (text) => text.replace(/^restic\t.*$/m, "restic\t\t\t\t"),
    "tool-missing restic",
    ["apt-get update; apt-get install --reinstall -y restic"],
  ],
  [
    "a tool is in the way of another",
    (text) => text.replace(/^age\t.*$/m, "age\t/usr/local/bin/age\t1.1.1\t\t/usr/bin/age"),
    "tool-shadowed age",
    ["rm /usr/local/bin/age"],
  ],
  [
    "a tool was changed",
    (text) => text.replace("@@ verify \n", "@@ verify \nzstd ??5??????   /usr/bin/zstd\n"),
    "tool-changed /usr/bin/zstd",
    ["apt-get update; apt-get install --reinstall -y zstd"],
  ],
  [
    "the database is silent",
    (text) => text.replace(/^server 150018\n.*\n.*$/m, "psql: error: connection refused"),
    "database orders",
    ["docker start db"],
  ],
  [
    "pg_dump is older than the server",
    (text) => text.replace("server 150018", "server 160004"),
    "client orders",
    ["apt-get install -y postgresql-client-16"],
  ],
  [
    "mariadb-dump is older than the server",
    (text) => text.replace("server 10.11.18", "server 11.4.2"),
    "client blog",
    ["apt-get install -y mariadb-client"],
  ],
  [
    "the slot is gone",
    (text) => text.replace(/^slot .*$/m, ""),
    "slot-absent granary_orders",
    ["systemctl restart granary-wal@orders"],
  ],
  [
    "nothing reads the slot",
    (text) => text.replace("slot t reserved", "slot f reserved"),
    "slot-inactive granary_orders",
    ["systemctl restart granary-wal@orders"],
  ],
  [
    "the slot is lost",
    (text) => text.replace("slot t reserved", "slot t lost"),
    "slot-lost granary_orders",
    ["systemctl restart granary-wal@orders"],
  ],
  [
    "the slot is far behind",
    (text) => text.replace("reserved 352152", "reserved 2147483649"),
    "slot-behind granary_orders",
    ["systemctl restart granary-wal@orders"],
  ],
  [
    "the slot has no bound",
    (text) => text.replace("bound 4294967296", "bound -1"),
    "slot-bound granary_orders",
    ["systemctl restart granary-wal@orders"],
  ],
  [
    "nothing receives MariaDB's log",
    (text) =>
      text.replaceAll('"receiving": true', '"receiving": false').replace('"receiving": false', '"receiving": true'),
    "receiver granary-binlog@blog",
    ["systemctl restart granary-binlog@blog", "journalctl -u granary-binlog@blog -o cat -n 30"],
  ],
  [
    "the log's state is old",
    (text) => text.replace(new Date(NOW).toISOString(), new Date(NOW - 600_000).toISOString()),
    "log granary-wal@orders",
    ["systemctl restart granary-wal@orders", "journalctl -u granary-wal@orders -o cat -n 30"],
  ],
  [
    "the disk is nearly full",
    (text) => text.replace(" 73848913920 ", " 2000000 "),
    "space /",
    ["du -xh --max-depth=3 / | sort -h | tail -n 20"],
  ],
  [
    "the disk has no room for more files",
    (text) => text.replace(" 16075148 ", " 1000 "),
    "space /",
    ["du -xh --max-depth=3 / | sort -h | tail -n 20"],
  ],
  [
    "the clock is wrong",
    (text) => text.replace(/^now .*$/m, `now ${NOW / 1000 - 3600}`),
    "clock clock",
    ["timedatectl set-ntp true"],
  ],
];

function change(what: string): (text: string) => string {
  const file = what.replace("@hash ", "");
  return (text) => text.replace(new RegExp(`^[0-9a-f]{64}(?=  ${escaped(file)}$)`, "m"), "0".repeat(64));
}
function without(file: string): (text: string) => string {
  return (text) => text.replace(new RegExp(`^.*\\t'${escaped(file)}'\\n`, "m"), "");
}
function added(line: string): (text: string) => string {
  return (text) => text.replace("@@ files \n", `@@ files \n${line}\n`);
}
function property(unit: string, name: string, value: string): (text: string) => string {
  return (text) => text.replace(new RegExp(`(^Id=${escaped(unit)}\\n(?:.+\\n)*?${name}=).*$`, "m"), `$1${value}`);
}
function escaped(text: string): string {
  return text.replace(/[.@]/g, "\\$&");
}

describe("each difference is found, with its fix", () => {
  it.each(CASES)("%s", async (_, spoil, expected, fix) => {
    const text = spoil(wellText());
    expect(text).not.toBe(wellText());
    answer(text);
    const found = await findings();
    expect(names(found.findings)).toEqual([expected]);
    expect(found.findings[0]!.fix.map(({ command }) => command)).toEqual(fix);
    expect(found.findings[0]!.colour).toBe("red");
    expect(found.code).toBe(1);
  });

  it("what is no fault is to be looked at, and changes no exit code", async () => {
    answer(
      wellText()
        .replace("synchronized yes", "synchronized no")
        .replace(/^age\t.*$/m, "age\t/usr/bin/age\tage 1.0.9\tage\t")
        .replace(/^jq\t.*$/m, "jq\t/opt/jq\tjq-1.7\t\t"),
    );
    const found = await findings();
    expect(found.code).toBe(0);
    expect(names(found.findings)).toEqual(["tool-older age", "tool-foreign jq", "clock-unsynchronized clock"]);
  });

  it("a masked timer is one finding and its mask another", async () => {
    let text = added(`777 0:0 symbolic link\t'${UNITS}/granary@media.timer' -> '/dev/null'`)(wellText());
    for (const [name, value] of [
      ["LoadState", "masked"],
      ["UnitFileState", "masked"],
      ["ActiveState", "inactive"],
      ["Persistent", "no"],
      ["FragmentPath", `${UNITS}/granary@media.timer`],
    ] as const)
      text = property("granary@media.timer", name, value)(text);
    answer(text);
    expect(names((await findings()).findings)).toEqual([
      `override ${UNITS}/granary@media.timer`,
      "unit-off granary@media.timer",
    ]);
  });
});

describe("a host without systemd", () => {
  const LINES = "# The backup of job media\n15 3 * * * root granary-backup media\n";
  const cron = (text: string): string =>
    ["orders", "blog", "media"].reduce(
      (all, job) =>
        added(`644 0:0 regular file\t'/etc/cron.d/granary-${job}'`)(all)
          .replace("@@ hashes \n", `@@ hashes \n${sha256(LINES)}  /etc/cron.d/granary-${job}\n`)
          .replace(`@@ cron ${job}\n`, `@@ cron ${job}\n${LINES}`),
      text.replace("@@ manager systemd", "@@ manager cron"),
    );

  it("is judged by the files of cron, and not by units", async () => {
    answer(property("granary@media.timer", "ActiveState", "inactive")(cron(wellText())));
    expect(await findings()).toMatchObject({ code: 0, findings: [] });
  });

  it.each([
    [
      "a file that cron reads is another one",
      change("@hash /etc/cron.d/granary-media"),
      "cron-file /etc/cron.d/granary-media",
      UP,
    ],
    ["a file that cron reads is gone", without("/etc/cron.d/granary-media"), "cron-file /etc/cron.d/granary-media", UP],
    [
      "cron passes over a file",
      (text: string) =>
        text.replace(
          "644 0:0 regular file\t'/etc/cron.d/granary-media'",
          "666 0:0 regular file\t'/etc/cron.d/granary-media'",
        ),
      "cron-file /etc/cron.d/granary-media",
      UP,
    ],
    [
      "a file of no job",
      added("644 0:0 regular file\t'/etc/cron.d/granary-old'"),
      "cron-left /etc/cron.d/granary-old",
      "rm -f /etc/cron.d/granary-old",
    ],
    [
      "the last run failed",
      (text: string) => text.replace('{"code": 0, "name": "ok"}', '{"code": 22, "name": "copy-failed"}'),
      "last-run orders",
      "grep granary /var/log/syslog /var/log/granary.log | tail -n 30",
    ],
    [
      "its zone is not UTC",
      (text: string) => text.replace("zone +0000", "zone +0200"),
      "zone clock",
      "ln -sf /usr/share/zoneinfo/Etc/UTC /etc/localtime; service cron restart",
    ],
  ])("%s", async (_, spoil, expected, fix) => {
    answer(spoil(cron(wellText())));
    const { code, findings: found } = await findings();
    expect([code, names(found), found[0]!.fix[0]!.command]).toEqual([1, [expected], fix]);
  });
});

describe("the settings, the stack and the host", () => {
  it("scripts that were not deployed yet need no replacement", async () => {
    deploy(raw(), state(raw(), ["shop"], "f".repeat(64)));
    answer(change(`@hash ${LIB}/granary-backup`)(wellText()));
    const { findings: found } = await findings();
    expect(names(found)).toEqual(["not-deployed scripts", `script-changed ${LIB}/granary-backup`]);
    expect(found.flatMap(({ fix }) => fix.map(({ command }) => command))).toEqual([
      "pulumi up --stack prod",
      "pulumi up --stack prod",
    ]);
  });

  it("a job that was put in or whose time was changed must be deployed", async () => {
    const settings = raw() as unknown as { hosts: Record<string, { jobs: Record<string, object> }> };
    const changed = structuredClone(settings);
    changed.hosts["shop"]!.jobs["media"] = { ...changed.hosts["shop"]!.jobs["media"], schedule: "05:00" };
    changed.hosts["shop"]!.jobs["logs"] = { kind: "logs", paths: ["/var/log/nginx"] };
    deploy(changed, state(settings));
    const { findings: found } = await findings();
    expect(names(found)).toContain("not-deployed media");
    expect(names(found)).toContain("not-deployed logs");
    expect(found.find(({ subject }) => subject === "logs")!.fix).toEqual([
      { on: "laptop", command: "pulumi up --stack prod" },
    ]);
  });

  it("a host that is in the settings only is named", async () => {
    deploy(raw(["shop", "web"]), state(raw(["shop", "web"]), ["shop"]));
    expect(names((await findings()).findings)).toEqual(["not-deployed web"]);
  });
});

describe("hosts that cannot be asked", () => {
  it("one that is dead is named, and does not stop the others", async () => {
    const settings = raw(["shop", "web"]);
    deploy(settings, state(settings, ["shop", "web"]));
    writeFileSync(join(directory, "answer"), wellText("web", settings));
    fake(
      "ssh",
      `case "$*" in *203.0.113.10*) echo 'ssh: connect to host 203.0.113.10 port 22: No route to host' >&2; exit 255;; esac\ncat >/dev/null; ${ANSWER()}`,
    );
    const { code, hosts } = await findings();
    expect(code).toBe(1);
    expect(hosts.map(({ host, findings: found }) => [host, names(found)])).toEqual([
      ["shop", ["host shop"]],
      ["web", []],
    ]);
    expect(hosts[0]!.findings[0]!.found).toContain("No route to host");
  });

  it("one that shows another key is not believed", async () => {
    fake(
      "ssh",
      `echo 'The fingerprint for the ED25519 key sent by the remote host is
SHA256:abcDEF.
Host key verification failed.' >&2; exit 255`,
    );
    const { code, findings: found } = await findings();
    expect(code).toBe(1);
    expect(names(found)).toEqual(["host-key shop"]);
    expect(found[0]!.found).toMatch(
      /203\.0\.113\.10 shows another key \(SHA256:abcDEF\) than the pinned ssh-ed25519 AAAA/,
    );
    expect(found[0]!.fix).toEqual([{ on: "laptop", command: "ssh-keyscan -p 22 203.0.113.10 | ssh-keygen -lf -" }]);
  });

  it.each([
    ["says something else", "Welcome!", 0, "did not answer as expected"],
    ["stops in the middle", "@@ begin granary-doctor\n@@ files \n", 0, "did not answer as expected"],
    ["hangs", "", 124, "gave no answer in 120 s"],
  ])("one that %s", async (_, text, exit, message) => {
    fake("ssh", `cat >/dev/null; printf '%s' '${text}'; exit ${exit}`);
    const { code, findings: found } = await findings();
    expect([code, names(found)]).toEqual([1, ["host shop"]]);
    expect(found[0]!.found).toContain(message);
  });
});

describe("what is printed", () => {
  it("shows each finding, and the fix once for those that share it, as it is typed here", async () => {
    answer(
      change(`@hash ${LIB}/granary-backup`)(
        without(`${LIB}/granary-wal`)(property("granary@media.timer", "ActiveState", "inactive")(wellText())),
      ),
    );
    const { code, out } = await granaryIn(directory, "doctor");
    expect(code).toBe(1);
    expect(out).toBe(`host shop: BAD, 3 to put right
  BAD   script-changed  ${LIB}/granary-backup: its content is not the program's
  BAD   script-missing  ${LIB}/granary-wal: it is not there
        fix: ${UP}
  BAD   unit-off  granary@media.timer: ActiveState is 'inactive', expected 'active'
        fix: ssh root@203.0.113.10 'systemctl unmask granary@media.timer; systemctl enable --now granary@media.timer'
`);
  });

  it("no secret, and no hash of one", async () => {
    answer(change("@hash /etc/granary/media.env")(wellText()));
    const both = [await granaryIn(directory, "doctor"), await granaryIn(directory, "doctor", "--json")];
    for (const { out, err } of both) {
      expect(out + err).not.toContain(SECRET);
      expect(out + err).not.toMatch(/[0-9a-f]{64}/);
    }
  });

  it("what is wrong with the call, the settings or the stack", async () => {
    const { code, err } = await granaryIn(directory, "doctor", "nope");
    expect([code, err]).toEqual([1, 'granary doctor: the settings have no host "nope": they have shop\n']);
    expect((await granaryIn(directory, "doctor", "--stack", "a b")).code).toBe(64);
    expect((await granaryIn(directory, "doctor", "--fix")).code).toBe(64);
    fake("pulumi", "echo 'error: incorrect passphrase' >&2; exit 255");
    const failed = await granaryIn(directory, "doctor");
    expect([failed.code, failed.err]).toEqual([
      1,
      "granary doctor: pulumi cannot read the state of stack prod: error: incorrect passphrase\n",
    ]);
  });
});
