import { clockFault } from "../../plan/clock.js";
import { s3Endpoint } from "../../plan/endpoints.js";
import { rclone, type Remote } from "./remote.js";

/** What Granary itself keeps in a copy. A host's name has no dot, and a host sees only its own directory of a box. */
export const OWN = ".granary";

/**
 * The time, if this machine and the copy agree on it.
 * @throws Error when they differ by more than 5 minutes
 */
export async function agreedTime(remote: Remote): Promise<number> {
  const before = Date.now();
  const store = await storeTime(remote);
  const now = Date.now();
  const fault = clockFault(Math.round((before + now) / 2), store);
  if (fault !== undefined) throw new Error(`copy ${remote.name}: ${fault}`);
  return now;
}

/** A box tells its time by a file it writes, a bucket's endpoint by the date of any answer. */
async function storeTime(remote: Remote): Promise<number> {
  if (remote.copy.kind === "storageBox") {
    const file = `${remote.root}${OWN}/clock`;
    const env = { ...remote.env, RCLONE_SFTP_SET_MODTIME: "false" };
    await rclone({ ...remote, env }, ["rcat", file], "written to see what time it is here\n");
    const [entry] = JSON.parse(await rclone(remote, ["lsjson", file])) as [{ ModTime: string }];
    return Date.parse(entry.ModTime);
  }
  const { headers } = await fetch(s3Endpoint(remote.copy), { method: "HEAD", redirect: "manual" });
  const date = Date.parse(headers.get("date") ?? "");
  if (Number.isNaN(date)) throw new Error(`copy ${remote.name}: its endpoint does not say what time it is`);
  return date;
}
