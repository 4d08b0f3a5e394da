/** Everything that can happen to one host's data, and what it hits. From the same failure domains as the 3-2-1 proof. */
import { isBackup } from "../../settings/jobs/job.js";
import type { Settings } from "../../settings/schema.js";
import { placesOf, productionOf, type Domain, type Place } from "./places.js";

/**
 * What happens to a place. `away`: for a time. `gone`: for good. `intruder`: somebody has a host's key to it, and does his
 * worst. `deleted`: everything is deleted once, with a right that may, but no version, lock or snapshot is taken away.
 */
export type Harm = "away" | "gone" | "intruder" | "deleted";

export type FailureKind =
  "destroyed" | "root" | "outage" | "account" | "region" | "laptop" | "identity" | "passphrase" | "mistake";

export interface Failure {
  kind: FailureKind;
  /** In words, and unique: `root on shop`. */
  name: string;
  /** What it does to production; undefined: nothing. */
  production?: "away" | "gone";
  harm: (place: Place) => Harm | undefined;
  /** Recipients whose identity is lost, by their place in the settings. */
  identities: number[];
  /** Whether the stack's secrets, repositories' passwords among them, can no longer be read. */
  state: boolean;
}

/** What settings cannot tell. */
export interface Assumptions {
  /** Whether a laptop is stolen while the providers' tokens and the passphrase are in its shell. */
  openLaptop: boolean;
}

/** Nothing that a laptop should not have is on it. */
export const CAREFUL: Assumptions = { openLaptop: false };

/** The failures that can hit the data of `host`, each once. */
export function failuresOf(settings: Settings, host: string, { openLaptop }: Assumptions): Failure[] {
  const production = productionOf(settings.hosts[host]!);
  const places = placesOf(settings, host);
  const each = (of: (domain: Domain) => string): string[] => [...new Set([production, ...places].map(of))];
  const shared = (
    kind: FailureKind,
    hit: "away" | "gone",
    of: (domain: Domain) => string,
    name: (value: string) => string,
  ): Failure[] =>
    each(of).map((value) => ({
      ...{ ...nothing(kind, name(value)), harm: (place) => (of(place) === value ? hit : undefined) },
      ...(of(production) === value ? { production: hit } : {}),
    }));
  const accounts = each(({ account }) => account);
  return [
    { ...nothing("destroyed", `${host} destroyed`), production: "gone" },
    { ...intruder(`root on ${host}`, [host]), production: "gone" },
    ...otherHosts(settings, host).map(([name, hosts]) => intruder(`root on ${name}`, hosts)),
    ...shared(
      "outage",
      "away",
      ({ provider }) => provider,
      (provider) => `outage of ${provider}`,
    ),
    ...shared(
      "account",
      "gone",
      ({ account }) => account,
      (account) => `account at ${accountName(account, accounts)} lost`,
    ),
    ...shared(
      "region",
      "gone",
      ({ region }) => region,
      (region) => `region ${region} lost`,
    ),
    laptop(openLaptop),
    ...settings.encryption.recipients.map((_, i) => ({
      ...nothing("identity", `identity ${i + 1} lost`),
      identities: [i],
    })),
    { ...nothing("passphrase", "passphrase lost"), state: true },
    { ...nothing("mistake", "administrator's mistake"), production: "gone", harm: () => "deleted" },
  ];
}

function nothing(kind: FailureKind, name: string): Failure {
  return { kind, name, harm: () => undefined, identities: [], state: false };
}

function intruder(name: string, hosts: string[]): Failure {
  const harm = ({ writers }: Place) => (writers.some((writer) => hosts.includes(writer)) ? "intruder" : undefined);
  return { ...nothing("root", name), harm };
}

/** Those that fill replicas, each; of those that own data one stands for all, as the key of each reaches the same. */
function otherHosts(settings: Settings, host: string): [string, string[]][] {
  const filling = placesOf(settings, host).flatMap(({ lag, writers }) => (lag > 0 ? writers : []));
  const others = Object.keys(settings.hosts).filter((name) => name !== host);
  const fillers = others.filter((name) => filling.includes(name));
  const owners = others.filter((n) => !fillers.includes(n) && Object.values(settings.hosts[n]!.jobs).some(isBackup));
  return [
    ...fillers.map((name): [string, string[]] => [name, [name]]),
    ...owners.slice(0, 1).map((name): [string, string[]] => [owners.length === 1 ? name : "another host", [name]]),
  ];
}

/**
 * On it: the SSH key, taken to have no passphrase, so root on every host and the box's main account; the first identity;
 * the state. With open shells also every token and the passphrase: docs/security.md.
 */
function laptop(open: boolean): Failure {
  const closed = ({ copy }: Place) => (copy.kind === "storageBox" ? "deleted" : "intruder");
  return {
    ...{ ...nothing("laptop", open ? "laptop stolen, with open shells" : "laptop stolen"), production: "gone" },
    ...{ harm: open ? () => "gone" : closed, identities: [0], state: true },
  };
}

/** The id only where there is more than one account of the company. */
function accountName(account: string, all: string[]): string {
  const [provider] = account.split(" ") as [string];
  return all.filter((other) => other.split(" ")[0] === provider).length > 1 ? account : provider;
}
