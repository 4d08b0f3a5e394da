/** The continuous log of the shop's database, and its recovery to a moment. */
import { readFile } from "node:fs/promises";
import type { World } from "../world.js";
import type { ShopServer } from "./shop-server.js";

/** Where the recovered database is put, and from where its container then runs. */
const DATA = "/opt/shop/data";

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

/** The database to the last shipped instant, from a copy, and its container on it. */
export async function recoverDatabase(world: World, server: ShopServer, copy: string): Promise<void> {
  const identity = await readFile(world.laptop.identity, "utf8");
  await server.run(`docker pull -q ${world.databaseImage}; install -d -m 0755 /opt/shop`);
  await server.run(
    `granary-recover-db orders --copy ${copy} --data-dir ${DATA} --image ${world.databaseImage}`,
    identity,
  );
  await server.startDatabase(world.databaseImage, DATA);
}

/** When the newest order was placed that the database has, milliseconds since the epoch. */
export async function lastOrderAt(server: ShopServer): Promise<number> {
  return Number(await server.sql("SELECT extract(epoch FROM max(placed_at)) * 1000 FROM shop.orders")) || Number.NaN;
}
