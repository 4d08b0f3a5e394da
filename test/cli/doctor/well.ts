/** A host that is well, as the probe would print it, and the stack that says so. */
import { stringify } from "yaml";
import { expectedJobs, readProgram, unitsOf } from "../../../cli/doctor/program.js";
import { sha256 } from "../../../cli/doctor/state.js";
import { jobEnv, type CopyAccess } from "../../../plan/job-env.js";
import { parseSettings } from "../../../settings/parse.js";
import { example, HOST_KEY } from "../../settings/example.js";

export const SECRET = "PLANTED-PASSWORD";
export const PUBLIC_KEY = "ssh-ed25519 AAAAKEYOFTHISHOST";
export const LIB = "/usr/local/lib/granary";

/** When the host last said how its logs go. What its clock says is put in when it is asked. */
export const NOW = Date.now();

const jobs = {
  orders: { kind: "postgres", database: "mydb", container: "db", continuous: true },
  blog: { kind: "mariadb", database: "blog", container: "blog-db", continuous: true },
  media: { kind: "files", paths: ["/opt/uploads"] },
  sessions: { kind: "cache", container: "redis" },
};

const address = (i: number): string => `203.0.113.${10 + i}`;

/** Names of hosts with one and the same content. */
export function raw(names = ["shop"]) {
  const base = example();
  const copies = { ...base.copies, box: { kind: "storageBox", hostKey: HOST_KEY } };
  return {
    ...base,
    copies,
    hosts: Object.fromEntries(names.map((name, i) => [name, { ...base.hosts.shop, address: address(i), jobs }])),
  };
}

export const stackFile = (settings: object): string =>
  stringify({
    config: Object.fromEntries(Object.entries(settings).map(([key, value]) => [`granary:${key}`, value as unknown])),
  });

export const program = readProgram();

function envOf(host: string, job: string, settings: object): string {
  const s3: CopyAccess = { kind: "s3", accessKeyId: "A", secretAccessKey: SECRET };
  const box: CopyAccess = { kind: "box", server: "u1.box", username: "u1-sub1" };
  const access = { spaces: s3, r2: s3, box };
  return jobEnv({ settings: parseSettings(settings), host, job, machine: "7", access, password: SECRET });
}

const secret = (text: string) => ({ "4dabf18193072939515e22adb298388d": "1b47", plaintext: JSON.stringify(text) });

/** What `pulumi stack export --show-secrets` says. */
export function state(settings: object, names = ["shop"], scripts = program.scripts): object {
  const urn = (types: string, name: string) => `urn:pulumi:prod::granary::${types}::${name}`;
  const COMMAND = "command:remote:Command";
  const of = (host: string) => {
    const parent = urn("granary:hosts:Host", host);
    const under = `granary:hosts:Host$${COMMAND}`;
    const command = (name: string, more: object) => ({
      urn: urn(under, `${host}-${name}`),
      type: COMMAND,
      parent,
      ...more,
    });
    const own = ["orders", "blog", "media"].map((job) => ({
      urn: urn(`granary:hosts:Host$granary:hosts:Job$${COMMAND}`, `${host}-${job}`),
      type: COMMAND,
      parent: urn("granary:hosts:Host$granary:hosts:Job", `${host}-${job}`),
      inputs: { stdin: secret(envOf(host, job, settings)) },
    }));
    return [
      command("install", {
        inputs: { stdin: `machine 7\nscripts ${scripts}\nupload 1\n` },
        outputs: { stdout: JSON.stringify({ age: "1.1.1", zstd: "1.5.4", rclone: "1.60.1" }) },
      }),
      command("box-key", { inputs: {}, outputs: { stdout: `${PUBLIC_KEY} granary@${host}` } }),
      ...own,
    ];
  };
  const hosts = Object.fromEntries(
    names.map((name, i) => [name, { address: address(i), hostKey: HOST_KEY, sshPort: 22 }]),
  );
  const stack = { urn: urn("pulumi:pulumi:Stack", "granary-prod"), type: "pulumi:pulumi:Stack", outputs: { hosts } };
  return { version: 3, deployment: { resources: [stack, ...names.flatMap(of)] } };
}

interface Seen {
  mode: string;
  type: string;
  sha256?: string;
  target?: string;
}

