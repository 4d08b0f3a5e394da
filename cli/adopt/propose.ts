/** The settings that would take over what was found. */
import { stringify } from "yaml";
import { hostsSchema } from "../../settings/hosts.js";
import type { Probe } from "./read.js";
import { recognise, type Backup, type Dump } from "./recognise.js";

export interface Place {
  name: string;
  address: string;
  hostKey: string;
  sshPort: number;
  provider: string;
  country: string;
}

export interface Proposal {
  backups: Backup[];
  /** Cron entries that look like backups and were not understood. */
  unknown: string[];
  /** Of `granary:hosts`, one host, as a user would write it; valid. */
  host: Record<string, unknown>;
}

/** @throws Error when the place itself is no valid host */
export function propose(probe: Probe, { name, sshPort, ...place }: Place): Proposal {
  const { backups, unknown } = recognise(probe);
  const jobs: Record<string, object> = {};
  const base = { ...place, ...(sshPort === 22 ? {} : { sshPort }) };
  /** Adds the job if the settings take it; what they refuse a person must write. */
  const add = (job: string, settings: object): void => {
    const free = [job, `${job}-2`, `${job}-3`].find((candidate) => !(candidate in jobs));
    const valid =
      free !== undefined && hostsSchema.safeParse({ [name]: { ...base, jobs: { [free]: settings } } }).success;
    if (valid) jobs[free] = settings;
    else unknown.push(`a job ${job}: ${JSON.stringify(settings)}`);
  };
  for (const { schedule, dumps } of backups)
    for (const dump of dumps) add(jobName(dump), { ...dump, ...when(schedule) });
  const paths = [...new Set([...backups.flatMap((backup) => backup.paths), ...probe.paths])];
  const scheduleOf = (path: string) => backups.find((backup) => backup.paths.includes(path))?.schedule ?? "";
  const group = (job: string, kind: string, members: string[], more: object): void => {
    if (members.length > 0) add(job, { kind, paths: outermost(members), ...more });
  };
  const logs = paths.filter((path) => path.startsWith("/var/log/"));
  const configs = paths.filter((path) => /^\/etc\/|config/i.test(path) && !logs.includes(path));
  const files = paths.filter(
    (path) => !logs.includes(path) && !configs.includes(path) && !probe.repositories.includes(path),
  );
  group("media", "files", files, when(files.map(scheduleOf).find(Boolean) ?? ""));
  group("configs", "configs", configs, when(configs.map(scheduleOf).find(Boolean) ?? ""));
  group("logs", "logs", logs, {});
  probe.repositories.forEach((path) => add("code", { kind: "source", path }));
  for (const [container, image] of Object.entries(probe.containers))
    if (/redis|memcached|valkey/.test(image)) add("cache", { kind: "cache", container });
  return { backups, unknown, host: { ...base, jobs } };
}

const jobName = ({ database }: Dump): string =>
  database
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "") || "database";

/** Cron's own words for a schedule are not the settings': `@daily` is a run at Granary's default time. */
function when(schedule: string): { schedule?: string } {
  return schedule === "" || schedule.startsWith("@") ? {} : { schedule };
}

/** Without those that lie in another. */
function outermost(paths: string[]): string[] {
  return paths.filter((path) => !paths.some((other) => other !== path && path.startsWith(`${other}/`)));
}

/** For people: what was found, and the lines for the settings. */
export function proposalText({ backups, unknown, host }: Proposal, name: string): string {
  const found = backups.map(({ schedule, from, dumps, paths, targets, encrypted }) => {
    const what = [
      ...dumps.map(({ kind, database, container }) => `${kind} ${database}${container ? ` in ${container}` : ""}`),
      ...paths,
    ];
    const to = targets.length > 0 ? targets.join(", ") : "this server only";
    return `  ${schedule}  ${from}: ${what.join(", ")} -> ${to}${encrypted ? "" : ", NOT encrypted"}\n`;
  });
  const open = unknown.map((line) => `  ${line}\n`);
  const yaml = stringify({ "granary:hosts": { [name]: host } }, { lineWidth: 0, flowCollectionPadding: false });
  return `backups that run there now:\n${found.join("") || "  none that was recognised\n"}
${open.length > 0 ? `look at these yourself:\n${open.join("")}\n` : ""}settings that take over, for Pulumi.<stack>.yaml, below config:

${yaml.replace(/^/gm, "  ").trimEnd()}

Nothing was changed. Let the old script run until a backup of Granary was restored: docs/adopt.md.
`;
}
