import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { EvidenceRecord } from "../../../cli/evidence/record.js";
import { DOMAIN } from "../../shop/app.js";
import type { World } from "../../world.js";
import { shopServer, type Act } from "../act.js";
import { compareInPlace, restoreBelongings } from "../belongings.js";
import { lastOrderAt } from "../continuous.js";
import { hetzner, servers } from "../hetzner.js";
import { granary } from "../laptop.js";
import { compareContent, previewChanges, restoreBeside, useShop } from "../steps.js";
import type { Before } from "./day.js";

/** The disaster comes at a random moment of a round of the log, which takes 20 seconds. */
const WAIT_SECONDS = { least: 1, most: 21 };

/** The server is lost at a random moment; a new one is made, and everything comes back, equal by content. */
export async function serverLost(act: Act, before: Before): Promise<void> {
  const lostAt = await lose(act, before.load);
  await bringBack(act, before, lostAt);
}

/**
 * The hosting company's worst day: with orders coming in, the server and its disk are gone, and the API no longer knows it.
 * @returns the moment, milliseconds since the epoch
 */
async function lose({ world, report }: Act, load: Promise<number>): Promise<number> {
  const seconds = randomInt(WAIT_SECONDS.least, WAIT_SECONDS.most + 1);
  const what = `orders come in; after ${seconds} s the server is destroyed, disk and all`;
  return report.phase("disaster", what, async () => {
    await sleep(seconds * 1000);
    const all = await servers(world);
    report.check("servers before the disaster", 1, all.length);
    const open = await Promise.race([load.then(() => false), sleep(100).then(() => true)]);
    report.check("orders were still coming in", true, open);
    const lostAt = Date.now();
    for (const { id } of all) await hetzner(world, "DELETE", `/servers/${id}`);
    await load;
    return lostAt;
  });
}

async function bringBack(act: Act, before: Before, lostAt: number): Promise<void> {
  const { world, stack, report, copy } = act;
  const { disaster } = report.result;
  const what = `one command: a new server, everything on it from copy '${copy}', its shop tried, its name, its backups`;
  const record = await report.phase("recover", what, async () => {
    const said = await granary(world, "recover", "shop", "--copy", copy, "--ca", world.certificate.ca);
    return JSON.parse(said) as EvidenceRecord;
  });
  const server = await shopServer(act);
  disaster.copy = copy;
  disaster.ttrSeconds = record.seconds;
  disaster.lostSeconds = Math.round((lostAt - (await lastOrderAt(server))) / 100) / 10;
  const { lostSeconds } = disaster;
  report.checks([
    ...record.checks.map((check) => ({ ...check, name: `recover: ${check.name}` })),
    { name: "orders lost", ok: lostSeconds >= 0 && lostSeconds <= 60, expected: "0-60 s", actual: `${lostSeconds} s` },
  ]);
  report.check("the shop's name leads to the new server", server.address, await addressOf(world));
  report.checks(await compareInPlace(server, before.belongings));
  report.check("preview after the recovery", "no change", await previewChanges(stack));
  await report.phase("restore", "yesterday's dump beside it, uploads, configuration, logs and code", async () => {
    report.checks(await restoreBelongings(world, server, copy, before.belongings));
    await restoreBeside(world, copy);
  });
  await report.phase("compare", "everything in the database with the dump's snapshot; the shop is used", async () => {
    report.checks(await compareContent(server, before.fingerprint));
    report.checks(await useShop(server));
  });
}

/** Where Cloudflare says that the shop is. */
async function addressOf(world: World): Promise<string> {
  const api = `${world.clouds.url("api.cloudflare")}/client/v4/zones`;
  const headers = { authorization: `Bearer ${world.secrets.token}` };
  const ask = async <T>(path: string): Promise<T> => {
    const { result } = (await (await fetch(`${api}${path}`, { headers })).json()) as { result: T };
    return result;
  };
  const [zone] = await ask<{ id: string }[]>(`?name=${DOMAIN}`);
  const [record] = await ask<{ content: string }[]>(`/${zone!.id}/dns_records?name=${DOMAIN}`);
  return record?.content ?? "nothing";
}
