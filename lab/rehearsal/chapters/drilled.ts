import { shopServer, type Act } from "../act.js";
import { backUpAgain, monthlyDrill } from "../drill.js";

/** The new server backs up, and everything is restored once more on a server made for it. A drill reads buckets only. */
export async function drilled(act: Act): Promise<void> {
  const { world, report, copy } = act;
  await report.phase("back up again", "the new server's own log, base backup and dump", async () =>
    backUpAgain(await shopServer(act)),
  );
  await report.phase(
    "drill",
    "granary drill: everything is restored on a server made for it, which goes again",
    async () => report.checks(await monthlyDrill(world, copy === "box" ? "r2" : copy)),
  );
}
