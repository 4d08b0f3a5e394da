/** What `granary check` found out, as tables for people. */
import type { HostProof, Leg } from "../plan/proof.js";
import type { Upcoming } from "../plan/upcoming.js";
import type { Terminal } from "./command.js";
import { rows } from "./table.js";

/** One host: whether it keeps the rule, and what starts when. */
export interface HostReport extends HostProof {
  jobs: Upcoming[];
}

/** A host that owns nothing and only fills replicas. */
export interface FillerReport {
  host: string;
  jobs: Upcoming[];
}

/** The tables of every host. */
export function reportText(hosts: HostReport[], fillers: FillerReport[], terminal: Terminal): string {
  if (hosts.length === 0) return "no hosts: nothing to back up; add one under granary:hosts\n";
  return [...hosts.map((host) => hostText(host, terminal)), ...fillers.map(fillerText)].join("\n");
}

function fillerText({ host, jobs }: FillerReport): string {
  return [`host ${host} owns nothing and fills replicas`, "", ...jobLines(jobs), ""].join("\n");
}

function hostText(report: HostReport, terminal: Terminal): string {
  const { host, production, copies, replicas, ok, legs, jobs } = report;
  const elsewhere = Object.entries(replicas).map(([name, domain]) => [`${name}, replica`, domain] as const);
  const places = rows([
    ["copy", "provider", "country", "medium", "can be destroyed by"],
    ...[...Object.entries({ production, ...copies }), ...elsewhere].map(([name, d]) => [
      name,
      d.provider,
      d.country,
      d.medium,
      d.destroyers.join(", "),
    ]),
  ]);
  const proved = rows([["rule", "holds", "found"], ...legs.map((leg) => [leg.rule, word(leg), leg.found])]);
  const remedies = legs.flatMap(({ rule, remedy }) => (remedy === undefined ? [] : [`  ${rule}: ${remedy}`]));
  remedies.push(...replicaRemedies(report));
  const verdict = ok ? paint("keeps the 3-2-1 rule", 32, terminal) : paint("BREAKS the 3-2-1 rule", 31, terminal);
  const proof = [`host ${host} ${verdict}`, "", ...places, "", ...proved, "", "to do:", ...remedies];
  return [...proof, "", ...jobLines(jobs), ""].join("\n");
}

/** A lock holds against whoever has a key; a bucket at Spaces has none. */
function replicaRemedies({ host, replicas }: HostReport): string[] {
  return Object.entries(replicas)
    .filter(([, { on, provider }]) => on === host && provider === "digitalocean")
    .map(
      ([name]) =>
        `  replica of ${name}: root on ${host} reaches both; let a host that owns nothing fill it (replica.on)`,
    );
}

function jobLines(jobs: Upcoming[]): string[] {
  const table = rows([
    ["job", "kind", "schedule", "next three runs, UTC"],
    ...jobs.map(({ job, kind, schedule, next, leftOut }) => [
      job,
      kind,
      schedule ?? "-",
      leftOut ?? next.map(timeText).join(", "),
    ]),
  ]);
  const moved = jobs
    .filter((row) => row.moved)
    .map(({ job, kind }) => (kind === "base backup" ? `${job} (base)` : job));
  if (moved.length === 0) return table;
  return [...table, "", `  later than written, so that no two start together: ${moved.join(", ")}`];
}

/** Tue 2026-11-24 03:00 */
function timeText(date: Date): string {
  return `${date.toUTCString().slice(0, 3)} ${date.toISOString().slice(0, 16).replace("T", " ")}`;
}

function word({ ok }: Leg): string {
  if (ok === undefined) return "not known";
  return ok ? "yes" : "NO";
}

function paint(text: string, color: number, terminal: Terminal): string {
  return terminal.color ? `\u001b[${color}m${text}\u001b[0m` : text;
}
