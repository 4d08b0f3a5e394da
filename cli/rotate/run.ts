/** Every credential that a host has with the copies is replaced, and the old ones are proved to open nothing. */
import type { Generation, Retiring } from "../../components/retiring.js";
import { repositories } from "../../plan/retention.js";
import type { Credentials, Settings } from "../../settings/schema.js";
import type { Evidence } from "../evidence/evidence.js";
import type { Remote } from "../remote.js";
import { doorsOf } from "./doors.js";
import { begun, keep, type Engine } from "./stage.js";
import type { Held, Vault } from "./vault.js";

export interface RotateRequest {
  settings: Settings;
  host: string;
  engine: Engine;
  /** Both generations, as the stack's last update left them; undefined: there is one. */
  retiring(): Promise<Retiring | undefined>;
  /** The one that was given up, kept secret in the stack's configuration until it was tried in vain. */
  retired: { read(): Promise<Generation | undefined>; write(generation: Generation | undefined): Promise<void> };
  /** What opens the host's repositories now; undefined: it has none. */
  repositoryPassword(): Promise<string | undefined>;
  remote(): Promise<Remote>;
  vault(): Promise<Vault>;
  /** What the engine says. */
  say(text: string): void;
  /** Begin nothing: only go on with what was begun, and remove passwords that a lock kept. */
  finish: boolean;
}

const HOST = "/usr/local/lib/granary/host";

/**
 * New credentials are made beside the old ones; the host takes them and proves that they work; only then the old ones go,
 * and each is tried in vain. Every step may be interrupted and the whole run again: where it stands is in the stack's
 * configuration, written before each step.
 *
 * @returns what a lock still keeps: `repository shop/media in r2 until 2026-12-24`
 * @throws Error at the first step that fails; the host has credentials that work at every moment
 */
export async function rotate(what: RotateRequest, evidence: Evidence): Promise<string[]> {
  const { engine, settings, host, finish } = what;
  if (finish && settings.credentials?.[host]?.stage === undefined) return passwordsGo(what, evidence, undefined);
  let at: Credentials = begun(settings, host);
  const enter = async (stage: Credentials["stage"]): Promise<void> => {
    at = { generation: at.generation, ...(stage === undefined ? {} : { stage }) };
    await keep(engine, settings, host, at);
  };
  const update = (name: string, text: string): Promise<unknown> =>
    evidence.phase(name, text, () => engine.up({ onOutput: (line) => what.say(line) }));
  if (at.stage === "made") {
    await enter("made");
    await update("make", `generation ${at.generation} of its credentials, beside the old one`);
    await evidence.phase("repositories", "open with the new password, too", () => passwordsCome(what, "used", "other"));
    await enter("used");
  }
  if (at.stage === "used") {
    await update("hand over", "the host works with the new ones");
    // A repository that a backup has made since then has the old password only.
    await evidence.phase("repositories", "once more", () => passwordsCome(what, "other", "used"));
    await evidence.phase("try", "the host writes, reads and opens with them", () => newOnesWork(what, evidence));
    const both = await what.retiring();
    if (both !== undefined) await what.retired.write(both.other);
    await enter("alone");
  }
  await update("give up", "the old ones are deleted where they were made");
  const old = await what.retired.read();
  const kept = await passwordsGo(what, evidence, old);
  await evidence.phase("refused", "every old one is tried, in vain", () => oldOnesFail(what, evidence, old));
  await what.retired.write(undefined);
  await enter(undefined);
  return kept;
}

/** The host's repositories in every copy. */
function heldBy({ settings, host }: RotateRequest): Held[] {
  const own = repositories(settings.hosts).filter((repository) => repository.host === host);
  return own.flatMap((repository) => Object.keys(settings.copies).map((copy) => ({ ...repository, copy })));
}

async function passwordsCome(what: RotateRequest, from: keyof Retiring, to: keyof Retiring): Promise<void> {
  const both = await what.retiring();
  const [old, next] = [both?.[from].repositoryPassword, both?.[to].repositoryPassword];
  if (old === undefined || next === undefined) return;
  const vault = await what.vault();
  // Side by side: restic takes its time to make a password hard to guess.
  await Promise.all(heldBy(what).map((held) => vault.letIn(held, old, next)));
}

async function newOnesWork(what: RotateRequest, evidence: Evidence): Promise<void> {
  const remote = await what.remote();
  const lines = await remote.run([`${HOST}/credentials-check`]);
  for (const line of lines.split("\n").filter(Boolean)) {
    const { job, copy, what: done } = JSON.parse(line) as { job: string; copy: string; what: string };
    evidence.checks([{ name: `new: ${job} in ${copy}`, ok: true, expected: done, actual: done }]);
  }
}

/** Every password but the current one goes from the repositories, whoever added it; those a lock keeps are told. */
async function passwordsGo(what: RotateRequest, evidence: Evidence, old: Generation | undefined): Promise<string[]> {
  const password = await what.repositoryPassword();
  if (password === undefined) return [];
  const vault = await what.vault();
  const kept: string[] = [];
  await evidence.phase("passwords", "old ones go from the repositories", async () => {
    const all = await Promise.all(
      heldBy(what).map(async (held) => ({ held, keys: await vault.onlyOurs(held, password) })),
    );
    for (const { held, keys } of all) {
      const name = `${held.host}/${held.job} in ${held.copy}`;
      const last = Math.max(...keys.map(({ until }) => until));
      if (keys.length > 0) kept.push(`repository ${name} until ${new Date(last).toISOString().slice(0, 10)}`);
      else if (old?.repositoryPassword !== undefined) {
        const found = await vault.opens(held, old.repositoryPassword);
        evidence.check(`old password: ${name}`, found === "absent" ? "absent" : "refused", found);
      } else evidence.check(`only one password: ${name}`, 0, keys.length);
    }
  });
  return kept;
}

/** @throws Error when one is not refused: the stage stays, and the next run tries it again */
async function oldOnesFail(what: RotateRequest, evidence: Evidence, old: Generation | undefined): Promise<void> {
  const vault = await what.vault();
  const accepted: string[] = [];
  const tell = (name: string, refused: boolean): void => {
    if (!evidence.check(`old key: ${name}`, "refused", refused ? "refused" : "accepted")) accepted.push(name);
  };
  for (const door of old === undefined ? [] : doorsOf(old, what.settings, what.host))
    tell(door.name, await vault.refuses(door));
  const remote = await what.remote();
  const lines = await remote.run([`${HOST}/retired-keys`]);
  for (const line of lines.split("\n").filter(Boolean)) {
    const { key, copy, refused } = JSON.parse(line) as { key: string; copy: string; refused: boolean };
    tell(`${key} in ${copy}`, refused);
  }
  if (accepted.length > 0)
    throw new Error(
      `old credentials still open ${accepted.join(", ")}: run this again; if they do then, remove them by hand`,
    );
  await remote.run([`${HOST}/retired-keys`, "--remove"]);
}
