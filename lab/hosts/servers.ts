import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { network } from "../config.js";
import { destroyMachine, makeRoot, startMachine, waitForPort } from "./machines.js";

const run = promisify(execFile);
let nextHost = network.firstHost;

/** The next free address of the lab's network. */
export function nextAddress(): string {
  return network.address(nextHost++);
}

/** Name of the machine that a server is. */
export const serverMachine = (id: number): string => `server-${id}`;
const addresses = new Map<number, string>();

/** A new server as Hetzner makes it: a fresh Debian whose cloud-init runs the user data; SSH keys are root's. */
export async function createServer(server: {
  id: number;
  name: string;
  userData: string;
  sshKeys: string[];
}): Promise<{ ipv4: string }> {
  const root = await makeRoot(serverMachine(server.id));
  const address = nextAddress();
  addresses.set(server.id, address);
  const seed = join(root, "var/lib/cloud/seed/nocloud");
  await mkdir(seed, { recursive: true });
  const metaData = { "instance-id": `i-${server.id}`, "local-hostname": server.name, "public-keys": server.sshKeys };
  await writeFile(join(seed, "meta-data"), JSON.stringify(metaData));
  await writeFile(join(seed, "user-data"), server.userData || "#cloud-config\n{}\n", { mode: 0o600 });
  await writeFile(join(root, "etc/cloud/cloud.cfg.d/92-lab-root.cfg"), "disable_root: false\n");
  await startMachine(serverMachine(server.id), root, address, { boot: true });
  return { ipv4: address };
}

/** Resolves when the server's sshd answers. */
export async function serverReady(id: number): Promise<void> {
  const address = addresses.get(id);
  if (!address) throw new Error(`no lab server ${id}`);
  await waitForPort(address, 22);
}

/** Pulls the network cable of a server, or puts it in again. */
export async function isolateServer(id: number, isolated: boolean): Promise<void> {
  await run("ip", ["link", "set", "dev", `vb-${serverMachine(id)}`, isolated ? "down" : "up"]);
}

export async function deleteServer(id: number): Promise<void> {
  addresses.delete(id);
  await destroyMachine(serverMachine(id));
}
