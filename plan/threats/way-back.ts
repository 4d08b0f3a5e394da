import type { FailureKind } from "./failures.js";
import type { Fate } from "./fate.js";
import type { Left } from "./left.js";

/** Commands and pages, in the order they are needed; none where nothing is left of any job. */
export function wayBack(host: string, fate: Fate): string[] {
  const from = bestPlace(fate);
  if (from === undefined) return [];
  return [...fate.kinds.flatMap((kind) => FIRST[kind] ?? []), ...opening(from), bringing(host, fate, from)];
}

const ACCOUNTS = "docs/security.md#an-attacker-with-an-account-a-token-or-the-laptop";

/** What each failure asks for before anything is restored. */
const FIRST: Partial<Record<FailureKind, string>> = {
  root: "cut it off, revoke its keys, find out when it began: docs/disaster-3.md",
  outage: "wait, the other copies go on",
  account: `close what is left open, take another account: ${ACCOUNTS}`,
  region: "put what was there elsewhere",
  laptop: `revoke its SSH key and every token: ${ACCOUNTS}, and see to the state: docs/state.md#it-is-lost`,
  identity: "make another with `npx granary keygen`, write its public key in place of the lost one, `pulumi up`",
  passphrase: "make the stack's secrets anew: docs/state.md#the-passphrase",
  mistake: "stop what goes on: docs/disaster-1.md",
};

/** The place that holds most jobs now, and so every job that any place holds; of these the first. */
function bestPlace({ jobs }: Fate): Left | undefined {
  const all = jobs.flatMap(({ left }) => left.filter(({ away }) => !away));
  const held = ({ place }: Left) => all.filter((other) => other.place === place).length;
  return all.sort((one, other) => held(other) - held(one))[0];
}

/** What must be done at the copy itself before it can be read. */
function opening({ place, by }: Left): string[] {
  if (place.endsWith(", replica"))
    return ["read the replica in its place: docs/replication.md#restoring-from-a-replica"];
  if (by === "snapshot") return [`restore a snapshot of ${place} in Hetzner's console`];
  return by === "versions" ? [`bring the versions in ${place} back: docs/threats.md#versions-of-a-bucket`] : [];
}

function bringing(host: string, { production, kinds }: Fate, { place }: Left): string {
  const copy = place.replace(", replica", "");
  if (production === "stands") return `nothing to restore, and whatever is needed is in ${place}`;
  const read = `--copy ${copy} --identity FILE`;
  if (kinds.includes("root") || kinds.includes("laptop"))
    return `npx granary recover ${host} --clean-room --before TIME ${read}`;
  if (kinds.every((kind) => kind === "mistake")) return `npx granary restore ${host} JOB --at TIME ${read}`;
  return `npx granary recover ${host} ${read}: docs/disaster-2.md`;
}
