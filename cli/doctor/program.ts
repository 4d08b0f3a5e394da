/** What the program says must be on a host: its own scripts and units, the settings, and what was deployed last. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { directoryHash } from "../../components/scripts-hash.js";
import { startsOf } from "../../plan/schedules.js";
import type { Job, Settings } from "../../settings/schema.js";
import { sha256, type Deployed } from "./state.js";

/** The program's own scripts, wherever it is run. */
const SCRIPTS = join(import.meta.dirname, "../../scripts");

export interface ExpectedFile {
  sha256: string;
  /** Octal, e.g. "755". */
  mode: string;
}

export interface ExpectedJob {
  kind: Job["kind"];
  continuous: boolean;
  /** By the key of the env file that holds it: `GRANARY_ON_CALENDAR`. */
  calendars: Record<string, string>;
  /** Timers with the key of their schedule, services with none. */
  units: Record<string, string | undefined>;
}

/** A line of resolved.txt. */
export interface Rule {
  unit: RegExp;
  property: string;
  value: string;
}

/** What is the same for every host. */
export interface Program {
  /** Below /usr/local/lib/granary. */
  files: Record<string, ExpectedFile>;
  /** As components/scripts-hash.ts has it. */
  scripts: string;
  /** Commands that have a link in /usr/local/sbin. */
  links: string[];
  /** Package of each program that is needed. */
  tools: Record<string, string>;
  rules: Rule[];
}

export interface Expected {
  stack: string;
  host: string;
  program: Program;
  jobs: Record<string, ExpectedJob>;
  deployed: Deployed;
}

const text = (file: string): string => readFileSync(join(SCRIPTS, file), "utf8");

export function readProgram(): Program {
  const names = readdirSync(SCRIPTS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
    .map((entry) => join(entry.parentPath, entry.name));
  const files = names.map((name): [string, ExpectedFile] => {
    const content = readFileSync(name);
    const mode = content.subarray(0, 2).toString() === "#!" ? "755" : "644";
    return [name.slice(SCRIPTS.length + 1), { sha256: sha256(content), mode }];
  });
  const pairs = [...(/^readonly TOOLS="(.*)"$/m.exec(text("host/install"))?.[1] ?? "").split(" ")];
  return {
    files: Object.fromEntries(files),
    scripts: directoryHash(`${SCRIPTS}/`),
    links: (/GRANARY_COMMANDS="(.*)"/.exec(text("lib/host.sh"))?.[1] ?? "").split(" "),
    tools: {
      ...Object.fromEntries(pairs.map((pair) => pair.split(":") as [string, string])),
      flock: "util-linux",
      setpriv: "util-linux",
    },
    rules: rules(text("lib/schedule/resolved.txt")),
  };
}

function rules(table: string): Rule[] {
  const lines = table.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const [, unit, property, value] = /^(\S+)\s+(\S+)\s+(.*)$/.exec(line)!;
    return { unit: new RegExp(`^${unit}$`), property: property!, value: value! };
  });
}

/** What goes before the probe: the one place that knows what is in a file of /etc/cron.d. */
export const cronLines = (): string => text("lib/schedule/cron-lines.sh");

/** The jobs of a host as they must be there; caches are none. */
export function expectedJobs(host: string, settings: Settings): Record<string, ExpectedJob> {
  const { jobs } = settings.hosts[host]!;
  const starts = startsOf(jobs);
  const entries = Object.entries(jobs).filter(([, { kind }]) => kind !== "cache");
  return Object.fromEntries(
    entries.map(([name, job]): [string, ExpectedJob] => {
      const own = starts.filter((start) => start.job === name);
      const calendars = own.map(({ what, schedule }) => [keyOf(what), schedule.onCalendar] as const);
      const continuous = "continuous" in job && job.continuous;
      const timers = own.map(
        ({ what }) => [`${what === "base" ? "granary-base" : "granary"}@${name}.timer`, keyOf(what)] as const,
      );
      return [
        name,
        {
          kind: job.kind,
          continuous,
          calendars: Object.fromEntries(calendars),
          units: {
            ...Object.fromEntries(timers),
            ...(continuous
              ? { [`granary-${job.kind === "postgres" ? "wal" : "binlog"}@${name}.service`]: undefined }
              : {}),
          },
        },
      ];
    }),
  );
}

const keyOf = (what: "backup" | "base"): string =>
  what === "base" ? "GRANARY_BASE_ON_CALENDAR" : "GRANARY_ON_CALENDAR";

/** Units of a job that systemd is asked about: those that timers start, too. */
export function unitsOf(jobs: Record<string, ExpectedJob>): string[] {
  return Object.values(jobs).flatMap(({ units }) =>
    Object.keys(units).flatMap((unit) =>
      unit.endsWith(".timer") ? [unit, unit.replace(/timer$/, "service")] : [unit],
    ),
  );
}

/** Puts a host right as a whole: the upload is made anew, and all that is deployed from it follows. Nothing is removed. */
export function redeploy({ stack, host, program, deployed }: Expected): string {
  const up = `pulumi up --stack ${stack}`;
  return deployed.scripts === program.scripts ? `${up} --replace '**::${host}-scripts'` : up;
}
