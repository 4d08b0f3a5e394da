/** Puts the page where nobody reads it without a key, and makes sure of that. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { s3Endpoint } from "../../plan/endpoints.js";
import type { CopyAccess } from "../../plan/job-env.js";
import type { Place } from "../../settings/schema.js";
import { lastLine, run, withRemote, type Remote } from "../maintain/remote.js";

/** Its key in the bucket. */
export const PAGE = "status.html";

/** rclone finds its settings by it. */
const REMOTE = "page";

/**
 * @param link how long a link to the page may be good for, e.g. `24h`; absent: none is made
 * @returns the link. Whoever has it reads the page
 * @throws Error when the page could not be written, or everybody could read it: then it is taken away again
 */
export async function publish(
  page: string,
  place: Place,
  access: CopyAccess,
  link: string | undefined,
): Promise<string | undefined> {
  return withRemote(REMOTE, place, access, undefined, async (remote) => {
    const file = join(remote.scratch, PAGE);
    await writeFile(file, page);
    await rclone(remote, "copyto", "--header-upload", "Cache-Control: no-store", file, remote.root + PAGE);
    await assertPrivate(remote, place);
    if (link === undefined) return undefined;
    return (await rclone(remote, "link", "--expire", link, remote.root + PAGE)).trim();
  });
}

/** The bucket is made private, and so is the page. Somebody may have opened it since. */
async function assertPrivate(remote: Remote, place: Place): Promise<void> {
  const url = `${s3Endpoint(place)}/${place.bucket}/${PAGE}`;
  const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(15_000) }).catch(() => undefined);
  if (answer !== undefined && answer.status >= 400 && answer.status < 500) return;
  const found = answer === undefined ? "could not be asked for" : `was answered with ${answer.status}`;
  await rclone(remote, "deletefile", remote.root + PAGE);
  throw new Error(
    `the page without a key ${found}, and should be refused: it was removed. Make the bucket ${place.bucket} private, then run again`,
  );
}

async function rclone({ env }: Remote, ...args: string[]): Promise<string> {
  const { code, out, err } = await run("rclone", args, env);
  if (code !== 0) throw new Error(`rclone ${args[0]}: ${lastLine(err)}`);
  return out;
}
