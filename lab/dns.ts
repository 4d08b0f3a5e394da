import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { domain, network, runDir } from "./config.js";

const hostsDir = (): string => join(runDir(), "dns");

/** Every name below `.lab` is the lab's gateway, where its clouds listen; machines with a name have their own entry. */
export async function startDns(): Promise<ChildProcess> {
  await mkdir(hostsDir(), { recursive: true });
  const child = spawn(
    "dnsmasq",
    [
      ...["--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--pid-file="],
      ...["--bind-interfaces", `--listen-address=${network.gateway}`, "--user=root"],
      ...[`--address=/${domain}/${network.gateway}`, `--hostsdir=${hostsDir()}`],
    ],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  await once(child, "spawn");
  return child;
}

/** Gives a machine a name of its own; dnsmasq sees the new file by itself. */
export async function setHostName(name: string, address: string): Promise<void> {
  await writeFile(join(hostsDir(), name), `${address} ${name}\n`);
}
