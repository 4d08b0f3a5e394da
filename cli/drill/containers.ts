/** The containers of the compose file that came back, on the staging server: made, before any of them runs. */
import type { Evidence } from "../evidence/evidence.js";
import type { Remote } from "../remote.js";
import type { Chosen } from "./backups.js";
import { pulling } from "./databases.js";
import { INTO } from "./restore.js";

/** A container as it was made, and where its database has its data on the server. */
export interface Made {
  image: string;
  data?: string;
}

/** A part of `docker inspect`. */
export interface Inspected {
  Name: string;
  Image: string;
  Config: { Env: string[] | null };
  Mounts: { Source: string; Destination: string }[];
}

/** How the drill gets into the server; the configuration of a host must not change that. */
const DOORS = ["/etc/ssh", "/root/.ssh"];

/** Configuration, code, uploads and logs go where the compose file expects them. */
export async function placeFiles(remote: Remote, chosen: Chosen[], evidence: Evidence): Promise<void> {
  for (const { job, settings } of chosen) {
    if ("database" in settings) continue;
    const source = settings.kind === "source";
    for (const path of source ? [settings.path] : settings.paths) {
      if (DOORS.some((door) => `${door}/`.startsWith(`${path}/`) || `${path}/`.startsWith(`${door}/`)))
        evidence.step(`${path} is not put in its place`, "the way into the staging server must not change");
      else
        await remote.run([
          "bash",
          "-Eeuo",
          "pipefail",
          "-c",
          PLACE,
          "place",
          `${INTO}/${job}${source ? "" : path}`,
          path,
        ]);
    }
  }
}

/** What a package put there is of no use on a server that goes again. */
const PLACE =
  'mkdir -p "$(dirname "$2")"; if [[ -e $2 || -L $2 ]]; then mv -T "$2" "$2.before-drill"; fi; mv -T "$1" "$2"';

/**
 * The files in their places and the containers of the compose file made; nothing of the shop runs yet.
 * @returns the containers by name; undefined after a failed check: the shop does not start then, and its data is tested all
 * the same
 */
export async function shopsContainers(
  remote: Remote,
  compose: string,
  files: Chosen[],
  evidence: Evidence,
): Promise<Map<string, Made> | undefined> {
  try {
    return await evidence.phase("containers", "files in their places, images pulled, nothing started", async () => {
      await placeFiles(remote, files, evidence);
      await pulling(remote, () => remote.run(["granary-app", "create", compose]));
      return inspect(remote, compose);
    });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    evidence.check("the shop's containers are made", "they are", said);
    // One that was made already has the name that the drill's own database takes.
    await remote.bash("docker ps -aq | xargs -r docker rm -f -v >/dev/null");
    return undefined;
  }
}

async function inspect(remote: Remote, compose: string): Promise<Map<string, Made>> {
  const all = JSON.parse(await remote.run(["granary-app", "images", compose])) as { container: string }[];
  if (all.length === 0) throw new Error(`${compose} makes no container`);
  const names = all.map(({ container }) => container);
  const inspected = JSON.parse(await remote.run(["docker", "inspect", ...names])) as Inspected[];
  return new Map(inspected.map((one) => [one.Name.replace(/^\//, ""), made(one)]));
}

/** The data of a PostgreSQL container is in the volume nearest to its data directory. */
export function made({ Image: image, Config, Mounts }: Inspected): Made {
  const pgdata = Config.Env?.find((line) => line.startsWith("PGDATA="))?.slice("PGDATA=".length);
  const directory = pgdata ?? "/var/lib/postgresql/data";
  const [mount] = Mounts.filter(({ Destination: at }) => directory === at || directory.startsWith(`${at}/`)).sort(
    (a, b) => b.Destination.length - a.Destination.length,
  );
  return mount === undefined ? { image } : { image, data: mount.Source + directory.slice(mount.Destination.length) };
}
