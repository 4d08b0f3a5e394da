import { shopServer, type Act } from "../act.js";
import { BELONGINGS, backUpBelongings, fingerprints, furnish, type Belonging } from "../belongings.js";
import { baseBackup, logIsWhole } from "../continuous.js";
import { mariadbDay } from "../mariadb.js";
import { rehearseReplica } from "../replica.js";
import type { ShopServer } from "../shop-server.js";
import { gatherSecrets } from "../secrets.js";
import { customers } from "../customers.js";
import { backUpUnderLoad, verifyCopy } from "../steps.js";
import type { Fingerprint } from "../../shop/content.js";

export const COPIES = ["spaces", "r2", "box"];
const ORDERS = 50_000;
/** Longer than the shop is open after its first backup: the disaster ends it. */
const OPEN_SECONDS = 900;

/** What is passed from before the disaster to after it. */
export interface Before {
  fingerprint: Fingerprint;
  belongings: Record<Belonging, string>;
  secrets: Record<string, string>;
  journal: string;
  /** Orders that go on coming in until the server is gone. */
  load: Promise<number>;
}

/** A shop opens and is backed up, with all that belongs to it, while orders come in. */
export async function day(act: Act): Promise<Before> {
  const { world, report } = act;
  const server = await shopServer(act);
  await report.phase("shop", `a shop opens: ${ORDERS} orders in Postgres in Docker, uploads, code`, async () => {
    await furnish(server, world);
    await server.startDatabase();
    await server.openShop(ORDERS);
    await server.startApp();
  });
  await report.phase("smoke test", "a customer logs in, looks at a product and orders it", async () =>
    report.checks(await customers(act)),
  );
  const blog = report.beside("mariadb", "the shop's blog in MariaDB is emptied and restored to the moment before", () =>
    mariadbDay(server, world, act.copy),
  );
  await report.phase("log", "every copy has the log and a base backup, then the weekly one is made", async () => {
    await logIsWhole(server);
    await baseBackup(server);
  });
  const { fingerprint, ordersPlaced } = await report.phase("backup", "the timer's service, while orders come in", () =>
    backUpUnderLoad(server),
  );
  report.check("orders were placed during the backup", true, ordersPlaced > 0);
  const load = server.load(OPEN_SECONDS).catch(() => 0);
  const belongings = await fingerprints(server);
  await report.phase("belongings", "uploads, configuration, logs and code are backed up", () =>
    backUpBelongings(server),
  );
  report.checks(await blog());
  await report.phase(
    "replica",
    "another region and another cloud are filled, attacked at the source, filled again",
    async () => report.checks(await rehearseReplica(world, server)),
  );
  await readBack(act, server);
  const secrets = await gatherSecrets(world, server);
  return { fingerprint, belongings, secrets, journal: await server.run("journalctl --no-pager -o cat"), load };
}

async function readBack({ report }: Act, server: ShopServer): Promise<void> {
  await report.phase("read back", "every artifact of every copy, in full", async () => {
    for (const name of COPIES) {
      const { artifacts, verified } = await verifyCopy(server, name, ["orders", "blog", ...Object.keys(BELONGINGS)]);
      report.result.copies.push({ name, artifacts, verified });
      report.check(`copy ${name} verified`, true, verified);
    }
  });
}
