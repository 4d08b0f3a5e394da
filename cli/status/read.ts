/** Reads a copy with credentials that can only read: one listing a tier, and the newest manifests in one transfer. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesHome } from "../../plan/box-homes.js";
import type { CopyAccess } from "../../plan/job-env.js";
import type { SeenCopy } from "../../plan/status.js";
import { backupJobs } from "../../settings/jobs/job.js";
import type { Settings } from "../../settings/schema.js";
import type { Entry } from "../maintain/inventory.js";
import { assertPins, lastLine, rclone, run, withRemote, type Remote } from "../maintain/remote.js";
import { manifestsOf, newestOf, seenOf, type Item } from "./seen.js";

/** rclone's code for a directory that is not there: nothing was written to it yet. */
const NO_DIRECTORY = 3;

/** Never throws: a copy that cannot be read is a finding. */
export async function readCopy(name: string, settings: Settings, access: CopyAccess | undefined): Promise<SeenCopy> {
  if (access === undefined) return { error: "the stack has no reader for it: run `pulumi up` with this version first" };
  try {
    return await withRemote(name, settings.copies[name]!, access, undefined, (remote) => read(remote, settings));
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

async function read(remote: Remote, settings: Settings): Promise<SeenCopy> {
  await assertPins(remote);
  const jobs = Object.values(settings.hosts).flatMap((host) => Object.values(backupJobs(host.jobs)));
  const continuous = jobs.some((job) => "continuous" in job && job.continuous);
  const tiers = ["daily", ...(continuous ? ["base", "wal"] : [])];
  const files = jobs.some(({ kind }) => kind === "files");
  const items =
    remote.copy.kind === "storageBox" ? await boxItems(remote, tiers) : await bucketItems(remote, tiers, files);
  const manifests = manifestsOf(items);
  const wanted = newestOf(manifests).map(({ item }) => item.path);
  const directory = join(remote.scratch, "manifests");
  if (wanted.length > 0) {
    const args = ["copy", "--no-traverse", "--transfers", "16", "--files-from-raw", "-", remote.root, directory];
    await rclone(remote, args, `${wanted.join("\n")}\n`);
  }
  return { jobs: seenOf(items, manifests, ({ item }) => textOf(join(directory, item.path))) };
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

async function list(remote: Remote, below: string, more: string[]): Promise<Entry[]> {
  const args = ["lsjson", "-R", "--files-only", "--no-mimetype", "--no-modtime", ...more, `${remote.root}${below}`];
  const { code, out, err } = await run("rclone", args, remote.env);
  if (code === NO_DIRECTORY) return [];
  if (code !== 0) throw new Error(`rclone lsjson: ${lastLine(err)}`);
  return JSON.parse(out) as Entry[];
}

/** Of repositories the snapshots alone: their packs are many, and tell nothing. */
async function bucketItems(remote: Remote, tiers: string[], files: boolean): Promise<Item[]> {
  const snapshots = ["--include", "/*/*/snapshots/*"];
  const listings: [string, string[]][] = tiers.map((tier) => [tier, ["--fast-list"]]);
  if (files) listings.push(["files", snapshots]);
  const all = await Promise.all(
    listings.map(async ([prefix, more]) =>
      (await list(remote, prefix, more)).map(({ Path, Size }) => ({ prefix, Path, Size })),
    ),
  );
  return all
    .flat()
    .map(({ prefix, Path, Size }) => ({ key: `${prefix}/${Path}`, path: `${prefix}/${Path}`, bytes: Size }));
}

/** A host writes in its own two directories only: what says that it is of another one is not listened to. */
async function boxItems(remote: Remote, tiers: string[]): Promise<Item[]> {
  const include = ["--include", `/*/{${tiers.join(",")}}/**`, "--include", "/*.files/files/*/*/snapshots/*"];
  return (await list(remote, "", include)).flatMap(({ Path, Size }) => {
    const [home, ...rest] = Path.split("/");
    const host = rest[1];
    if (host === undefined || home !== (rest[0] === "files" ? filesHome(host) : host)) return [];
    return [{ key: rest.join("/"), path: Path, bytes: Size }];
  });
}
