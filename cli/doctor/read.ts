/** What `probe.sh` printed, as data. */

export interface SeenPath {
  /** Octal, e.g. "600". */
  mode: string;
  /** Numbers: `0:0`. */
  owner: string;
  /** As stat(1) names it: `regular file`, `directory`, `symbolic link`. */
  type: string;
  target?: string;
  sha256?: string;
}

export interface SeenJob {
  /** Schedules as systemd writes them, by the key of the env file. */
  calendars: Record<string, string>;
  /** What its file in /etc/cron.d must hold. */
  cron: string;
  /** `JOB.last.json` and `JOB.wal.json`; absent: there is none, or it is no JSON. */
  last?: Record<string, unknown>;
  wal?: Record<string, unknown>;
  /** Bytes of the newest backup on the host. */
  newest: number;
  /** What the database said, line by line. */
  server: string[];
}

export interface SeenTool {
  /** Empty: it is not there. */
  path: string;
  version: string;
  /** Empty: no package owns it. */
  package: string;
  /** Others of this name further down the PATH. */
  others: string[];
}

export interface Probe {
  manager: "systemd" | "cron";
  paths: Record<string, SeenPath>;
  /** Public halves by file; empty where the file holds no key. */
  keys: Record<string, string>;
  /** Properties of units. */
  units: Record<string, Record<string, string>>;
  /** State of every unit of Granary that systemd knows of. */
  loaded: Record<string, string>;
  jobs: Record<string, SeenJob>;
  tools: Record<string, SeenTool>;
  /** Files of packages that are not what they were installed as: package and path. */
  verify: { package: string; path: string }[];
  space: { available: number; size: number; inodes: number; allInodes: number; path: string }[];
  clock: { synchronized: string; zone: string; now: number };
}

const BEGIN = "@@ begin granary-doctor\n";

/**
 * @param output may have before it what the host's shell says at a login
 * @throws Error when it is not the probe's, or not all of it
 */
export function readProbe(output: string): Probe {
  const start = `\n${output}`.indexOf(`\n${BEGIN}`);
  const text = output.slice(Math.max(0, start));
  if (start < 0 || !/^@@ end/m.test(text))
    throw new Error("the host did not answer as expected: can root run bash there?");
  const probe: Probe = {
    ...{ manager: "systemd", paths: {}, keys: {}, units: {}, loaded: {}, jobs: {}, tools: {}, verify: [], space: [] },
    clock: { synchronized: "", zone: "", now: 0 },
  };
  for (const part of text.slice(3).split("\n@@ ")) {
    const [head = "", ...lines] = part.split("\n");
    const [kind = "", name = ""] = head.split(" ");
    section(probe, kind, name, lines);
  }
  return probe;
}

function section(probe: Probe, kind: string, name: string, lines: string[]): void {
  const full = lines.filter((line) => line !== "");
  if (kind === "manager") probe.manager = name === "cron" ? "cron" : "systemd";
  else if (kind === "files") full.forEach((line) => addPath(probe, line));
  else if (kind === "hashes") full.forEach((line) => addHash(probe, line));
  else if (kind === "keys") full.forEach((line) => (probe.keys[word(line, 0)] = rest(line, 1)));
  else if (kind === "units") addUnits(probe, lines);
  else if (kind === "loaded") full.forEach((line) => (probe.loaded[word(line, 0)] ??= word(line, 1)));
  else if (kind === "tools") full.forEach((line) => addTool(probe, line));
  else if (kind === "verify")
    probe.verify.push(...full.map((line) => ({ package: word(line, 0), path: line.split(" ").at(-1)! })));
  else if (kind === "space") probe.space.push(...full.map(spaceOf));
  else if (kind === "clock") addClock(probe, full);
  else if (OF_JOBS.has(kind)) addJob(probe, kind, name, full);
}

const OF_JOBS = new Set(["calendar", "cron", "last", "wal", "newest", "server"]);

const word = (line: string, at: number): string => line.split(" ")[at] ?? "";
const rest = (line: string, from: number): string => line.split(" ").slice(from).join(" ");

/** `600 0:0 regular file<tab>'/etc/granary/orders.env'` */
function addPath(probe: Probe, line: string): void {
  const [facts = "", name = ""] = line.split("\t");
  const [, path, target] = /^'(.*?)'(?: -> '(.*)')?$/.exec(name) ?? [];
  if (path === undefined) return;
  const type = rest(facts, 2);
  probe.paths[path] = {
    mode: word(facts, 0),
    owner: word(facts, 1),
    type,
    ...(target === undefined ? {} : { target }),
  };
}

function addHash(probe: Probe, line: string): void {
  const [, sha256, path] = /^([0-9a-f]{64}) {2}(.*)$/.exec(line) ?? [];
  const seen = probe.paths[path ?? ""];
  if (seen !== undefined && sha256 !== undefined) seen.sha256 = sha256;
}

/** Blocks of `KEY=value` with a blank line between. */
function addUnits(probe: Probe, lines: string[]): void {
  for (const block of lines.join("\n").split("\n\n")) {
    const pairs = block
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
    const properties = Object.fromEntries(pairs) as Record<string, string>;
    if (properties["Id"] !== undefined) probe.units[properties["Id"]] = properties;
  }
}

function addTool(probe: Probe, line: string): void {
  const [name = "", path = "", version = "", owner = "", others = ""] = line.split("\t");
  probe.tools[name] = { path, version, package: owner, others: others.split(" ").filter(Boolean) };
}

function spaceOf(line: string): Probe["space"][number] {
  const [available, size, inodes, allInodes] = line.trim().split(/\s+/).map(Number);
  const path = line.trim().split(/\s+/).slice(4).join(" ");
  return { available: available ?? 0, size: size ?? 0, inodes: inodes || 0, allInodes: allInodes || 0, path };
}

function addClock(probe: Probe, lines: string[]): void {
  const values = Object.fromEntries(lines.map((line) => [word(line, 0), rest(line, 1)]));
  const { synchronized = "", zone = "", now = "" } = values;
  probe.clock = { synchronized, zone, now: Number(now) * 1000 };
}

function addJob(probe: Probe, kind: string, name: string, lines: string[]): void {
  const job = (probe.jobs[name] ??= { calendars: {}, cron: "", newest: 0, server: [] });
  if (kind === "calendar") for (const line of lines) job.calendars[word(line, 1)] = rest(line, 2);
  if (kind === "cron") job.cron = lines.map((line) => `${line}\n`).join("");
  if (kind === "newest") job.newest = lines.reduce((sum, line) => sum + Number(line), 0);
  if (kind === "server") job.server = lines;
  const state = kind === "last" || kind === "wal" ? json(lines.join("\n")) : undefined;
  if (state !== undefined) job[kind as "last" | "wal"] = state;
}

function json(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
