/**
 * What the tests of files jobs share. To import this is to have, for each test of the file, a host with a few uploads whose
 * job `orders` saves them to the copies `a` and `b`.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { fileHost, path, type Host, type Manifest } from "./harness.js";
import { quickRepository } from "./quick-repository.js";

export const PASSWORD = "PLANTED-REPOSITORY-PASSWORD";

export let host: Host;
export const at = (name: string): string => join(host.root, name);
export const uploads = (): string => at("opt/uploads");

beforeEach(() => {
  host = fileHost("files", ["/opt/uploads"]);
  host.writeEnv({ GRANARY_COPIES: "a b", GRANARY_RESTIC_PASSWORD: PASSWORD });
  mkdirSync(at("opt/uploads/2026"), { recursive: true });
  for (const n of [1, 2, 3]) writeFileSync(at(`opt/uploads/2026/photo-${n}.jpg`), `photo ${n} `.repeat(2000));
  writeFileSync(at("opt/uploads/ünï côde"), "x");
  symlinkSync("photo-1.jpg", at("opt/uploads/2026/link"));
});
afterEach(() => host.close());

/** Makes the repositories beforehand, for a test that is not about making them. */
export function repositoriesAreThere(...copies: ("a" | "b")[]): void {
  for (const copy of copies) quickRepository(at(`${copy}/files/shop/orders`), PASSWORD);
}

export interface FilesManifest extends Manifest {
  snapshot: string;
  bytes: number;
  files: number;
  added: number;
}

/** The newest manifest of a copy. */
export const filesManifest = (copy: "a" | "b"): FilesManifest => host.manifest(copy) as FilesManifest;

/** Restic by hand on the repository in a copy, as an owner would use it. */
export function restic(copy: "a" | "b", ...args: string[]): string {
  const env = { PATH: path, HOME: host.root, RESTIC_PASSWORD: PASSWORD };
  return execFileSync("restic", ["-r", at(`${copy}/files/shop/orders`), "--no-cache", ...args], {
    env,
    encoding: "utf8",
  });
}

/** Names of the files in a part of a repository. */
export function objects(copy: "a" | "b", part: string): string[] {
  return readdirSync(at(`${copy}/files/shop/orders/${part}`), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
}

/** Everything below a directory: type, mode, size, time, target and path. */
export const listing = (dir: string): string =>
  execFileSync("find", [".", "-mindepth", "1", "-printf", "%y %m %s %T@ %l %p\\0"], { cwd: dir, encoding: "utf8" })
    .split("\0")
    .sort()
    .join("\n");

/** Content of the only manifest of a copy's directory, or undefined. */
export const manifests = (copy: "a" | "b"): string[] => host.files(copy).filter((name) => name.endsWith(".json"));

/** What the program remembers of a copy. */
export const memory = (name: string): string => readFileSync(at(`var/lib/granary/orders.${name}`), "utf8");
