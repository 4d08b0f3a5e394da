/**
 * The rehearsal: the real program on the real engine makes three copies and a server, a shop runs there and is backed up
 * while orders come in, the server is lost, a new one is made and the shop comes back from a copy, equal by content.
 */
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import granary from "../index.js";
import { runDir } from "./config.js";
import { ENGINE, makeStack, usePlugins } from "./engine.js";
import { Report } from "./rehearsal/report.js";
import { gatherSecrets, lookForSecrets } from "./rehearsal/secrets.js";
import {
  backUpUnderLoad,
  compareContent,
  previewChanges,
  removeJob,
  restore,
  shopServer,
  verifyCopy,
} from "./rehearsal/steps.js";
import { destroyEverything } from "./rehearsal/teardown.js";
import { Watch } from "./rehearsal/watch.js";
import type { Fingerprint } from "./shop/content.js";
import { stackConfig, startWorld, type World } from "./world.js";

const COPIES = ["spaces", "r2", "box"];
const ORDERS = 50_000;
const PHASES = [
  ...["start", "up", "preview", "shop", "backup", "read back"],
  ...["disaster", "new server", "restore", "compare", "remove a job", "secrets", "destroy"],
];

async function rehearse(world: World, report: Report, copy: string, log: (line: string) => void): Promise<void> {
  const watch = new Watch();
  const onOutput = (text: string): void => log(text.trimEnd());
  const stack = await makeStack(() => Promise.resolve().then(granary), await stackConfig(world));
  await report.phase("up", "the program makes three copies and a server, and deploys the job", () =>
    stack.up({ onOutput }),
  );
  report.check("second preview", "no change", await report.phase("preview", "again", () => previewChanges(stack)));

  const server = await shopServer(stack, world);
  await report.phase("shop", `a shop opens on the server: ${ORDERS} orders in Postgres in Docker`, async () => {
    await server.startDatabase(world.databaseImage);
    await server.openShop(ORDERS);
  });
  const backedUp = await report.phase("backup", "the timer's service runs while orders come in", () =>
    backUpUnderLoad(server),
  );
  report.check("orders were placed during the backup", true, backedUp.ordersPlaced > 0);
  await report.phase("read back", "every artifact of every copy, in full", async () => {
    for (const name of COPIES) {
      const { artifacts, verified } = await verifyCopy(server, name);
      report.result.copies.push({ name, artifacts, verified });
      report.check(`copy ${name} verified`, true, verified);
    }
  });
  const secrets = await gatherSecrets(world, server);
  const journal = await server.run("journalctl --no-pager -o cat");
  await loseTheServer(world, report, backedUp.at);
  await bringItBack(world, stack, report, copy, backedUp.fingerprint, onOutput);
  await report.phase("remove a job", "it goes out of the settings, its backups stay", async () =>
    report.checks(await removeJob(stack, await shopServer(stack, world), onOutput)),
  );
  const journals = journal + (await (await shopServer(stack, world)).run("journalctl --no-pager -o cat"));
  await report.phase("secrets", "command lines, journals, state, outputs and logs are searched for them", async () => {
    const seen = await watch.stop();
    report.result.peakMemoryMiB = seen.peakMemoryMiB;
    report.checks(await lookForSecrets(secrets, seen, journals, stack, JSON.stringify(report.result)));
  });
  await report.phase("destroy", "everything, protected things by name", () => destroyEverything(stack, world));
  report.check(
    "nothing left in the stack",
    0,
    ((await stack.exportStack()).deployment as { resources?: [] }).resources?.length ?? 0,
  );
}

/** The hosting company's worst day: the server and its disk are gone, and the API no longer knows it. */
async function loseTheServer(world: World, report: Report, dumpedAt: number): Promise<void> {
  await report.phase("disaster", "the shop's server is destroyed, disk and all", async () => {
    const api = `${world.clouds.url("api.hetzner")}/v1/servers`;
    const headers = { authorization: `Bearer ${world.secrets.token}` };
    const { servers } = (await (await fetch(api, { headers })).json()) as { servers: { id: number }[] };
    report.check("servers before the disaster", 1, servers.length);
    for (const { id } of servers) await fetch(`${api}/${id}`, { method: "DELETE", headers });
  });
  report.result.disaster.lostSeconds = Math.round((Date.now() - dumpedAt) / 100) / 10;
}

async function bringItBack(
  world: World,
  stack: Stack,
  report: Report,
  copy: string,
  fingerprint: Fingerprint,
  onOutput: (text: string) => void,
): Promise<void> {
  const start = performance.now();
  await report.phase("new server", "the program sees that it is gone and makes another", async () => {
    await stack.refresh({ onOutput });
    await stack.up({ onOutput });
  });
  const server = await shopServer(stack, world);
  await report.phase("restore", `the database comes back from copy '${copy}'`, async () => {
    await server.startDatabase(world.databaseImage);
    await restore(world, copy);
  });
  report.result.disaster.copy = copy;
  report.result.disaster.ttrSeconds = Math.round((performance.now() - start) / 100) / 10;
  await report.phase(
    "compare",
    "every table, view, role and sequence with the dump's snapshot; then the shop is used",
    async () => report.checks(await compareContent(server, fingerprint)),
  );
}

async function main(): Promise<void> {
  const { copy, plugins, verbose } = parseArgs({
    options: {
      copy: { type: "string", default: "r2" },
      plugins: { type: "string", default: "stand-in" },
      verbose: { type: "boolean", default: false },
    },
  }).values;
  if (!COPIES.includes(copy)) throw new Error(`no copy "${copy}" in the rehearsal: use ${COPIES.join(", ")}`);
  const log = createWriteStream(join(runDir(), "lab.log"), { flags: "a" });
  const say = (line: string): void => void (verbose ? process.stdout.write(`${line}\n`) : log.write(`${line}\n`));
  const report = new Report(ENGINE, plugins);
  let world: World | undefined;
  let interrupted = false;
  const stop = new Promise<never>((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      // The terminal's signal and the one that lab/enter.sh passes on both arrive: the second changes nothing.
      process.on(signal, () => {
        if (interrupted) return;
        interrupted = true;
        process.stdout.write(`\n${signal}: taking the lab down\n`);
        reject(new Error(`interrupted by ${signal}`));
      });
    }
  });
  const work = async (): Promise<void> => {
    world = await report.phase("start", "name service, registry, clouds", () => startWorld(say));
    await usePlugins(plugins);
    await rehearse(world, report, copy, say);
  };
  try {
    await Promise.race([work(), stop]);
  } catch (error) {
    report.check("the rehearsal ran to its end", "yes", error instanceof Error ? error.message : String(error));
  } finally {
    await world?.close();
  }
  if (interrupted) process.exit(130);
  const { ok, checks, seconds, disaster, peakMemoryMiB } = await report.finish(PHASES);
  const passed = checks.filter((check) => check.ok).length;
  process.stdout.write(
    `\nrestored from ${disaster.copy || "nothing"} in ${disaster.ttrSeconds} s, ${disaster.lostSeconds} s of orders lost; ` +
      `${seconds} s in all, at most ${peakMemoryMiB} MiB of memory\nlab/out/rehearsal.json\n${passed} passed, ${checks.length - passed} failed\n`,
  );
  process.exit(ok ? 0 : 1);
}

await main();
