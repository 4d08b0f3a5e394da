import type { Copy, Host, Settings } from "../settings/schema.js";
import { isBackup } from "../settings/jobs/job.js";
import { replicasOf } from "../settings/replicas.js";
import { DRILL_DAYS, drillAge, type LastDrill } from "./drill.js";
import {
  copyDomain,
  productionDomain,
  replicaDomain,
  type FailureDomain,
  type ReplicaDomain,
} from "./failure-domain.js";

export type Rule = "3 copies" | "2 media" | "1 off-site" | "1 out of the host's reach" | "0 errors";

/** One leg of the 3-2-1-1-0 rule for one host. */
export interface Leg {
  rule: Rule;
  /** undefined: not known from settings alone. */
  ok: boolean | undefined;
  /** What the settings provide. */
  found: string;
  /** What to change; only when the leg does not hold. */
  remedy?: string;
}

/** The rule for one host. */
export interface HostProof {
  host: string;
  /** False when any leg is missing; a leg that is not known yet does not count. */
  ok: boolean;
  production: FailureDomain;
  /** By copy name. */
  copies: Record<string, FailureDomain>;
  /** By copy name: where its replica is. None counts as a copy: it is at the company of its source, and filled from it. */
  replicas: Record<string, ReplicaDomain>;
  /** Always the five rules, in order. */
  legs: Leg[];
}

/** The 3-2-1-1-0 rule for every host of a stack. */
export interface Proof {
  ok: boolean;
  hosts: HostProof[];
}

/** A plan that breaks the rule: names each host, the missing leg, what was found and the remedy. */
export class ProofError extends Error {
  override readonly name = "ProofError";
  constructor(readonly proof: Proof) {
    const missing = proof.hosts.flatMap((h) =>
      h.legs.filter((leg) => leg.ok === false).map((leg) => describe(h.host, leg)),
    );
    super(`the plan breaks the 3-2-1 rule:\n  ${missing.join("\n  ")}`);
  }
}

/** What is known beside the settings. */
export interface Known {
  /** By host. */
  drills: Readonly<Record<string, LastDrill>>;
  now: Date;
}

/** Computes the rule from the settings and what is known. Never throws: look at `ok`, or use {@link assertProof}. */
export function prove(settings: Settings, known?: Known): Proof {
  // A host that only fills replicas owns nothing that could be lost.
  const owners = Object.entries(settings.hosts).filter(([, { jobs }]) => Object.values(jobs).some(isBackup));
  const hosts = owners.map(([name, host]) => proveHost(name, host, settings, known));
  return { ok: hosts.every((h) => h.ok), hosts };
}

/**
 * The proof, or no plan at all.
 * @throws ProofError when a leg is missing for any host
 */
export function assertProof(settings: Settings): Proof {
  const proof = prove(settings);
  if (!proof.ok) throw new ProofError(proof);
  return proof;
}

function proveHost(host: string, owner: Host, settings: Settings, known?: Known): HostProof {
  const { copies } = settings;
  const production = productionDomain(owner);
  const domains = Object.fromEntries(Object.entries(copies).map(([name, copy]) => [name, copyDomain(copy)]));
  const legs = [
    threeCopies(Object.keys(copies)),
    twoMedia([production, ...Object.values(domains)]),
    offSite(production, domains),
    outOfReach(copies, owner),
    zeroErrors(host, known),
  ];
  const ok = legs.every((leg) => leg.ok !== false);
  return { host, ok, production, copies: domains, replicas: replicaDomains(settings), legs };
}

function replicaDomains(settings: Settings): Record<string, ReplicaDomain> {
  const ofCopies = replicasOf(settings).filter(({ job }) => job.holds === "backups");
  return Object.fromEntries(ofCopies.map(({ on, job }) => [job.from, replicaDomain(job, on!)]));
}

/** Production is the first copy; the local files in /var/backups share its disk and are none. */
function threeCopies(copies: string[]): Leg {
  const all = ["production", ...copies];
  return leg("3 copies", all.length >= 3, `${all.length}: ${all.join(", ")}`, "add an entry under granary:copies");
}

