import type { Copy, Host, ReplicaJob } from "../settings/schema.js";
import { HETZNER_LOCATIONS, R2_PLACES, SPACES_REGIONS } from "./places.js";

/** What a copy shares its fate with. */
export interface FailureDomain {
  /** Company that runs it, e.g. "hetzner". */
  provider: string;
  /** ISO 3166-1 alpha-2; for R2 the part of the world, as Cloudflare names no country. */
  country: string;
  medium: "server disk" | "object store" | "ZFS box";
  /** Who can destroy it, in words. */
  destroyers: string[];
}

/** The failure domain of production itself: the first of the three copies. */
export function productionDomain({ provider, country }: Host): FailureDomain {
  return {
    provider,
    country,
    medium: "server disk",
    destroyers: ["root on the host", `the ${provider} account`],
  };
}

/** The failure domain of a copy. */
export function copyDomain(copy: Copy): FailureDomain {
  switch (copy.kind) {
    case "spaces":
      return spacesDomain(copy.region, "root on the host (its key may delete versions)");
    case "r2":
      return r2Domain(copy.location);
    case "storageBox":
      return {
        provider: "hetzner",
        country: place(HETZNER_LOCATIONS, copy.location),
        medium: "ZFS box",
        destroyers: ["the hetzner account"],
      };
  }
}

/** Where a replica is. */
export interface ReplicaDomain extends FailureDomain {
  /** The host that fills it; no other has a key to it. */
  on: string;
}

/** The failure domain of a replica: another place, but for copies their source's company. */
export function replicaDomain({ target }: ReplicaJob, on: string): ReplicaDomain {
  if (target.kind === "r2") return { ...r2Domain(target.location), on };
  return { ...spacesDomain(target.region, `root on ${on}, which fills it (its key may delete versions)`), on };
}

function spacesDomain(region: string, who: string): FailureDomain {
  return {
    provider: "digitalocean",
    country: place(SPACES_REGIONS, region),
    medium: "object store",
    destroyers: [who, "the digitalocean account"],
  };
}

function r2Domain(location: string): FailureDomain {
  return {
    provider: "cloudflare",
    country: place(R2_PLACES, location),
    medium: "object store",
    destroyers: ["the cloudflare account (it can remove the lock)"],
  };
}

function place(places: Readonly<Record<string, string>>, name: string): string {
  const found = places[name];
  if (found === undefined) throw new Error(`no place named "${name}": use one of ${Object.keys(places).join(", ")}`);
  return found;
}
