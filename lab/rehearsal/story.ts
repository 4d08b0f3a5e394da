/**
 * What a rehearsal tells: three copies and a server are made, a shop runs there and is backed up while orders come in,
 * the server is lost at a random moment, a new one is made, and the shop comes back: its database to the last shipped
 * instant, everything it owned equal by content. A drill restores it once more, a mistake in the live database is taken
 * back to the second, the shop leaves an infected server for a clean one, maintenance removes what is old, the host's
 * credentials are replaced, and if asked for, whoever broke into the server tries to destroy what was saved.
 * Every chapter is a file in chapters/, and takes what it needs from the act.
 */
import type { Act } from "./act.js";
import { attacked } from "./chapters/attacked.js";
import { brokenInto } from "./chapters/broken-into.js";
import { corrupted } from "./chapters/corrupted.js";
import { day } from "./chapters/day.js";
import { drilled } from "./chapters/drilled.js";
import { end, jobRemoved } from "./chapters/end.js";
import { examined } from "./chapters/examined.js";
import { maintained } from "./chapters/maintained.js";
import { provision } from "./chapters/provision.js";
import { rotated } from "./chapters/rotated.js";
import { serverLost } from "./chapters/server-lost.js";
import { cronHost } from "./cron-host.js";
import { Watch } from "./watch.js";

export { COPIES } from "./chapters/day.js";

/** Every phase must have happened for a rehearsal to be good. */
const PHASES = [
  ...["start", "up", "preview", "shop", "smoke test", "log", "backup", "belongings", "mariadb", "replica", "read back"],
  ...["disaster", "recover", "restore", "compare", "remove a job", "without systemd"],
  ...["back up again", "drill", "maintain"],
];

/** What happens only when somebody breaks in. */
const ATTACKED = ["doctor", "damage", "one file", "clean room", "rotate", "attack"];

/** @param attacks whether the copies are attacked at the end: some minutes, for what is refused is tried long enough */
export const phases = (attacks: boolean): string[] => [...PHASES, ...(attacks ? ATTACKED : []), "secrets", "destroy"];

export async function rehearse(act: Act, attacks: boolean): Promise<void> {
  const { report } = act;
  const watch = new Watch();
  const cron = report.beside(
    "without systemd",
    "elsewhere, Debian's cron runs a job and makes up for another",
    cronHost,
  );
  await provision(act);
  const before = await day(act);
  await serverLost(act, before);
  await jobRemoved(act);
  report.checks(await cron());
  await drilled(act);
  if (attacks) await examined(act);
  if (attacks) await corrupted(act);
  if (attacks) await brokenInto(act);
  await maintained(act);
  if (attacks) await rotated(act, before);
  if (attacks) await attacked(act);
  await end(act, before, watch);
}
