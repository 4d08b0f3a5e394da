import { compareFingerprints, fingerprintSql, type Check, type Fingerprint } from "../../shop/content.js";
import type { Undone } from "../../../cli/restore/result.js";
import { shopServer, type Act } from "../act.js";
import { smoke } from "../customers.js";
import { granary } from "../laptop.js";
import type { ShopServer } from "../shop-server.js";

/** Friday, 18:00: orders lose their items, prices are wrong, and a view is gone. */
const MISTAKE = `
DELETE FROM shop.order_items WHERE order_id % 3 = 0;
UPDATE shop.products SET price = 1;
DROP VIEW shop.daily_sales;`;

/** Whether the mistake is in the live database. */
const DAMAGED = "SELECT count(*) > 0 AND bool_and(price = 1) FROM shop.products";

/** How the application is stopped and started again. */
const APP = ["--stop", "docker stop -t 2 shop_app", "--start", "docker start shop_app"];

/** Data is damaged while the server runs: to the second before it, back again, and over once more; and a single file. */
export async function corrupted(act: Act): Promise<void> {
  const { world, report, copy } = act;
  const server = await shopServer(act);
  await report.phase(
    "damage",
    "a mistake in the live database; back to the second before it, undone, done again",
    async () => {
      const content = async (): Promise<Fingerprint> => JSON.parse(await server.sql(fingerprintSql())) as Fingerprint;
      const expected = await content();
      const moment = (await server.run("sleep 1; date -u +%Y-%m-%dT%H:%M:%SZ; sleep 1")).trim();
      await server.sql(MISTAKE);
      const words = ["restore", "shop", "orders", "--copy", copy, "--at", moment, "--switch", "--yes", ...APP];
      await granary(world, ...words);
      report.checks(compareFingerprints(expected, await content()));
      report.check("a customer can buy after the restore", true, (await smoke(act)).ok);
      const undone = JSON.parse(await granary(world, "restore", "shop", "orders", "--undo")) as Undone;
      report.check("undone", "true t", `${undone.undone} ${(await server.sql(DAMAGED)).trim()}`);
      await granary(world, ...words);
      report.check("and over once more", "f", (await server.sql(DAMAGED)).trim());
    },
  );
  await report.phase("one file", "a picture that was written over", async () =>
    report.checks(await oneFile(act, server)),
  );
}

async function oneFile({ world, copy }: Act, server: ShopServer): Promise<Check[]> {
  const file = "/opt/uploads/products/7.jpg";
  const hash = async (path: string): Promise<string> => (await server.run(`sha256sum <'${path}'`)).slice(0, 64);
  const expected = await hash(file);
  await server.run(`echo damaged >${file}`);
  await granary(world, "restore", "shop", "media", "--copy", copy, "--only", file, "--into", "/opt/restored/one");
  await server.run(`cp -p /opt/restored/one${file} ${file}`);
  const actual = await hash(file);
  return [{ name: "one file, by content", ok: actual === expected, expected, actual }];
}
