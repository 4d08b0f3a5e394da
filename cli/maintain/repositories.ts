import { filesHome, repositoryPath } from "../../plan/box-homes.js";
import type { Repository } from "../../plan/retention.js";
import {
  forgetArguments,
  nextPart,
  oddSnapshots,
  READ_PARTS,
  type OddSnapshots,
  type RepositoryMemory,
  type Snapshot,
} from "../../plan/snapshots.js";
import type { Retention } from "../../settings/schema.js";
import { lastLine, run, type Remote } from "./remote.js";

/** A restic repository in a copy, and what opens it. */
export interface OpenRepository extends Repository {
  remote: Remote;
  /** Secret. */
  password: string;
}

export interface RepositoryQuestion {
  repository: OpenRepository;
  retention: Retention;
  now: number;
  memory: RepositoryMemory | undefined;
  /** Whether to carry it out: forget, prune and check. */
  really: boolean;
  /** Carry it out although something is odd. */
  despiteOdd: boolean;
}

export interface RepositoryReport {
  repository: string;
  snapshots: number;
  /** Ids that go, or went. */
  forget: string[];
  odd: OddSnapshots[];
  /** What `prune` and `check` said at last; only when carried out. */
  pruned?: string;
  checked?: string;
  /** For the next run; only when carried out. */
  memory?: RepositoryMemory;
}

/**
 * Forgets snapshots by the retention, removes packs that nothing needs, and checks what is left; a twelfth of the data is
 * read in full each time. Packs are only removed whole (`--max-repack-size 0`): a locked bucket lets nothing be rewritten.
 * undefined: there is no repository yet.
 * @throws Error with restic's own words, when the repository is locked or damaged for one
 */
export async function maintainRepository(question: RepositoryQuestion): Promise<RepositoryReport | undefined> {
  const { repository, retention, now, memory } = question;
  const { host, job } = repository;
  const before = await snapshotsOf(repository);
  if (before === undefined) return undefined;
  const bytes = await newestBytes(repository, before);
  const odd = oddSnapshots({ host, job, snapshots: before, bytes, now, memory });
  const report = { repository: `${host}/${job}`, snapshots: before.length, odd };
  if (odd.length > 0 && !question.despiteOdd) return { ...report, forget: [] };
  const args = ["forget", "--json", ...forgetArguments(retention)];
  if (!question.really) {
    // Without a lock: looking must not be in the way of a backup.
    return { ...report, forget: forgotten(await restic(repository, [...args, "--dry-run", "--no-lock"])) };
  }
  const forget = forgotten(await restic(repository, args));
  const pruned = lastSaid(await restic(repository, ["prune", "--max-repack-size", "0"]));
  const part = nextPart(memory);
  const checked = lastSaid(await restic(repository, ["check", "--read-data-subset", `${part}/${READ_PARTS}`]));
  const left = before.map(({ id }) => id).filter((id) => !forget.includes(id));
  return { ...report, forget, pruned, checked, memory: { at: now, snapshots: left, bytes, part } };
}

/** undefined: there is none. */
async function snapshotsOf(repository: OpenRepository): Promise<Snapshot[] | undefined> {
  const { code, out, err } = await call(repository, ["snapshots", "--json", "--no-lock"]);
  if (code !== 0 && /Is there a repository at the following location/.test(err)) return undefined;
  if (code !== 0) throw failure(repository, "snapshots", err);
  const all = (JSON.parse(out) ?? []) as { id: string; time: string; hostname: string; tags?: string[] }[];
  return all.map(({ id, time, hostname, tags }) => ({ id, time: Date.parse(time), host: hostname, tags: tags ?? [] }));
}

/** Size of the newest snapshot, restored. */
async function newestBytes(repository: OpenRepository, snapshots: Snapshot[]): Promise<number> {
  const newest = [...snapshots].sort((a, b) => b.time - a.time)[0];
  if (newest === undefined) return 0;
  const args = ["stats", "--json", "--no-lock", "--mode", "restore-size", newest.id];
  return (JSON.parse(await restic(repository, args)) as { total_size: number }).total_size;
}

/** What `forget --json` removes of each group; nothing is said when there is nothing to do. */
function forgotten(out: string): string[] {
  const json = out.split("\n").find((line) => line.startsWith("[")) ?? "[]";
  const groups = JSON.parse(json) as { remove?: { id: string }[] | null }[];
  return groups.flatMap(({ remove }) => (remove ?? []).map(({ id }) => id));
}

/**
 * What restic printed.
 * @throws Error with its own words
 */
async function restic(repository: OpenRepository, args: string[]): Promise<string> {
  const { code, out, err } = await call(repository, args);
  if (code !== 0) throw failure(repository, args[0]!, err);
  return out;
}

/** Runs restic. A box has the repositories of a host in a directory of their own; rclone speaks to the copy for restic. */
export function call({ remote, host, job, password }: OpenRepository, args: string[]) {
  const home = remote.copy.kind === "storageBox" ? `${filesHome(host)}/` : "";
  const env = {
    ...remote.env,
    RESTIC_PASSWORD: password,
    RESTIC_REPOSITORY: `rclone:${remote.root}${home}${repositoryPath(host, job)}`,
    RESTIC_CACHE_DIR: `${remote.scratch}/restic-cache`,
    RESTIC_PROGRESS_FPS: "0.1",
  };
  return run("restic", args, env);
}

/** What restic complained of, and of which repository. */
export function failure({ remote, host, job }: OpenRepository, what: string, err: string): Error {
  const fatal = err.split("\n").find((line) => /Fatal:|already locked/.test(line)) ?? lastLine(err);
  const hint = /already locked/.test(err)
    ? "; a backup may be running: try again later, or `restic unlock` if the one that holds it is dead"
    : "";
  return new Error(`copy ${remote.name}: repository ${host}/${job}: restic ${what}: ${fatal}${hint}`);
}

function lastSaid(out: string): string {
  return out.trim().split("\n").at(-1) ?? "";
}
