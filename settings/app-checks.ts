import type { Conflict } from "./cross-checks.js";
import type { Host } from "./schema.js";

/** What is wrong with a host's `app` beside the host's jobs. */
export function appConflicts(name: string, { app, jobs }: Host): Conflict[] {
  const databases = Object.keys(jobs).filter((job) => "database" in jobs[job]!);
  return (app?.smoke ?? []).flatMap((step, i) => {
    if (!("query" in step) || databases.includes(step.database)) return [];
    const message = `no database job of this host; there are: ${databases.join(", ") || "none"}`;
    return [{ path: ["hosts", name, "app", "smoke", String(i), "database"], message }];
  });
}
