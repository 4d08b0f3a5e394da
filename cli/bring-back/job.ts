import type { Check } from "../../plan/check.js";
import type { Evidence } from "../evidence/evidence.js";
import type { BringingBack } from "./bring-back.js";

/** The one line of `granary-bring-back`, as far as it is kept. */
interface Result {
  stamp: string;
  recovered?: { lastCommit: string | null } | null;
  replayed?: { until?: string } | null;
  compared?: { tables?: number; rows?: number; files?: number; refs?: number };
}

/**
 * One job, from the copy to where it was.
 * @throws RemoteError with what the server said; what came back was compared there with its manifest, or it failed
 */
export async function bringJob(
  { remote, copy, at, from, identity }: BringingBack,
  job: string,
  kind: string,
  evidence: Evidence,
): Promise<void> {
  const words = ["granary-bring-back", job, "--copy", copy];
  if (at !== undefined) words.push("--at", at);
  if (from !== undefined) words.push("--from", from);
  const start = performance.now();
  const said = await evidence.phase(job, `${kind}, from copy ${copy}`, () => remote.run(words, identity));
  const { stamp, recovered, replayed, compared } = JSON.parse(said) as Result;
  const recoveredTo = recovered?.lastCommit ?? replayed?.until;
  evidence.restored({
    ...{ job, kind, copy, stamp, seconds: Math.round((performance.now() - start) / 100) / 10 },
    ...(recoveredTo === undefined ? {} : { recoveredTo }),
    ...(compared?.files === undefined ? {} : { files: compared.files }),
  });
  // The host compares with the manifest before it says anything; here it is seen that there was something to compare.
  const much = compared?.tables ?? compared?.files ?? compared?.refs;
  if (much !== undefined) evidence.checks([some(`${job}: compared with its manifest`, much > 0, much)]);
  else evidence.checks([some(`${job}: last transaction`, recoveredTo !== undefined, recoveredTo ?? "none")]);
}

const some = (name: string, ok: boolean, actual: unknown): Check => ({
  ...{ name, ok, expected: "some", actual: String(actual) },
});
