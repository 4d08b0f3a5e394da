import { attack, printed } from "../../attack/attacks.js";
import { shopServer, type Act } from "../act.js";

/** As root on the shop's server, with everything found there, every copy is attacked. Afterwards the copies are ruined. */
export async function attacked(act: Act): Promise<void> {
  const { report, world } = act;
  await report.phase("attack", "root on the server tries to destroy every copy, with what is found there", async () => {
    const { checks, table } = await attack(world, await shopServer(act));
    report.result.attacks = table;
    report.say(printed(table));
    report.checks(checks);
  });
}