function paths(host: string, settings: object): Record<string, Seen> {
  const file = (mode: string, hash: string): Seen => ({ mode, type: "regular file", sha256: hash });
  const seen: Record<string, Seen> = { [LIB]: { mode: "755", type: "directory" } };
  for (const [name, { sha256: hash, mode }] of Object.entries(program.files)) {
    seen[`${LIB}/${name}`] = file(mode, hash);
    const parts = name.split("/").slice(0, -1);
    parts.forEach((_, i) => (seen[`${LIB}/${parts.slice(0, i + 1).join("/")}`] = { mode: "755", type: "directory" }));
    if (name.startsWith("units/")) seen[`/etc/systemd/system/${name.slice("units/".length)}`] = file("644", hash);
  }
  for (const link of program.links)
    seen[`/usr/local/sbin/${link}`] = { mode: "777", type: "symbolic link", target: `${LIB}/${link}` };
  for (const path of ["/etc/granary", "/var/lib/granary", "/var/backups/granary", "/run/granary"])
    seen[path] = { mode: "700", type: "directory" };
  for (const job of ["orders", "blog", "media"])
    seen[`/etc/granary/${job}.env`] = file("600", sha256(envOf(host, job, settings)));
  seen["/etc/granary/known_hosts"] = file("600", sha256(`[u1.box]:23 ${HOST_KEY}\n`));
  seen["/etc/granary/box_ed25519"] = file("600", sha256("private"));
  seen["/etc/granary/box_ed25519.pub"] = file("644", sha256("public"));
  for (const { units, calendars } of Object.values(expectedJobs(host, parseSettings(settings))))
    for (const [unit, key] of Object.entries(units))
      if (key !== undefined)
        seen[`/etc/systemd/system/${unit}.d/schedule.conf`] = file(
          "644",
          sha256(`[Timer]\nOnCalendar=\nOnCalendar=${calendars[key]}\n`),
        );
  return seen;
}

function unit(name: string, calendar: string | undefined): string {
  const job = /@(.*)\./.exec(name)![1]!;
  const properties = program.rules
    .filter((rule) => rule.unit.test(name))
    .map(({ property, value }) => {
      const text = value.replaceAll("%i", job).replaceAll("\\S*", LIB).replaceAll("\\", "").replace(/\.\*$/, "pid=0 }");
      return `${property}=${text}`;
    });
  const timer = name.endsWith(".timer");
  const dropIn = timer ? `/etc/systemd/system/${name}.d/schedule.conf` : "";
  const schedule = timer
    ? [
        `TimersCalendar={ OnCalendar=${calendar} ; next_elapse=Thu }`,
        "NextElapseUSecRealtime=Thu 2026-11-26 03:20:00 UTC",
      ]
    : [];
  const active = /^granary-(wal|binlog)/.test(name) ? ["ActiveState=active"] : timer ? [] : ["ActiveState=inactive"];
  const fragment = `FragmentPath=/etc/systemd/system/${name.replace(/@.*\./, "@.")}`;
  return [
    `Id=${name}`,
    fragment,
    `DropInPaths=${dropIn}`,
    "NeedDaemonReload=no",
    "Result=success",
    ...properties,
    ...active,
    ...schedule,
  ].join("\n");
}

/** The probe's output; `settings` as of {@link raw}. */
export function wellText(host = "shop", settings: object = raw()): string {
  const all = Object.entries(paths(host, settings));
  const expected = expectedJobs(host, parseSettings(settings));
  const files = all.map(
    ([path, { mode, type, target }]) =>
      `${mode} 0:0 ${type}\t'${path}'${target === undefined ? "" : ` -> '${target}'`}`,
  );
  const hashes = all.flatMap(([path, { sha256: hash }]) => (hash === undefined ? [] : [`${hash}  ${path}`]));
  const calendars = Object.fromEntries(
    Object.values(expected).flatMap(({ units, calendars: own }) =>
      Object.entries(units).map(([name, key]) => [name, own[key ?? ""]]),
    ),
  );
  const log = JSON.stringify({ at: new Date(NOW).toISOString(), ok: true, receiving: true }, undefined, 2);
  const server: Record<string, string> = {
    orders:
      "client pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\nserver 150018\nbound 4294967296\nslot t reserved 352152",
    blog: "client mariadb-dump  Ver 10.19 Distrib 10.11.18-MariaDB, for debian-linux-gnu (x86_64)\nserver 10.11.18-MariaDB-log",
    media: "",
  };
  const ofJobs = Object.entries(expected).map(([job, { calendars: own, continuous }]) =>
    [
      `@@ calendar ${job}`,
      ...Object.entries(own).map(([key, value]) => `${job} ${key} ${value}`),
      ...[`@@ cron ${job}`, `@@ last ${job}`, '{"code": 0, "name": "ok"}', `@@ wal ${job}`, continuous ? log : ""],
      ...[`@@ newest ${job}`, "1000000", `@@ server ${job}`, server[job] ?? ""],
    ].join("\n"),
  );
  const tools = Object.entries(program.tools).map(
    ([tool, owner]) => `${tool}\t/usr/bin/${tool}\t${tool} 9.9.9\t${owner}\t`,
  );
  return (
    [
      ...["@@ begin granary-doctor", "@@ manager systemd", "@@ files ", ...files, "@@ hashes ", ...hashes],
      ...["@@ keys ", `/etc/granary/box_ed25519 ${PUBLIC_KEY}`, "@@ units "],
      unitsOf(expected)
        .map((name) => unit(name, calendars[name]))
        .join("\n\n"),
      ...[
        "@@ loaded ",
        ...unitsOf(expected).map((name) => `${name} active`),
        "granary-metadata.service active",
        "granary@.timer enabled",
      ],
      ...ofJobs,
      ...["@@ tools ", ...tools, "@@ verify ", "@@ space ", " 73848913920 270553174016 16075148 16777216 /"],
      ...["@@ clock ", "synchronized yes", "zone +0000", "now @NOW@", "@@ end "],
    ].join("\n") + "\n"
  );
}
