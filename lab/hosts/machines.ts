import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { cacheDir, network, runDir } from "../config.js";

const run = promisify(execFile);

/** A container with an address of its own on the lab's network. */
export interface Machine {
  name: string;
  address: string;
  root: string;
  process: ChildProcess;
}

const machines = new Map<string, Machine>();

/** Copies the base root for a new machine. Its disk is `<run>/machines/<name>`. */
export async function makeRoot(name: string): Promise<string> {
  const root = join(runDir(), "machines", name);
  await mkdir(join(runDir(), "machines"), { recursive: true });
  await run("cp", ["-a", "--reflink=auto", join(cacheDir(), "roots", "base"), root]);
  await writeFile(join(root, "etc/hostname"), `${name}\n`);
  return root;
}

async function configureNetwork(root: string, address: string): Promise<void> {
  await writeFile(
    join(root, "etc/systemd/network/10-lab.network"),
    `[Match]\nName=host0\n[Network]\nAddress=${address}/${network.prefixLength}\nGateway=${network.gateway}\n`,
  );
}

/**
 * Starts a machine from its root: `boot` runs systemd as PID 1, otherwise `command` is the only program.
 * Needs systemd-nspawn and root. The capabilities and the three system call groups are what Docker needs inside.
 */
export async function startMachine(
  name: string,
  root: string,
  address: string,
  mode: { boot: true } | { command: string[] },
): Promise<Machine> {
  await configureNetwork(root, address);
  const log = createWriteStream(join(runDir(), "machines", `${name}.log`), { flags: "a" });
  await once(log, "open");
  const child = spawn(
    "systemd-nspawn",
    [
      ...["-D", root, "-M", name, "--register=no", "--keep-unit", "--resolv-conf=off", "--console=pipe"],
      ...[`--network-bridge=${network.bridge}`, "--capability=all"],
      "--system-call-filter=@keyring bpf @mount @module",
      ...("boot" in mode ? ["-b"] : ["--as-pid2", "--", ...mode.command]),
    ],
    // A session of its own: Ctrl-C is for the lab, which then takes its machines down in order.
    { stdio: ["ignore", log, log], detached: true },
  );
  const machine = { name, address, root, process: child };
  machines.set(name, machine);
  child.once("exit", () => {
    log.end();
    if (machines.get(name) === machine) machines.delete(name);
  });
  return machine;
}

/** The running machine of that name. @throws Error when there is none. */
export function machineNamed(name: string): Machine {
  const machine = machines.get(name);
  if (!machine) throw new Error(`no lab machine '${name}' is running; running: ${[...machines.keys()].join(", ")}`);
  return machine;
}

/** Pulls the plug: no shutdown, as when a server is lost. The disk goes with it. */
export async function destroyMachine(name: string): Promise<void> {
  const machine = machines.get(name);
  if (!machine) return;
  if (isRunning(machine)) {
    const gone = once(machine.process, "exit");
    // The supervisor's death alone would leave the machine running: its first process goes, and with it all others.
    process.kill(Number(await leaderOf(machine)), "SIGKILL");
    await gone;
  }
  machines.delete(name);
  await rm(machine.root, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

export async function destroyAllMachines(): Promise<void> {
  await Promise.all([...machines.keys()].map((name) => destroyMachine(name)));
}

function isRunning({ process: supervisor }: Machine): boolean {
  return supervisor.exitCode === null && supervisor.signalCode === null;
}

async function leaderOf(machine: Machine): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const children = await readFile(`/proc/${machine.process.pid}/task/${machine.process.pid}/children`, "utf8").catch(
      () => "",
    );
    const [leader] = children.trim().split(" ");
    if (leader) return leader;
    await sleep(50);
  }
  throw new Error(`lab machine '${machine.name}' did not start; see ${machine.root}.log`);
}

/** Runs a command inside a machine as its root, from outside (not over SSH). @returns standard output. */
export async function execIn(name: string, argv: string[], stdin = ""): Promise<string> {
  const leader = await leaderOf(machineNamed(name));
  const namespaces = ["-m", "-u", "-i", "-n", "-p", "-r"];
  const child = spawn("nsenter", ["-t", leader, ...namespaces, "--", ...argv], { stdio: ["pipe", "pipe", "pipe"] });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${argv[0]} in ${name} ended with ${code}: ${Buffer.concat(errors).toString()}`);
  return Buffer.concat(output).toString();
}

/** Resolves when `address:port` accepts connections. @throws Error after `seconds`. */
export async function waitForPort(address: string, port: number, seconds = 60): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const socket = connect({ host: address, port, timeout: 1000 });
    const open = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "timeout").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (open) return;
    if (Date.now() > deadline) throw new Error(`${address}:${port} did not answer within ${seconds} s`);
    await sleep(100);
  }
}
