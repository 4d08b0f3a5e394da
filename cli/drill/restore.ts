/** Full restore of one job's newest backup on the staging server, and what it must have brought back. */
import type { Evidence } from "../evidence/evidence.js";
import type { Chosen } from "./backups.js";
import type { Remote } from "../remote.js";

interface Result {
  stamp: string;
  compared: { tables?: number; rows?: number; files?: number; refs?: number };
  seconds: Record<string, number>;
}

/** Where files, configuration, logs and code are put. */
export const INTO = "/opt/granary-drill";

/** Restores, and compares with the manifest. A restore that fails is a failed check: the other jobs are tested all the same. */
export async function restoreJob(
  remote: Remote,
  { job, settings, backup, stamp }: Chosen,
  copy: string,
  identity: string,
  evidence: Evidence,
): Promise<void> {
  const into = "database" in settings ? [] : ["--into", `${INTO}/${job}`];
  try {
    const said = await remote.run(["granary-restore", job, "--copy", copy, "--at", stamp, ...into], identity);
    const result = JSON.parse(said) as Result;
    evidence.check(`${job}: restored`, stamp, result.stamp);
    const { rows, files, refs } = backup;
    const { compared } = result;
    if (rows !== undefined) {
      evidence.check(`${job}: tables`, Object.keys(rows).length, compared.tables);
      evidence.check(
        `${job}: rows`,
        Object.values(rows).reduce((sum, n) => sum + n, 0),
        compared.rows,
      );
    } else if (files !== undefined) evidence.check(`${job}: files`, files, compared.files);
    else evidence.check(`${job}: refs`, Object.keys(refs ?? {}).length, compared.refs);
    evidence.restored({
      ...{ job, kind: settings.kind, copy, stamp, seconds: result.seconds["total"] ?? 0 },
      bytes: backup.artifacts.reduce((sum, { encrypted }) => sum + encrypted.bytes, 0),
      sha256: Object.fromEntries(backup.artifacts.map(({ name, encrypted }) => [name, encrypted.sha256])),
      ...(rows === undefined ? {} : { rows }),
      ...(files === undefined ? {} : { files }),
    });
  } catch (error) {
    evidence.check(`${job}: restored`, stamp, error instanceof Error ? error.message : String(error));
  }
}
