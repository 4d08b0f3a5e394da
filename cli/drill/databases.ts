/** Database servers on the staging server: the image, the container, and the data of a base backup where there is a log. */
import type { PostgresJob } from "../../settings/schema.js";
import { CONTINUOUS_RPO_SECONDS } from "../../plan/targets.js";
import type { Evidence } from "../evidence/evidence.js";
import type { Chosen } from "./backups.js";
import type { Made } from "./containers.js";
import type { Remote } from "../remote.js";

/** One database server: the jobs whose databases it holds. */
export interface DatabaseServer {
  container: string;
  kind: "postgres" | "mariadb" | "mysql";
  image: string;
  /** The one with a log, by which the server comes back to its last instant. */
  continuous?: Chosen;
  jobs: Chosen[];
  /** The compose file whose container it is, made and never started; absent: the drill makes one of its own. */
  compose?: string;
  /** Where its container has its data; absent: where the drill puts it. */
  data?: string;
}

/** The servers that some backups need, by container. @param images of the settings, by job */
export function databaseServers(chosen: Chosen[], images: Readonly<Record<string, string>>): DatabaseServer[] {
  const servers = new Map<string, DatabaseServer>();
  for (const one of chosen) {
    const { settings, job, backup } = one;
    if (!("database" in settings)) continue;
    const container = settings.container!;
    const major = /^\d+(\.\d+)?/.exec(backup.database?.serverVersion ?? "")?.[0] ?? "latest";
    const vendors = `${settings.kind}:${settings.kind === "postgres" ? major.split(".")[0] : major}`;
    const server = servers.get(container) ?? { container, kind: settings.kind, image: vendors, jobs: [] };
    if (images[job] !== undefined) server.image = images[job];
    if (settings.kind === "postgres" && settings.continuous) server.continuous ??= one;
    server.jobs.push(one);
    servers.set(container, server);
  }
  return [...servers.values()];
}

const dataOf = ({ container, data }: DatabaseServer): string => data ?? `/var/lib/granary-drill/${container}`;
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Images are pulled before anything of the shop runs on the server: only then may the host connect elsewhere. */
export async function pulling<T>(remote: Remote, pull: () => Promise<T>): Promise<T> {
  const network = "/usr/local/lib/granary/host/staging-network";
  await remote.run([network, "pull"]);
  try {
    return await pull();
  } finally {
    await remote.run([network, "close"]);
  }
}

/** The images of those servers that have no container yet. */
export async function pullImages(remote: Remote, servers: DatabaseServer[], evidence: Evidence): Promise<void> {
  const wanted = servers.filter(({ compose }) => compose === undefined);
  if (wanted.length === 0) return;
  await pulling(remote, async () => {
    for (const { image, container } of wanted) {
      await remote.run(["docker", "pull", "-q", image]);
      const digest = await remote.run(["docker", "image", "inspect", "-f", "{{index .RepoDigests 0}}", image]);
      evidence.version(`image of ${container}`, digest.trim() || image);
    }
  });
}

/** Those servers that are containers of the shop's own take its images and its volumes. */
export function adopt(servers: DatabaseServer[], compose: string, made: ReadonlyMap<string, Made>): DatabaseServer[] {
  return servers.map((server) => {
    const own = made.get(server.container);
    return own === undefined ? server : { ...server, ...own, compose };
  });
}

/** From the newest base backup and the log, to the last instant that the copy has. */
export async function recoverServer(
  remote: Remote,
  server: DatabaseServer & { continuous: Chosen },
  copy: string,
  identity: string,
  evidence: Evidence,
): Promise<void> {
  const { job } = server.continuous;
  const asked = Date.now();
  const data = dataOf(server);
  const said = await remote.run(
    ["granary-recover-db", job, "--copy", copy, "--data-dir", data, "--image", server.image],
    identity,
  );
  const { base, recovered, seconds } = JSON.parse(said) as Recovered;
  evidence.restored({
    ...{ job: `${job} (log)`, kind: "base backup and log", copy, stamp: base, seconds: seconds["total"] ?? 0 },
    ...(recovered.lastCommit === null ? {} : { recoveredTo: recovered.lastCommit }),
  });
  evidence.check(`${job}: the log has a last commit`, true, recovered.lastCommit !== null);
  const lost = recovered.lastCommit === null ? Infinity : (asked - Date.parse(recovered.lastCommit)) / 1000;
  // A shop at night commits nothing: an old last commit is no loss, and a young one proves that nothing was lost.
  if (lost <= CONTINUOUS_RPO_SECONDS) evidence.lost(job, Math.max(0, lost), CONTINUOUS_RPO_SECONDS);
}

interface Recovered {
  base: string;
  recovered: { lastCommit: string | null };
  seconds: Record<string, number>;
}

/** Starts the server, on recovered data or empty, and waits for it. */
export async function startServer(remote: Remote, server: DatabaseServer): Promise<void> {
  const { container, image, kind, compose } = server;
  const [first] = server.jobs as [Chosen];
  const user = (first.settings as PostgresJob).user;
  const ready =
    kind === "postgres"
      ? `pg_isready -q -h 127.0.0.1 -U ${quoted(user)}`
      : `sh -c 'exec "$(command -v mariadb-admin || command -v mysqladmin)" ping -h 127.0.0.1 --silent'`;
  const mount = server.continuous ? `-v ${quoted(dataOf(server))}:/var/lib/postgresql/data` : "";
  // What the container is told at its first start is needed on this server alone, and goes with it.
  const password = `password=$(sed -n 's/^GRANARY_DB_PASSWORD=//p' /etc/granary/${first.job}.env); export MARIADB_ROOT_PASSWORD=\${password:-drill}; export MYSQL_ROOT_PASSWORD=$MARIADB_ROOT_PASSWORD
password=$(sed -n 's/^GRANARY_PG_PASSWORD=//p' /etc/granary/${first.job}.env); export POSTGRES_PASSWORD=\${password:-drill}`;
  const names = kind === "postgres" ? ["POSTGRES_PASSWORD"] : ["MARIADB_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD"];
  const pg = kind === "postgres" ? `-e PGDATA=/var/lib/postgresql/data -e POSTGRES_USER=${quoted(user)}` : "";
  const start = `${password}
docker run -d --name ${quoted(container)} ${names.map((name) => `-e ${name}`).join(" ")} ${pg} ${mount} ${quoted(image)} >/dev/null`;
  await remote.bash(`${compose === undefined ? start : `granary-app databases ${quoted(compose)} ${quoted(container)}`}
for i in $(seq 600); do docker exec ${quoted(container)} ${ready} && exit 0; sleep 0.2; done
docker logs --tail 5 ${quoted(container)} >&2; exit 1
`);
}
