/** The shop on the staging server: everything of its compose file runs, cannot reach anybody, and a customer can buy. */
import type { Host } from "../../settings/schema.js";
import { startShop } from "../bring-back/shop.js";
import type { Evidence } from "../evidence/evidence.js";
import type { Remote } from "../remote.js";
import { customerChecks } from "../smoke/checks.js";
import type { SmokeResult } from "../smoke/run.js";

export interface ShopOnStaging {
  remote: Remote;
  host: Host;
  /** Addresses and ports that answer to everybody else. */
  doors: [string, number][];
  /** What a customer does, at this server. */
  smoke: () => Promise<SmokeResult>;
}

/** What fails is a failed check: everything else was tested already. */
export async function openShop(what: ShopOnStaging, evidence: Evidence): Promise<void> {
  try {
    const containers = await startShop(what, evidence);
    await evidence.phase("doors", "no container reaches anybody: no mail, no payment, no webhook", () =>
      noWayOut(what, containers, evidence),
    );
    if (what.host.app!.smoke.length === 0) {
      evidence.step("smoke test", "the settings say nothing of what a customer does");
      return;
    }
    const result = await evidence.phase("smoke test", "what a customer does", () => what.smoke());
    evidence.checks(customerChecks(result));
  } catch (error) {
    evidence.check("the shop starts", "it does", error instanceof Error ? error.message : String(error));
  }
}

/** Written is not applied: from where each container is, the doors are tried, all at once. */
async function noWayOut({ remote, doors }: ShopOnStaging, containers: string[], evidence: Evidence): Promise<void> {
  const places = doors.map(([address, port]) => `${address}/${port}`);
  const said = await remote.run([
    "bash",
    "-Eeuo",
    "pipefail",
    "-c",
    KNOCK,
    "knock",
    String(containers.length),
    ...containers,
    ...places,
  ]);
  const tried = said.split("\n").map((line) => line.split(" "));
  for (const container of containers) {
    const mine = tried.filter(([name]) => name === container);
    const open = mine.filter(([, , found]) => found !== "closed").map(([, place]) => place);
    const found = mine.length === doors.length ? "closed" : "not tried: it does not run";
    evidence.check(`no way out of container ${container}`, "closed", open.length > 0 ? open.join(", ") : found);
  }
}

/** knock NUMBER CONTAINER... ADDRESS/PORT...: prints container, place, and open or closed, a line each. */
const KNOCK = `
containers=("\${@:2:$1}")
places=("\${@:2+$1}")
for container in "\${containers[@]}"; do
  pid=$(docker inspect -f '{{.State.Pid}}' "$container")
  ((pid > 0)) || continue
  for place in "\${places[@]}"; do
    if nsenter -t "$pid" -n timeout 5 bash -c 'exec 3<>"/dev/tcp/$1"' knock "$place" 2>/dev/null; then
      echo "$container $place open"
    else
      echo "$container $place closed"
    fi &
  done
done
wait`;
