import type { Conflict } from "./cross-checks.js";
import type { Settings } from "./schema.js";

/** What a drill's settings ask for that the rest of the settings does not have. */
export function drillConflicts({ drill, copies, ssh }: Settings): Conflict[] {
  if (drill === undefined) return [];
  const names = drill.copyOrder ?? [];
  const buckets = Object.keys(copies).filter((name) => copies[name]!.kind !== "storageBox");
  const unknown = names.flatMap((name, i): Conflict[] => {
    const path = ["drill", "copyOrder", String(i)];
    if (names.indexOf(name) < i) return [{ path, message: "is there twice: name each copy once" }];
    if (buckets.includes(name)) return [];
    return [{ path, message: `is no bucket among the copies: use ${buckets.join(", ") || "none, and add one"}` }];
  });
  const message =
    "is missing: the program could not log in on the staging server of a drill; give the public half of your SSH key";
  return [...unknown, ...(ssh === undefined ? [{ path: ["ssh", "publicKey"], message }] : [])];
}
