/** `granary drill`, as the owner types it once a month: a server is made, everything is restored on it, and it is gone again. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Check } from "../../plan/check.js";
import type { EvidenceRecord } from "../../cli/evidence/record.js";
import { newestEvidence } from "../../cli/evidence/read.js";
import { projectDir } from "../engine.js";
import { APP } from "../shop/app.js";
import type { World } from "../world.js";
import { logIsWhole } from "./continuous.js";
import { servers as allServers } from "./hetzner.js";
import { granary } from "./laptop.js";
import type { ShopServer } from "./shop-server.js";

/** What the recovered shop has now, as the timers' services save it: the log's new base backup, then every job. */
export async function backUpAgain(server: ShopServer): Promise<void> {
  await logIsWhole(server);
  await server.run("systemctl start granary@orders || { journalctl -u granary@orders -n 40 -o cat >&2; exit 1; }");
}

/** Runs a drill from a copy, and says what it must have done, and left. */
export async function monthlyDrill(world: World, copy: string): Promise<Check[]> {
  const before = await servers(world);
  // A drill that fails ends with 1 and leaves its evidence: what failed is told by that.
  await granary(world, "drill", "shop", "--copy", copy, "--ca", world.certificate.ca).catch(() => undefined);
  const record = newestEvidence(projectDir(), "shop", "drill");
  const runbook = await readFile(join(projectDir(), "docs/runbook.md"), "utf8").catch(() => "");
  const failed = record?.checks.filter(({ ok }) => !ok).map(({ name, actual }) => `${name}: ${actual}`) ?? [];
  return [
    same(`drill from ${copy}`, "passed", verdict(record, failed)),
    same(
      "the drill's doors were tried",
      true,
      record?.checks.some(({ name }) => name.startsWith("no way to ")) ?? false,
    ),
    same("a customer bought something in the drill", APP.smoke.length, passed(record, "customer: ")),
    same("containers of the drill that reach nobody", 4, passed(record, "no way out of container ")),
    same("the drill is in the runbook", true, runbook.includes("-drill")),
    same("servers after the drill", before, await servers(world)),
  ];
}

function verdict(record: EvidenceRecord | undefined, failed: string[]): string {
  if (record === undefined) return "no evidence";
  return record.ok ? "passed" : `${record.outcome}; ${failed.join("; ")}`;
}

/** How many checks of that kind were good. */
const passed = (record: EvidenceRecord | undefined, kind: string): number =>
  record?.checks.filter(({ name, ok }) => ok && name.startsWith(kind)).length ?? 0;

const same = (name: string, expected: unknown, actual: unknown): Check => ({
  ...{ name, ok: expected === actual, expected: String(expected), actual: String(actual) },
});

/** Names of the servers that Hetzner has. */
const servers = async (world: World): Promise<string> => (await allServers(world)).map(({ name }) => name).join(", ");
