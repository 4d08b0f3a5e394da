import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { World } from "../world.js";
import type { Report } from "./report.js";
import { ShopServer, type Target } from "./shop-server.js";

/** What every chapter of a rehearsal is given. */
export interface Act {
  world: World;
  stack: Stack;
  report: Report;
  /** The copy that is restored from. */
  copy: string;
  /** Takes what the engine says. */
  onOutput: (text: string) => void;
}

/** The server that the stack says is there now. */
export async function shopServer({ stack, world }: Act): Promise<ShopServer> {
  const outputs = await stack.outputs();
  const hosts = outputs["hosts"]?.value as Record<string, Target>;
  return ShopServer.at(world.laptop, hosts["shop"]!);
}
