import { judge, type SeenCopy, type Status } from "../../plan/status.js";
import { parseSettings } from "../../settings/parse.js";
import { replicasOf } from "../../settings/replicas.js";
import { readStackFile } from "../../settings/stack-file.js";
import type { Terminal } from "../command.js";
import { lastDrills } from "../evidence/last-drill.js";
import { readersOutput } from "../stack.js";
import { readCopy } from "./read.js";
import { readReplica } from "./replica.js";

/**
 * Reads every copy of a stack, all at the same time, and judges what was found.
 * @throws Error when the settings are wrong or the stack has no readers; a copy that cannot be read is a finding
 */
export async function lookAt(stack: string, terminal: Terminal): Promise<Status> {
  const settings = parseSettings(readStackFile(terminal.directory, stack));
  const readers = await readersOutput(terminal.directory, stack);
  const seen = await Promise.all(
    Object.keys(settings.copies).map(async (name): Promise<[string, SeenCopy]> => [
      name,
      await readCopy(name, settings, readers[name]),
    ]),
  );
  const replicas = await Promise.all(
    replicasOf(settings).map(async ({ name, job }) => [name, await readReplica(job, readers[name])] as const),
  );
  const now = (terminal.now ?? new Date()).getTime();
  const drills = lastDrills(terminal.directory, settings);
  return judge({ settings, seen: Object.fromEntries(seen), replicas: Object.fromEntries(replicas), drills, now });
}
