/** One drill, from an empty account to an empty account: a server, a full restore, what it proves, and nothing left. */
import { backupJobs } from "../../settings/jobs/job.js";
import type { Settings } from "../../settings/schema.js";
import { engineFault, type ConfigValue, type Isolated } from "../engine.js";
import type { Evidence } from "../evidence/evidence.js";
import type { SmokeResult } from "../smoke/run.js";
import type { HostOutput } from "../stack.js";
import { chooseBackups, type Chosen } from "./backups.js";
import { shopsContainers } from "./containers.js";
import { adopt, databaseServers, pullImages, recoverServer, startServer, type DatabaseServer } from "./databases.js";
import { assertNotLive } from "./live.js";
import { remoteOf, type Remote } from "../remote.js";
import { INTO, restoreJob } from "./restore.js";
import { openShop } from "./shop.js";
import { drillSettings, stagingStack, type Staging } from "./staging.js";

export interface Request {
  directory: string;
  stack: string;
  settings: Settings;
  host: string;
  copy: string;
  /** The private age identity. */
  identity: string;
  sshKey: string | undefined;
  keep: boolean;
  config: Record<string, ConfigValue>;
  /** Every host of the stack, as it is now. */
  live: Record<string, HostOutput>;
  /** What a customer does, at the staging server. */
  smoke: (target: HostOutput) => Promise<SmokeResult>;
  /** Aborted when the drill is interrupted: the server goes all the same. */
  signal: AbortSignal;
}

/** Runs the drill and keeps what happened in `evidence`. Throws what ended it early, after the server is gone. */
export async function runDrill(request: Request, evidence: Evidence): Promise<void> {
  const { directory, stack, config, host, copy, settings, signal } = request;
  evidence.copy(copy);
  const make = (): Promise<Isolated> => stagingStack(directory, stack, config, { settings, host, copy });
  let staging = await evidence.phase("stack", "a stack of the drill's own, beside production's", make);
  if ((await staging.resources()).length > 0) {
    const leftover = staging;
    await evidence.phase("leftover", "the server of an interrupted drill is taken down", () => leftover.remove());
    staging = await make();
  }
  const interrupted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("interrupted")), { once: true });
  });
  interrupted.catch(() => undefined);
  let up: Promise<unknown> = Promise.resolve();
  try {
    const made = evidence.phase("server", "a staging server that can read the copies and connect nowhere else", () =>
      upOf(staging, signal),
    );
    up = made;
    const server = await Promise.race([made, interrupted]);
    await Promise.race([onServer(request, server, evidence), interrupted]);
  } finally {
    // The engine that is being stopped holds the stack's lock until it has ended.
    await up.catch(() => undefined);
    if (!request.keep) await evidence.phase("destroy", "the staging server and its keys", () => removed(staging));
  }
}

async function upOf({ stack }: Isolated, signal: AbortSignal): Promise<Staging> {
  const { outputs } = await stack.up({ signal }).catch((error: unknown) => {
    throw engineFault(error);
  });
  const text = (name: string): string => String(outputs[name]?.value);
  return {
    target: { address: text("address"), hostKey: text("hostKey"), sshPort: 22 },
    role: text("role"),
  };
}

/** A second Ctrl-C may stop the engine in the middle: it is asked again. */
async function removed(staging: Isolated): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await staging.remove();
    } catch (error) {
      if (attempt === 3) throw engineFault(error);
    }
  }
}

async function onServer(request: Request, staging: Staging, evidence: Evidence): Promise<void> {
  const { copy, identity, host, live } = request;
  assertNotLive(staging, live);
  const settings = drillSettings(request.settings, host);
  const remote = remoteOf(staging.target, request.sshKey);
  await evidence.phase("network", "nothing goes out but to the copies", () => closed(remote, live, evidence));
  const chosen = await evidence.phase("backups", `the newest of each job in copy ${copy}`, () =>
    chooseBackups(remote, settings.hosts[host]!, copy, evidence),
  );
  const jobs = Object.keys(backupJobs(settings.hosts[host]!.jobs)).length;
  evidence.check("jobs with a backup", jobs, chosen.length);
  await remote.run(["install", "-d", "-m", "0700", INTO]);
  const [databases, files] = [true, false].map((it) => chosen.filter(({ settings: job }) => "database" in job === it));
  const restore = async (some: Chosen[]): Promise<void> => {
    for (const one of some)
      await evidence.phase(one.job, `${one.settings.kind}, the backup of ${one.backup.created}`, () =>
        restoreJob(remote, one, copy, identity, evidence),
      );
  };
  await restore(files!);
  const { app } = settings.hosts[host]!;
  const made = app?.compose === undefined ? undefined : await shopsContainers(remote, app.compose, files!, evidence);
  const plain = databaseServers(chosen, settings.drill?.images ?? {});
  const servers = made === undefined ? plain : adopt(plain, app!.compose!, made);
  await evidence.phase("images", "of the databases", () => pullImages(remote, servers, evidence));
  for (const server of servers) await bringUp(remote, server, request, evidence);
  await restore(databases!);
  if (made !== undefined)
    await openShop(
      { remote, host: settings.hosts[host]!, doors: doorsOf(live), smoke: () => request.smoke(staging.target) },
      evidence,
    );
}

/** What fails here is a failed check too: files and code are tested all the same. */
async function bringUp(remote: Remote, server: DatabaseServer, request: Request, evidence: Evidence): Promise<void> {
  const { continuous, container } = server;
  try {
    if (continuous !== undefined)
      await evidence.phase("log", `${continuous.job}: base backup and log, to the last instant`, () =>
        recoverServer(remote, { ...server, continuous }, request.copy, request.identity, evidence),
      );
    await evidence.phase("database", `${server.image} starts`, () => startServer(remote, server));
    evidence.check(`${container} answers`, true, true);
  } catch (error) {
    evidence.check(`${container} answers`, "it does", error instanceof Error ? error.message : String(error));
  }
}

/** Written is not applied: a door of each live host, which is open to everybody else, must be shut for this server. */
async function closed(remote: Remote, live: Record<string, HostOutput>, evidence: Evidence): Promise<void> {
  for (const [address, port] of doorsOf(live)) {
    const open = await remote.succeeds(["timeout", "5", "bash", "-c", `exec 3<>/dev/tcp/${address}/${port}`]);
    evidence.check(`no way to ${address} port ${port}`, "closed", open ? "open" : "closed");
  }
}

const doorsOf = (live: Record<string, HostOutput>): [string, number][] => [
  ...Object.values(live).flatMap(({ address, sshPort }) =>
    [sshPort, 25, 443].map((port): [string, number] => [address, port]),
  ),
  ["1.1.1.1", 443],
];
