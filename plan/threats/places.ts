/** Where the data of one host is: production and every copy and replica of it, each with what it shares its fate with. */
import { isBackup } from "../../settings/jobs/job.js";
import { replicasOf } from "../../settings/replicas.js";
import type { Copy, Host, Settings } from "../../settings/schema.js";
import { copyDomain, productionDomain } from "../failure-domain.js";
import { worstGap } from "./gap.js";

/** What production and a copy can both be hit in. */
export interface Domain {
  provider: string;
  /** Country, or the part of the world if the company names none. */
  region: string;
  /** The login that can close or empty it: at Cloudflare there may be several. */
  account: string;
}

/** A copy, or a replica of one. */
export interface Place extends Domain {
  /** `r2`, or `spaces, replica`. */
  name: string;
  copy: Copy;
  /** Hosts with a key that writes where this host's backups are. */
  writers: string[];
  /** Seconds it may be behind what was sent: 0 but for a replica. */
  lag: number;
}

/** The company, and the account of it where the settings tell accounts apart. */
export function productionOf(host: Host): Domain {
  const { provider, country } = productionDomain(host);
  return { provider, region: country, account: provider };
}

/** Every place that holds backups of `host`, in the order of upload; replicas last. */
export function placesOf(settings: Settings, host: string): Place[] {
  const { copies, hosts } = settings;
  const owners = Object.keys(hosts).filter((name) => Object.values(hosts[name]!.jobs).some(isBackup));
  return [
    ...Object.entries(copies).map(([name, copy]) => {
      // A host's account at the box sees its own directory; a key to a bucket reaches all of it.
      return placeOf(name, copy, copy.kind === "storageBox" ? [host] : owners, 0);
    }),
    ...replicasOf(settings).flatMap(({ on, job }) =>
      job.holds === "backups" ? [placeOf(`${job.from}, replica`, job.target, [on!], worstGap(job.schedule.times))] : [],
    ),
  ];
}

function placeOf(name: string, copy: Copy, writers: string[], lag: number): Place {
  const { provider, country } = copyDomain(copy);
  const account = copy.kind === "r2" ? `${provider} ${copy.accountId}` : provider;
  return { name, copy, provider, region: country, account, writers, lag };
}
