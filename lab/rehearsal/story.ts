/**
 * What a rehearsal tells: three copies and a server are made, a shop runs there and is backed up while orders come in,
 * the server is lost at a random moment, a new one is made, and the shop comes back: its database to the last shipped
 * instant, everything it owned equal by content.
 */
import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { Fingerprint } from "../shop/content.js";
import type { World } from "../world.js";
import {
  BELONGINGS,
  backUpBelongings,
  fingerprints,
  furnish,
  restoreBelongings,
  type Belonging,
} from "./belongings.js";
import { baseBackup, lastOrderAt, logIsWhole, recoverDatabase } from "./continuous.js";
import type { Report } from "./report.js";
import { gatherSecrets, lookForSecrets } from "./secrets.js";
import {
  backUpUnderLoad,
  compareContent,
  previewChanges,
  removeJob,
  restoreBeside,
  shopServer,
  useShop,
  verifyCopy,
} from "./steps.js";
import { destroyEverything } from "./teardown.js";
import { Watch } from "./watch.js";

export const COPIES = ["spaces", "r2", "box"];
const ORDERS = 50_000;
/** The disaster comes at a random moment of a round of the log, which takes 20 seconds. */
const WAIT_SECONDS = { least: 1, most: 21 };
/** Longer than the shop is open after its first backup: the disaster ends it. */
const OPEN_SECONDS = 900;

/** Every phase must have happened for a rehearsal to be good. */
export const PHASES = [
  ...["start", "up", "preview", "shop", "log", "backup", "belongings", "read back", "disaster", "new server"],
  ...["recover", "restore", "compare", "remove a job", "secrets", "destroy"],
];

/** What is passed from before the disaster to after it. */
interface Before {
  fingerprint: Fingerprint;
  belongings: Record<Belonging, string>;
  secrets: Record<string, string>;
  journal: string;
  /** Orders that go on coming in until the server is gone. */
  load: Promise<number>;
}

export async function rehearse(
  world: World,
  stack: Stack,
  report: Report,
  copy: string,
  log: (line: string) => void,
): Promise<void> {
  const watch = new Watch();
  const onOutput = (text: string): void => log(text.trimEnd());
  await report.phase("up", "the program makes three copies and a server, and deploys the jobs", () =>
    stack.up({ onOutput }),
  );
  report.check("second preview", "no change", await report.phase("preview", "again", () => previewChanges(stack)));
  const before = await openAndBackUp(world, stack, report);
  const lostAt = await loseTheServer(world, report, before.load);
  await bringItBack(world, stack, report, copy, before, lostAt, onOutput);
  await report.phase("remove a job", "it goes out of the settings, its backups stay", async () =>
    report.checks(await removeJob(stack, await shopServer(stack, world), onOutput)),
  );
  const journals = before.journal + (await (await shopServer(stack, world)).run("journalctl --no-pager -o cat"));
  await report.phase("secrets", "command lines, journals, state, outputs and logs are searched for them", async () => {
    const seen = await watch.stop();
    report.result.peakMemoryMiB = seen.peakMemoryMiB;
    report.checks(await lookForSecrets(before.secrets, seen, journals, stack, JSON.stringify(report.result)));
  });
  await report.phase("destroy", "everything, protected things by name", () => destroyEverything(stack, world));
  const { resources } = (await stack.exportStack()).deployment as { resources?: [] };
  report.check("nothing left in the stack", 0, resources?.length ?? 0);
}

async function openAndBackUp(world: World, stack: Stack, report: Report): Promise<Before> {
  const server = await shopServer(stack, world);
  await report.phase(
    "shop",
    `a shop opens on the server: ${ORDERS} orders in Postgres in Docker, uploads, code`,
    async () => {
      await server.startDatabase(world.databaseImage);
      await server.openShop(ORDERS);
      await furnish(server);
    },
  );
  await report.phase("log", "every copy has the log and a base backup, then the weekly one is made", async () => {
    await logIsWhole(server);
    await baseBackup(server);
  });
  const { fingerprint, ordersPlaced } = await report.phase(
    "backup",
    "the timer's service runs while orders come in",
    () => backUpUnderLoad(server),
  );
  report.check("orders were placed during the backup", true, ordersPlaced > 0);
  const load = server.load(OPEN_SECONDS).catch(() => 0);
  const belongings = await fingerprints(server);
  await report.phase("belongings", "uploads, configuration, logs and code are backed up", () =>
    backUpBelongings(server),
  );
  await report.phase("read back", "every artifact of every copy, in full", async () => {
    for (const name of COPIES) {
      const { artifacts, verified } = await verifyCopy(server, name, ["orders", ...Object.keys(BELONGINGS)]);
      report.result.copies.push({ name, artifacts, verified });
      report.check(`copy ${name} verified`, true, verified);
    }
  });
  const secrets = await gatherSecrets(world, server);
  return { fingerprint, belongings, secrets, journal: await server.run("journalctl --no-pager -o cat"), load };
}

/**
 * The hosting company's worst day: at a random moment, with orders coming in, the server and its disk are gone, and the
 * API no longer knows it. @returns the moment, milliseconds since the epoch
 */
async function loseTheServer(world: World, report: Report, load: Promise<number>): Promise<number> {
  const seconds = randomInt(WAIT_SECONDS.least, WAIT_SECONDS.most + 1);
  return report.phase(
    "disaster",
    `orders come in; after ${seconds} s the server is destroyed, disk and all`,
    async () => {
      const api = `${world.clouds.url("api.hetzner")}/v1/servers`;
      const headers = { authorization: `Bearer ${world.secrets.token}` };
      await sleep(seconds * 1000);
      const { servers } = (await (await fetch(api, { headers })).json()) as { servers: { id: number }[] };
      report.check("servers before the disaster", 1, servers.length);
      const open = await Promise.race([load.then(() => false), sleep(100).then(() => true)]);
      report.check("orders were still coming in", true, open);
      const lostAt = Date.now();
      for (const { id } of servers) await fetch(`${api}/${id}`, { method: "DELETE", headers });
      await load;
      return lostAt;
    },
  );
}

async function bringItBack(
  world: World,
  stack: Stack,
  report: Report,
  copy: string,
  before: Before,
  lostAt: number,
  onOutput: (text: string) => void,
): Promise<void> {
  const start = performance.now();
  await report.phase("new server", "the program sees that it is gone and makes another", async () => {
    await stack.refresh({ onOutput });
    await stack.up({ onOutput });
  });
  const server = await shopServer(stack, world);
  await report.phase(
    "recover",
    `the database comes back from copy '${copy}', to the last shipped instant`,
    async () => {
      await recoverDatabase(world, server, copy);
      report.result.disaster.lostSeconds = Math.round((lostAt - (await lastOrderAt(server))) / 100) / 10;
    },
  );
  report.result.disaster.copy = copy;
  report.result.disaster.ttrSeconds = Math.round((performance.now() - start) / 100) / 10;
  const { lostSeconds } = report.result.disaster;
  report.checks([
    { name: "orders lost", ok: lostSeconds >= 0 && lostSeconds <= 60, expected: "0-60 s", actual: `${lostSeconds} s` },
  ]);
  await report.phase("restore", "yesterday's dump beside it, uploads, configuration, logs and code", async () => {
    report.checks(await restoreBelongings(world, server, copy, before.belongings));
    await restoreBeside(world, copy);
  });
  await report.phase(
    "compare",
    "every table, view, role and sequence with the dump's snapshot; then the shop is used",
    async () => {
      report.checks(await compareContent(server, before.fingerprint));
      report.checks(await useShop(server));
    },
  );
}
