import { shopServer, type Act } from "../act.js";
import { investigated } from "./broken-into.js";
import { lookForSecrets } from "../secrets.js";
import { removeJob } from "../steps.js";
import { destroyEverything } from "../teardown.js";
import type { Watch } from "../watch.js";
import type { Before } from "./day.js";

/** A job goes out of the settings. */
export async function jobRemoved(act: Act): Promise<void> {
  const { stack, report, onOutput } = act;
  await report.phase("remove a job", "it goes out of the settings, its backups stay", async () =>
    report.checks(await removeJob(stack, await shopServer(act), onOutput)),
  );
}

/** Nothing secret was seen anywhere, and nothing is left. */
export async function end(act: Act, before: Before, watch: Watch): Promise<void> {
  const { world, stack, report } = act;
  const server = await shopServer(act);
  const journals = before.journal + (await server.run("journalctl --no-pager -o cat"));
  await report.phase("secrets", "command lines, journals, state, outputs and logs are searched for them", async () => {
    const seen = await watch.stop();
    report.result.peakMemoryMiB = seen.peakMemoryMiB;
    report.checks(await lookForSecrets(before.secrets, seen, journals, JSON.stringify(report.result)));
  });
  await report.phase("destroy", "everything, protected things by name", async () => {
    // What still writes to the copies would fill the buckets again that are being emptied.
    await server.run("systemctl stop 'granary*.timer' 'granary*.service'");
    await investigated(act);
    await destroyEverything(stack, world);
  });
  const { resources } = (await stack.exportStack()).deployment as { resources?: [] };
  report.check("nothing left in the stack", 0, resources?.length ?? 0);
}
