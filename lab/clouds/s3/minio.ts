import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { rootCall, type Endpoint } from "./root-client.js";

/** A running MinIO, reachable on loopback. */
export interface Minio extends Endpoint {
  /** Ends the process; resolves when it is gone. */
  stop(): Promise<void>;
}

const startSeconds = 30; // a cold start on two busy cores takes 2 to 4 s
const stopSeconds = 5;

/**
 * Starts MinIO on a free loopback port and waits until it answers signed calls.
 * Throws when it exits or does not answer within 30 s.
 */
export async function startMinio(options: {
  binary: string;
  dataDir: string;
  root: string;
  rootSecret: string;
  /** Host names under which buckets are subdomains. */
  domains: string[];
  log(line: string): void;
}): Promise<Minio> {
  mkdirSync(options.dataDir, { recursive: true });
  const port = await freePort();
  // setpriv ends MinIO with us, even when we are killed with -9.
  const arguments_ = [
    "--pdeathsig",
    "TERM",
    options.binary,
    "server",
    "--quiet",
    "--address",
    `127.0.0.1:${port}`,
    options.dataDir,
  ];
  const child = spawn("setpriv", arguments_, {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      HOME: options.dataDir,
      MINIO_ROOT_USER: options.root,
      MINIO_ROOT_PASSWORD: options.rootSecret,
      MINIO_DOMAIN: options.domains.join(","),
      MINIO_BROWSER: "off",
      MINIO_UPDATE: "off",
      MINIO_SCANNER_SPEED: "slowest", // nothing in a lab is old enough for the scanner to act on
      // Measured: rclone uploading 1 GiB in parts peaks at 316 MiB resident.
      GOMEMLIMIT: "192MiB",
      GOGC: "50",
    },
  });
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text: Buffer) => options.log(`s3=${options.domains[0]} ${text.toString().trimEnd()}`));
  const endpoint = { port, root: options.root, rootSecret: options.rootSecret };
  const server: Minio = { ...endpoint, stop: () => stop(child) };
  await untilReady(child, endpoint).catch(async (error: unknown) => {
    await server.stop();
    throw error;
  });
  return server;
}

async function untilReady(child: ChildProcess, endpoint: Endpoint): Promise<void> {
  let failure: Error | undefined;
  child.once("error", (error) => (failure = error));
  child.once("exit", (code, signal) => (failure ??= new Error(`minio ended with ${signal ?? code}`)));
  for (const end = Date.now() + startSeconds * 1000; Date.now() < end; await sleep(50)) {
    if (failure) throw failure;
    // A server that lists its buckets may not be able to write yet: its own verdict is asked for as well.
    const answers = ["/", "/minio/health/cluster"].map((path) => rootCall(endpoint, "GET", path));
    if ((await Promise.allSettled(answers)).every(isOk)) return;
  }
  throw new Error(`minio did not answer within ${startSeconds} s`);
}

function isOk(answer: PromiseSettledResult<{ status: number }>): boolean {
  return answer.status === "fulfilled" && answer.value.status === 200;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopSeconds * 1000);
  await gone;
  clearTimeout(timer);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => probe.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
