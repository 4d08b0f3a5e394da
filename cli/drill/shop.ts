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

/** Written is not applied: from where each container is, the doors are tried. */
async function noWayOut({ remote, doors }: ShopOnStaging, containers: string[], evidence: Evidence): Promise<void> {
  for (const container of containers) {
    const found: string[] = [];
    for (const [address, port] of doors)
      if (await remote.succeeds(["bash", "-c", KNOCK, "knock", container, address, String(port)]))
        found.push(`${address} port ${port}`);
    evidence.check(`no way out of container ${container}`, "closed", found.length === 0 ? "closed" : found.join(", "));
  }
}

const KNOCK = `pid=$(docker inspect -f '{{.State.Pid}}' "$1") && ((pid > 0)) &&
  nsenter -t "$pid" -n timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/$2"' knock "$2" "$3"`;
