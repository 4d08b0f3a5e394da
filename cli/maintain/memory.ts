import { createHmac, timingSafeEqual } from "node:crypto";
import type { CopyAccess } from "../../plan/job-env.js";
import type { Memory } from "../../plan/maintain.js";
import type { RepositoryMemory } from "../../plan/snapshots.js";
import { OWN } from "./clock.js";
import { rclone, run, type Remote } from "./remote.js";

/** What a run leaves in the copy for the next one. */
export interface Remembered {
  backups?: Memory;
  /** By `<host>/<job>`. */
  repositories: Record<string, RepositoryMemory>;
}

/**
 * What the last run left; none: there was no run before. On a box no host can reach it. In a bucket a host's key can, so
 * there it is signed with the secret of maintenance: a host can take it away, but not change it.
 * @throws Error when it was changed by something else
 */
export async function recall(remote: Remote, access: CopyAccess): Promise<Remembered> {
  const { code, out, err } = await run("rclone", ["cat", file(remote)], remote.env);
  // A missing file: 3 or 4 of a directory, and nothing at all of a bucket.
  if (code === 3 || code === 4 || (code === 0 && out === "") || /not found|doesn't exist/i.test(err))
    return { repositories: {} };
  if (code !== 0) throw new Error(`copy ${remote.name}: rclone cat: ${err.trim()}`);
  const { signature, ...remembered } = JSON.parse(out) as Remembered & { signature: string };
  const [is, should] = [signature, sign(remembered, access)].map((text) => Buffer.from(text, "hex")) as [
    Buffer,
    Buffer,
  ];
  if (is.length === should.length && timingSafeEqual(is, should)) return remembered;
  throw new Error(
    `copy ${remote.name}: ${OWN}/memory.json was not written with these credentials: if they were made anew, delete it; ` +
      "else find out who changed it",
  );
}

export async function remember(remote: Remote, access: CopyAccess, remembered: Remembered): Promise<void> {
  const text = JSON.stringify({ ...remembered, signature: sign(remembered, access) });
  await rclone(remote, ["rcat", file(remote)], `${text}\n`);
}

const file = (remote: Remote): string => `${remote.root}${OWN}/memory.json`;

/** The key of a box account is not at hand, and not needed. */
function sign({ backups, repositories }: Remembered, access: CopyAccess): string {
  const secret = access.kind === "s3" ? access.secretAccessKey : access.username;
  return createHmac("sha256", secret).update(JSON.stringify({ backups, repositories })).digest("hex");
}
