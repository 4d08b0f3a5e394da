/** The continuous log of the shop's database. */
import type { ShopServer } from "./shop-server.js";

/** The service that waited for the database has taken up its log and made a first base backup: every copy has both. */
export async function logIsWhole(server: ShopServer): Promise<void> {
  await server.run(
    `for i in $(seq 180); do granary-wal orders --status >/dev/null 2>&1 && exit; sleep 1; done
     granary-wal orders --status >&2; journalctl -u granary-wal@orders -n 30 -o cat >&2; exit 1`,
  );
}

/** The weekly base backup's own service. */
export async function baseBackup(server: ShopServer): Promise<void> {
  const service = "granary-base@orders.service";
  await server.run(`systemctl start ${service} || { journalctl -u ${service} -n 40 -o cat >&2; exit 1; }`);
}

/** When the newest order was placed that the load made and the database has, milliseconds since the epoch. */
export async function lastOrderAt(server: ShopServer): Promise<number> {
  const newest = "SELECT extract(epoch FROM max(placed_at)) * 1000 FROM shop.orders WHERE note LIKE 'commande%'";
  return Number(await server.sql(newest)) || Number.NaN;
}
