import * as pulumi from "@pulumi/pulumi";
import type { Generations } from "../plan/generations.js";
import type { CopyAccess } from "../plan/job-env.js";
import type { Grant } from "./copy.js";

/** What one generation of a host's credentials opens. */
export interface Generation {
  generation: number;
  /** By copy. */
  copies: Record<string, CopyAccess>;
  /** By replica job, and by the names the job knows its buckets by. */
  replicas: Record<string, Record<string, CopyAccess>>;
  /** Of the restic repositories; only of a host that has some. */
  repositoryPassword?: string;
}

/** Both generations, while one takes the other's place: what `granary rotate` proves with that only one is left. */
export interface Retiring {
  used: Generation;
  other: Generation;
}

/** Secret; undefined when there is one generation only. An account on a box is the same in both. */
export function retiring(
  { used, other }: Generations,
  grants: { copies: Record<string, Grant>; replicas: Record<string, Record<string, Grant>> },
  passwords: pulumi.Output<string>[],
): pulumi.Output<Retiring> | undefined {
  if (other === undefined) return undefined;
  const generation = (number: number, i: number, of: (grant: Grant) => pulumi.Output<CopyAccess>) => ({
    generation: number,
    copies: map(grants.copies, of),
    replicas: map(grants.replicas, (buckets) => map(buckets, of)),
    ...(passwords[i] === undefined ? {} : { repositoryPassword: passwords[i] }),
  });
  const both = {
    used: generation(used, 0, (grant) => grant.access),
    other: generation(other, 1, (grant) => grant.other ?? grant.access),
  };
  return pulumi.secret(pulumi.output(both));
}

/** Output of the stack: by host, and nothing at all while nothing is replaced. */
export function retiringOf(hosts: [string, pulumi.Output<Retiring> | undefined][]): {
  retiring?: Record<string, pulumi.Output<Retiring>>;
} {
  const all = hosts.flatMap(([name, one]) => (one === undefined ? [] : [[name, one] as const]));
  return all.length === 0 ? {} : { retiring: Object.fromEntries(all) };
}

function map<V, W>(values: Record<string, V>, change: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
