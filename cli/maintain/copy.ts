import { decide, type Decision, type Verdict } from "../../plan/maintain.js";
import { repositories, type Repository } from "../../plan/retention.js";
import type { CopyAccess } from "../../plan/job-env.js";
import type { Settings } from "../../settings/schema.js";
import { agreedTime } from "./clock.js";
import { readInventory } from "./inventory.js";
import { recall, remember, type Remembered } from "./memory.js";
import { assertPins, rclone, withRemote, type Remote } from "./remote.js";
import { maintainRepository, type RepositoryReport } from "./repositories.js";

export interface Options {
  /** Carry it out; else nothing but a look. */
  yes: boolean;
  despiteOdd: boolean;
  sshKey: string | undefined;
}

/** What the stack's outputs say for maintenance. */
export interface Credentials {
  /** By copy. */
  copies: Record<string, CopyAccess>;
  /** Of the restic repositories, by host. */
  passwords: Record<string, string>;
}

export interface CopyReport {
  copy: string;
  /** Only of a storage box; a bucket expires what is old by itself. */
  decision?: Decision;
  repositories: RepositoryReport[];
  /** Repositories that hold nothing yet, or whose password the stack does not tell. */
  notes: string[];
  /** Repositories that could not be maintained, each with restic's own words. */
  errors: string[];
  /** Whether backups were removed, as far as there were any to remove. */
  done: boolean;
}

/**
 * Looks at one copy, and, if told so and nothing is odd, removes what its time is over for.
 * @throws Error before anything is removed: no credentials, a wrong clock, a copy that does not answer
 */
export async function maintainCopy(
  name: string,
  settings: Settings,
  credentials: Credentials,
  options: Options,
): Promise<CopyReport> {
  const copy = settings.copies[name]!;
  const access = credentials.copies[name];
  if (access === undefined) throw new Error(noAccess(name, copy.kind));
  return withRemote(name, copy, access, options.sshKey, async (remote) => {
    await assertPins(remote);
    const now = await agreedTime(remote);
    const past = await recall(remote, access);
    const { decision, done } = await maintainBackups(remote, settings, now, past, options);
    const report: CopyReport = {
      copy: name,
      repositories: [],
      notes: [],
      errors: [],
      done,
      ...(decision && { decision }),
    };
    for (const repository of repositories(settings.hosts)) {
      const password = credentials.passwords[repository.host];
      await maintainOne({ ...repository, remote, password }, settings, now, past, options, report);
    }
    // What was done is remembered even if something failed after it: else the next run takes it for vanished.
    if (options.yes) await remember(remote, access, nextMemory(past, report));
    return report;
  });
}

/** Adds to the report; a repository that fails stops no other. */
async function maintainOne(
  { password, ...repository }: Repository & { remote: Remote; password: string | undefined },
  { retention }: Settings,
  now: number,
  past: Remembered,
  { yes: really, despiteOdd }: Options,
  report: CopyReport,
): Promise<void> {
  const id = `${repository.host}/${repository.job}`;
  if (password === undefined) {
    report.notes.push(`repository ${id}: the stack does not tell its password, run \`pulumi up\``);
    return;
  }
  const memory = past.repositories[id];
  const question = { repository: { ...repository, password }, retention, now, memory, really, despiteOdd };
  try {
    const result = await maintainRepository(question);
    if (result === undefined) report.notes.push(`repository ${id}: there is none yet`);
    else report.repositories.push(result);
  } catch (error) {
    report.errors.push(error instanceof Error ? error.message : String(error));
  }
}

function nextMemory(past: Remembered, { decision, done, repositories: reports }: CopyReport): Remembered {
  const backups = decision && done ? decision.memory : past.backups;
  const seen = reports.flatMap(({ repository, memory }) => (memory ? [[repository, memory] as const] : []));
  return { ...(backups && { backups }), repositories: { ...past.repositories, ...Object.fromEntries(seen) } };
}

function noAccess(name: string, kind: string): string {
  const first = `copy ${name}: the stack has no credentials for maintenance: run \`pulumi up\``;
  if (kind !== "storageBox") return first;
  return `${first}; a storage box needs granary:ssh with your publicKey in the settings first`;
}

/** Only a box: the others expire by their own rules. */
async function maintainBackups(
  remote: Remote,
  { retention }: Settings,
  now: number,
  past: Remembered,
  { yes, despiteOdd }: Options,
): Promise<{ decision?: Decision; done: boolean }> {
  if (remote.copy.kind !== "storageBox") return { done: yes };
  const decision = decide({ inventory: await readInventory(remote), retention, now, memory: past.backups });
  const allowed = yes && (decision.odd.length === 0 || despiteOdd);
  if (allowed) await removeAll(remote, decision.remove);
  return { decision, done: allowed };
}

/** Manifests first: a backup that is half removed must not count. */
async function removeAll(remote: Remote, verdicts: Verdict[]): Promise<void> {
  const keys = verdicts.flatMap((verdict) => verdict.keys);
  for (const some of [keys.filter((key) => key.endsWith(".json")), keys.filter((key) => !key.endsWith(".json"))]) {
    if (some.length === 0) continue;
    await rclone(remote, ["delete", "--files-from-raw", "-", remote.root], `${some.join("\n")}\n`);
  }
}
