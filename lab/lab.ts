/** A lab that stays: the stack is up and the shop is open, until Ctrl-C. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import granary from "../index.js";
import { runDir } from "./config.js";
import { engineEnvironment, makeStack, usePlugins } from "./engine.js";
import { furnish } from "./rehearsal/belongings.js";
import { ShopServer, type Target } from "./rehearsal/shop-server.js";
import { stackConfig, startWorld } from "./world.js";

const { plugins } = parseArgs({ options: { plugins: { type: "string", default: "stand-in" } } }).values;
const say = (line: string): void => void process.stdout.write(`${line.trimEnd()}\n`);

const stop = new Promise((resolve) => ["SIGINT", "SIGTERM"].forEach((signal) => process.on(signal, resolve)));
const world = await startWorld(say);
try {
  await usePlugins(plugins);
  const stack = await makeStack(() => Promise.resolve().then(granary), await stackConfig(world));
  const opened = (async () => {
    await stack.up({ onOutput: say });
    const hosts = (await stack.outputs())["hosts"]?.value as Record<string, Target>;
    const { address, hostKey } = hosts["shop"]!;
    const server = await ShopServer.at(world.laptop, hosts["shop"]!);
    await furnish(server, world);
    await server.startDatabase();
    await server.openShop(50_000);
    await server.startApp();
    await writeFile(join(runDir(), "known_hosts"), `${address} ${hostKey}\n`);
    const environment = Object.entries(engineEnvironment()).map(([name, value]) => `${name}='${value}'\n`);
    await writeFile(join(runDir(), "engine.env"), environment.join(""));
    await writeFile(join(runDir(), "lab.json"), JSON.stringify({ address }));
    say("the lab is up: npm run lab -- ssh; Ctrl-C ends it");
  })().catch((error: unknown) => say(`failed: ${String(error)}`));
  await Promise.race([opened, stop]);
  await stop;
} finally {
  await world.close();
}
await Promise.race([once(process.stdout, "drain"), new Promise((resolve) => setTimeout(resolve, 100))]);
process.exit(0);
