import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sshArguments } from "./ssh.js";
import type { HostOutput } from "./stack.js";

const LONGEST_SECONDS = 20;

/**
 * Runs `work` while a port of this machine leads, through SSH, to a port of the host itself: for a server whose firewall
 * lets nothing in but SSH.
 * @throws Error when the way does not open within 20 seconds, with what `ssh` said
 */
export async function throughTunnel<T>(
  host: HostOutput,
  port: number,
  sshKey: string | undefined,
  work: (port: number) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "granary-"));
  const local = await freePort();
  const knownHosts = join(directory, "known_hosts");
  const way = ["-N", "-o", "ExitOnForwardFailure=yes", "-L", `127.0.0.1:${local}:127.0.0.1:${port}`];
  const child = spawn("ssh", [...way, ...(await sshArguments(host, knownHosts, sshKey))], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, "close").catch((error: unknown) => (said += String(error)));
  try {
    const open = await Promise.race([opened(local), ended.then(() => false)]);
    if (!open) throw new Error(`no way to port ${port} of ${host.address} through SSH: ${said.trim()}`);
    return await work(local);
  } finally {
    child.kill();
    await ended;
    await rm(directory, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function opened(port: number): Promise<boolean> {
  for (const end = Date.now() + LONGEST_SECONDS * 1000; Date.now() < end; await sleep(100)) {
    const socket = connect({ host: "127.0.0.1", port });
    const open = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return true;
  }
  return false;
}
