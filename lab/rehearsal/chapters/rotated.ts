import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { repository } from "../../config.js";
import { shopServer, type Act } from "../act.js";
import { laptop } from "../laptop.js";
import { gatherSecrets } from "../secrets.js";
import type { ShopServer } from "../shop-server.js";
import type { Before } from "./day.js";

/** Everything the host has with the copies is replaced; a backup runs with the new ones, and whoever kept the old has nothing. */
export async function rotated(act: Act, before: Before): Promise<void> {
  const { report, world } = act;
  await report.phase("rotate", "every credential of the host is replaced, and the old ones are tried", async () => {
    const server = await shopServer(act);
    await server.run(STEAL);
    report.check("what was stolen opens, before", OPEN, await tryStolen(server));
    const { code, stdout, stderr } = await laptop("rotate", "shop", "--ssh-key", world.laptop.sshKey);
    report.check("granary rotate ends with", 0, code);
    if (code !== 0) report.say(stdout + stderr);
    await server.run("systemctl start granary@media || { journalctl -u granary@media -n 40 -o cat >&2; exit 1; }");
    await server.run("granary-artifacts media --copy box --verify");
    report.check("what was stolen opens, after", SHUT, await tryStolen(server));
    await server.run("rm -r /root/stolen");
    const fresh = Object.entries(await gatherSecrets(world, server));
    Object.assign(before.secrets, Object.fromEntries(fresh.map(([name, value]) => [`${name}, rotated`, value])));
  });
}

/** Whoever is root takes all there is. */
const STEAL = "rm -rf /root/stolen && cp -a /etc/granary /root/stolen";

const OPEN = "spaces open, r2 open, box open, repository in spaces open, repository in box open";
const SHUT = "spaces shut, r2 shut, box shut, repository in spaces shut, repository in box shut";

/** @returns `spaces open, r2 open, …` */
async function tryStolen(server: ShopServer): Promise<string> {
  const script = await readFile(join(repository, "lab/rehearsal/stolen.sh"), "utf8");
  return (await server.run("bash -s", script)).trim().split("\n").join(", ");
}
