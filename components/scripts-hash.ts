import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** SHA-256 (hex) of every file below a directory, names and contents: changes exactly when what is deployed changes. */
export function directoryHash(directory: string): string {
  const hash = createHash("sha256");
  const names = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const name of names) {
    const content = readFileSync(name);
    hash.update(`${name.slice(directory.length)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}
