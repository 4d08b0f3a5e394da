/** Databases as they answer on the host: their clients, the replication slot, and what receives their log. */
import { onHost, quoted, type Finding, type Step } from "../finding.js";
import type { Expected, ExpectedJob } from "../program.js";
import type { Probe, SeenJob } from "../read.js";

/** The state of a log is written every few seconds; one that is older is of a service that hangs. Milliseconds. */
const FRESH = 120_000;

const red = (check: string, subject: string, found: string, ...fix: Step[]): Finding => ({
  ...{ check, subject, colour: "red", found, fix },
});

export function judgeDatabases({ jobs, deployed }: Expected, probe: Probe): Finding[] {
  return Object.entries(jobs).flatMap(([name, job]) => {
    const seen = probe.jobs[name];
    if (seen === undefined) return [];
    const container = /^GRANARY_(?:PG|DB)_CONTAINER=(.*)$/m.exec(deployed.settings[name] ?? "")?.[1] ?? "";
    if (job.kind === "postgres")
      return [...postgres(name, job, seen, container), ...log(name, "wal", job, seen, probe)];
    if (job.kind === "mariadb" || job.kind === "mysql")
      return [...mysql(name, seen, container), ...log(name, "binlog", job, seen, probe)];
    return [];
  });
}

const value = (seen: SeenJob, name: string): string | undefined =>
  seen.server.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1);

function unreachable(name: string, seen: SeenJob, container: string): Finding {
  const said = seen.server.filter((line) => !line.startsWith("client ")).at(-1) ?? "it says nothing";
  const start = container === "" ? "systemctl status postgresql mariadb mysql" : `docker start ${quoted(container)}`;
  return red("database", name, `the database does not answer: ${said}`, onHost(start));
}

function postgres(name: string, { continuous }: ExpectedJob, seen: SeenJob, container: string): Finding[] {
  const server = Math.floor(Number(value(seen, "server")) / 10_000);
  if (!(server > 0)) return [unreachable(name, seen, container)];
  const client = Number(/(\d+)/.exec(value(seen, "client") ?? "")?.[1] ?? 0);
  const old =
    client >= server
      ? []
      : [
          red(
            "client",
            name,
            `pg_dump is version ${client}, the server is ${server}`,
            onHost(`apt-get install -y postgresql-client-${server}`),
          ),
        ];
  return continuous ? [...old, ...slot(name, seen)] : old;
}

function slot(name: string, seen: SeenJob): Finding[] {
  const slotName = `granary_${name.replaceAll("-", "_")}`;
  const restart = onHost(`systemctl restart granary-wal@${name}`);
  const bound = Number(value(seen, "bound"));
  const findings: Finding[] = [];
  if (bound < 0)
    findings.push(
      red(
        "slot-bound",
        slotName,
        "max_slot_wal_keep_size has no limit: the slot can fill the disk of the database",
        restart,
      ),
    );
  const [active, status, retained] = (value(seen, "slot") ?? "").split(" ");
  if (active === undefined || active === "")
    return [
      ...findings,
      red("slot-absent", slotName, "the server has no such slot, and keeps no log for Granary", restart),
    ];
  if (active !== "t")
    findings.push(
      red("slot-inactive", slotName, "nothing reads from it: the server keeps ever more of its log", restart),
    );
  if (status === "unreserved" || status === "lost")
    findings.push(red("slot-lost", slotName, `its wal_status is ${status}`, restart));
  if (bound > 0 && Number(retained) * 2 > bound)
    findings.push(
      red("slot-behind", slotName, `the server keeps ${retained} bytes for it, more than half of its bound`, restart),
    );
  return findings;
}

/** `10.11.18-MariaDB-…` and `mariadb-dump from 11.4.2-MariaDB, …`, `Ver 10.19 Distrib 10.11.18-MariaDB` or `Ver 8.0.43 for …`. */
function mysql(name: string, seen: SeenJob, container: string): Finding[] {
  const server = version(value(seen, "server"));
  if (server === undefined) return [unreachable(name, seen, container)];
  const said = value(seen, "client") ?? "";
  const client = version(/(?:Distrib|from|Ver) (\d[\d.]*)(?!.*Distrib)/.exec(said)?.[1]);
  if (client === undefined)
    return [red("client", name, "there is no program that dumps it", onHost("apt-get install -y mariadb-client"))];
  if (client >= server) return [];
  return [
    red(
      "client",
      name,
      `its dump program is older than the server: ${said}`,
      onHost("apt-get install -y mariadb-client"),
    ),
  ];
}

const version = (text: string | undefined): number | undefined => {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(text ?? "") ?? [];
  return major === undefined ? undefined : Number(major) * 1000 + Number(minor);
};

/** What the service that ships the log said of itself; that it runs at all is asked of systemd. */
function log(
  name: string,
  service: "wal" | "binlog",
  { continuous }: ExpectedJob,
  { wal }: SeenJob,
  probe: Probe,
): Finding[] {
  if (!continuous) return [];
  const unit = `granary-${service}@${name}`;
  const fix = [onHost(`systemctl restart ${unit}`), onHost(`journalctl -u ${unit} -o cat -n 30`)];
  if (wal === undefined) return [red("log", unit, "it never said how it goes", ...fix)];
  const age = probe.clock.now - Date.parse(String(wal["at"]));
  if (!(age <= FRESH)) return [red("log", unit, `it last said ${Math.round(age / 1000)} s ago how it goes`, ...fix)];
  const silent =
    wal["receiving"] === true ? [] : [red("receiver", unit, "nothing receives the log of the database", ...fix)];
  if (wal["ok"] === true) return silent;
  return [...silent, red("log", unit, `${String(wal["name"])}: ${String(wal["message"])}`, fix[1]!)];
}