function twoMedia(domains: FailureDomain[]): Leg {
  const media = [...new Set(domains.map((d) => d.medium))];
  const remedy = "add a copy on another medium under granary:copies, e.g. { kind: storageBox }";
  return leg("2 media", media.length >= 2, `${media.length}: ${media.join(", ")}`, remedy);
}

function offSite(production: FailureDomain, copies: Record<string, FailureDomain>): Leg {
  const away = Object.entries(copies).filter(
    ([, d]) => d.provider !== production.provider || d.country !== production.country,
  );
  const here = `${production.provider} in ${production.country}`;
  const found =
    away.length > 0
      ? away.map(([name, d]) => `${name} (${d.provider}, ${d.country})`).join(", ")
      : `none: every copy is at ${here}, like the host`;
  return leg(
    "1 off-site",
    away.length > 0,
    found,
    `add a copy at another provider or outside ${production.country}, e.g. { kind: r2, … }`,
  );
}

/**
 * Spaces alone is within reach: there is no append-only grant, the host's key may delete versions too. And a lock by age does
 * not keep a repository of files: most of its packs, and its keys, are as old as the job, and what is older than the lock can
 * be deleted with the host's key.
 */
function outOfReach(copies: Record<string, Copy>, { jobs }: Host): Leg {
  const rule = "1 out of the host's reach";
  const safe = Object.entries(copies).flatMap(([name, copy]) => {
    const guard = guardOf(copy);
    return guard === undefined ? [] : [`${name} (${guard})`];
  });
  const files = Object.keys(jobs).filter((job) => jobs[job]!.kind === "files");
  const onBox = Object.values(copies).some(({ kind }) => kind === "storageBox");
  if (safe.length === 0)
    return leg(
      rule,
      false,
      "none: the host's own keys can delete every copy",
      "add a copy the host cannot destroy: { kind: r2, … } (lock) or { kind: storageBox } (snapshots)",
    );
  if (files.length > 0 && !onBox)
    return leg(
      rule,
      false,
      `${safe.join(", ")}, which keeps no files (${files.join(", ")}): the host's own keys can delete what is older than the lock`,
      "add a copy that only lets files be added: { kind: storageBox }",
    );
  return leg(rule, true, safe.join(", "), "");
}

function guardOf(copy: Copy): string | undefined {
  switch (copy.kind) {
    case "spaces":
      return undefined;
    case "r2":
      return `locked for ${copy.lockDays} days`;
    case "storageBox":
      return `${copy.snapshots.keep} daily snapshots`;
  }
}

/** Settings cannot tell whether a restore works; only a restore can, and not for ever. */
function zeroErrors(host: string, known?: Known): Leg {
  const drill = known?.drills[host];
  const rule = "0 errors";
  const remedy = `restore one: \`npx granary drill ${host} --identity FILE\``;
  if (known === undefined || drill === undefined)
    return { rule, ok: undefined, found: "not known: no restore has been looked at", remedy };
  const days = drillAge(drill, known.now);
  const when = days < 1 ? "today" : days === 1 ? "yesterday" : `${days} days ago`;
  const from = drill.copy === undefined ? "" : ` from ${drill.copy}`;
  if (!drill.ok) return leg(rule, false, `the last drill${from}, ${when}, failed`, `open its report, then ${remedy}`);
  return leg(
    rule,
    days <= DRILL_DAYS,
    `the last drill${from} passed ${when}`,
    `older than ${DRILL_DAYS} days: ${remedy}`,
  );
}

function leg(rule: Rule, ok: boolean, found: string, remedy: string): Leg {
  return ok ? { rule, ok, found } : { rule, ok, found, remedy };
}

function describe(host: string, { rule, found, remedy }: Leg): string {
  return `host ${host}: "${rule}" is missing: found ${found}; ${remedy}`;
}
