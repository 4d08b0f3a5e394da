/** The real engine and the real program, with plugins that say yes: what happens to the others when one host is dead. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createRequire } from "node:module";
import { afterAll, beforeAll, expect, it } from "vitest";
import granary from "../../index.js";
import { PLUGINS } from "../../lab/plugins/install.js";
import { example } from "../settings/example.js";
import { bench, type Bench } from "./plugins/engine.js";

const DEAD = "203.0.113.12";
const MINUTES = 60_000;

let world: Bench;

function dead(...addresses: string[]): void {
  writeFileSync(join(world.directory, "dead"), addresses.join("\n"));
}

beforeAll(async () => {
  world = await bench(() => Promise.resolve(granary()));
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  for (const { name, version } of PLUGINS) {
    const file = join(world.directory, `home/plugins/resource-${name}-v${version}/pulumi-resource-${name}`);
    const pretend = fileURLToPath(new URL("pretend.ts", import.meta.url));
    const env = `PRETEND_VERSION=${version} PRETEND_DEAD='${world.directory}/dead'`;
    writeFileSync(file, `#!/bin/sh\n${env} exec '${process.execPath}' --import '${tsx}' '${pretend}' "$@"\n`);
    chmodSync(file, 0o755);
  }
  const raw = example();
  const hosts = Object.fromEntries(
    [11, 12, 13].map((last) => [`shop${last}`, { ...raw.hosts.shop, address: `203.0.113.${last}` }]),
  );
  const all = { ...raw, hosts };
  const config = Object.entries(all).map(([name, value]) => [`granary:${name}`, { value: JSON.stringify(value) }]);
  await world.stack.setAllConfig({
    ...(Object.fromEntries(config) as Record<string, { value: string }>),
    "granary:sshPrivateKey": { value: "key", secret: true },
  });
}, 2 * MINUTES);
afterAll(() => world.close());

async function deployed(): Promise<string[]> {
  const exported = await world.stack.exportStack();
  const { resources = [] } = exported.deployment as { resources?: { urn: string }[] };
  return resources
    .filter(({ urn }) => /remote:Command::\w+-orders$/.test(urn))
    .map(({ urn }) => urn.split("::").at(-1)!)
    .sort();
}

it(
  "the others are deployed, the dead one is named, and the next up does what is left",
  async () => {
    dead(DEAD);
    const failed = await world.stack.up({ continueOnError: true }).then(
      () => "",
      (error: Error) => error.message,
    );
    expect(failed).toContain(`dial tcp ${DEAD}:22: i/o timeout`);
    expect(failed).toMatch(/shop12-\S+/);
    expect(await deployed()).toEqual(["shop11-orders", "shop13-orders"]);
    dead();
    const { summary, outputs } = await world.stack.up();
    expect(summary.result).toBe("succeeded");
    expect(await deployed()).toEqual(["shop11-orders", "shop12-orders", "shop13-orders"]);
    expect(summary.resourceChanges).not.toHaveProperty("update");
    expect(Object.keys((outputs["hosts"] as { value: object }).value).sort()).toEqual(["shop11", "shop12", "shop13"]);
  },
  4 * MINUTES,
);
