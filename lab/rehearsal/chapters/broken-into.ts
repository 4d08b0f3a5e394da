import { connect } from "node:net";
import type { EvidenceRecord } from "../../../cli/evidence/record.js";
import { shopServer, type Act } from "../act.js";
import { customerNamed } from "../customers.js";
import { hetzner, servers } from "../hetzner.js";
import { granary } from "../laptop.js";
import { previewChanges } from "../steps.js";

/** Somebody broke in: the server is cut off and kept, and the shop comes back in a clean room, as it was before. */
export async function brokenInto(act: Act): Promise<void> {
  const { world, stack, report, copy } = act;
  const infected = await shopServer(act);
  const before = (await infected.run("sleep 1; date -u +%Y-%m-%dT%H:%M:%SZ; sleep 1")).trim();
  await infected.sql(
    "INSERT INTO shop.customers (name, email, language) VALUES ('Mallory', 'mallory@example.net', 'en')",
  );
  await infected.run(shipped(before));
  const what = `somebody broke in: into a clean room, as it was at ${before}, from copy '${copy}'`;
  const record = await report.phase("clean room", what, async () => {
    const words = ["recover", "shop", "--clean-room", "--before", before, "--copy", copy, "--ca", world.certificate.ca];
    return JSON.parse(await granary(world, ...words)) as EvidenceRecord;
  });
  report.checks(record.checks.map((check) => ({ ...check, name: `clean room: ${check.name}` })));
  const server = await shopServer(act);
  const all = await servers(world);
  report.check(
    "the infected server is kept",
    infected.address,
    all.find(({ name }) => name.startsWith("shop-infected-"))?.public_net.ipv4.ip,
  );
  report.check("nothing gets into it", false, await answers(infected.address));
  report.check(
    "another server has its place, with another host key",
    true,
    server.hostKey !== infected.hostKey && server.address !== infected.address,
  );
  report.check("what the intruder did is not there", "", await customerNamed(server, "Mallory"));
  report.check("preview after the clean room", "no change", await previewChanges(stack));
}

/** Until r2 and the others have the log of that moment. */
const shipped = (moment: string): string =>
  `for i in $(seq 120); do
     jq -e --arg at "${moment}" 'all(.copies[]; (.newest // "") > $at)' /var/lib/granary/orders.wal.json >/dev/null && exit
     sleep 1
   done
   cat /var/lib/granary/orders.wal.json >&2; exit 1`;

/** Whether SSH answers there within two seconds. */
function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 22, timeout: 2000 });
    const end = (open: boolean) => () => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", end(true)).once("timeout", end(false)).once("error", end(false));
  });
}

/** The investigation is over: what was kept goes. */
export async function investigated({ world }: Act): Promise<void> {
  for (const { id, name } of await servers(world)) {
    if (!name.startsWith("shop-infected-")) continue;
    await hetzner(world, "POST", `/servers/${id}/actions/change_protection`, { delete: false, rebuild: false });
    await hetzner(world, "DELETE", `/servers/${id}`);
  }
  const { images } = await hetzner<{ images: { id: number }[] }>(world, "GET", "/images?type=snapshot");
  for (const { id } of images) await hetzner(world, "DELETE", `/images/${id}`);
  const { firewalls } = await hetzner<{ firewalls: { id: number; name: string }[] }>(world, "GET", "/firewalls");
  for (const { id, name } of firewalls)
    if (name.startsWith("granary-quarantine-")) await hetzner(world, "DELETE", `/firewalls/${id}`);
}
