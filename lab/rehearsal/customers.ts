/** What customers do at the demo shop, by `granary smoke`, and that it notices when they cannot. */
import type { SmokeResult } from "../../cli/smoke/run.js";
import { shopServer, type Act } from "./act.js";
import { laptop } from "./laptop.js";
import type { Check } from "../shop/content.js";
import type { ShopServer } from "./shop-server.js";

/** The steps against the shop's server, as its owner types it. */
export async function smoke({ world }: Act): Promise<SmokeResult> {
  const keys = ["--ca", world.certificate.ca, "--ssh-key", world.laptop.sshKey];
  const { stdout, stderr } = await laptop("smoke", "shop", "--json", ...keys);
  if (stdout === "") throw new Error(`granary smoke said nothing: ${stderr.slice(-2000)}`);
  return JSON.parse(stdout) as SmokeResult;
}

/** A customer can buy; and while the application is stopped, the smoke test says that nobody can. */
export async function customers(act: Act): Promise<Check[]> {
  const server = await shopServer(act);
  const open = await smoke(act);
  await server.run("docker stop -t 2 shop_app");
  const closed = await smoke(act);
  await server.run("docker start shop_app");
  return [
    ...open.steps.map(({ name, ok, found }) => ({
      name: `customer: ${name}`,
      ok,
      expected: "as expected",
      actual: found,
    })),
    { name: "customer: all steps", ok: open.ok, expected: "true", actual: String(open.ok) },
    {
      name: "a stopped shop is noticed",
      ok: !closed.ok && /50[0-9]/.test(closed.steps.at(-1)?.found ?? ""),
      expected: "a step that found 50x",
      actual: closed.steps.at(-1)?.found ?? "no step",
    },
  ];
}

/** The address of a customer of that name, if there is one. */
export async function customerNamed(server: ShopServer, name: string): Promise<string> {
  return (await server.sql(`SELECT email FROM shop.customers WHERE name = '${name}'`)).trim();
}
