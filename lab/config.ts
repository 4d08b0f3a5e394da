import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const repository = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** Where built programs, Debian roots and images are kept between runs: $GRANARY_CACHE, default ~/.cache/granary. */
export function cacheDir(): string {
  return process.env["GRANARY_CACHE"] ?? join(homedir(), ".cache", "granary");
}

/** What one run of the lab writes: hosts' disks, the clouds' state, Pulumi's state. Removed when the lab goes down. */
export function runDir(): string {
  return join(cacheDir(), "run");
}

/** A program that `lab/toolchain/build.sh` has made: `pulumi`, `minio` or `s3admin`. */
export function tool(name: "pulumi" | "minio" | "s3admin"): string {
  return join(cacheDir(), "bin", name);
}

/** The lab's own network; nothing outside its namespace reaches it. */
export const network = {
  bridge: "br0",
  gateway: "10.213.77.1",
  prefixLength: 24,
  /** Hosts and boxes count up from here. */
  firstHost: 10,
  address: (host: number): string => `10.213.77.${host}`,
};

export const domain = "lab";
export const registry = "registry.lab:5000";
