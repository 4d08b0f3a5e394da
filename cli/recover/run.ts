import type { Settings } from "../../settings/schema.js";
import { setApart, type CleanRoom } from "../clean-room/set-apart.js";
import { bringBack } from "../bring-back/bring-back.js";
import type { Evidence } from "../evidence/evidence.js";
import type { Remote } from "../remote.js";
import { customerChecks } from "../smoke/checks.js";
import type { SmokeResult } from "../smoke/run.js";
import type { HostOutput } from "../stack.js";
import { forget, hold, release, remake, type Engine } from "./recovering.js";

export interface RecoverRequest {
  settings: Settings;
  host: string;
  copy: string;
  at?: string | undefined;
  from?: "dump" | undefined;
  identity: string;
  engine: Engine;
  /** What the stack says of the host, now. */
  output(): Promise<HostOutput>;
  /** Whether a server answers there with that key. */
  live(target: HostOutput): Promise<boolean>;
  remote(target: HostOutput): Remote;
  /** What a customer does; undefined: the settings say nothing of that. */
  smoke(target: HostOutput): Promise<SmokeResult | undefined>;
  /** What the engine says. */
  say(text: string): void;
  /** Somebody broke in; undefined: the server is lost, and that is all. */
  cleanRoom?: CleanRoom | undefined;
}

/** What goes out of a server that is not trusted yet: nothing but to the copies. */
const NETWORK = "/usr/local/lib/granary/host/staging-network";

/**
 * A lost server comes back: a new one, everything on it, the shop started and tried, and only then its name and its own
 * backups. Every phase may be interrupted and the whole run again. The lost host's backups are never written over: the new
 * one begins lines of its own, and makes none before it is whole.
 *
 * @returns the new server
 * @throws Error at the first phase that fails; the shop's name is then where it was
 */
export async function recover(what: RecoverRequest, evidence: Evidence): Promise<HostOutput> {
  const { engine, host, settings, cleanRoom } = what;
  const say = (text: string): void => what.say(text);
  const old = await what.output();
  const live = (): Promise<boolean> => what.live(old);
  const recovery = await evidence.phase("hold", "the shop's name stays where it is until the shop sells", () =>
    hold({ engine, settings, host, old, live, before: cleanRoom?.before }),
  );
  if (cleanRoom !== undefined && !recovery.sells) await setApart(cleanRoom, recovery.dns, evidence);
  const target = recovery.sells ? old : await bringUp(what, evidence);
  await evidence.phase("smoke test", "what a customer does", () => customers(what, target, evidence));
  if (cleanRoom !== undefined)
    await evidence.phase("network", "what is trusted now may go out", () => what.remote(target).run([NETWORK, "open"]));
  await evidence.phase("name", "and customers come to the new server", () => release(engine, recovery, say));
  await evidence.phase("backups", "the new server's own", () => what.remote(target).run(["granary-hold", "off"]));
  await forget(engine);
  return target;
}

/** A server, with everything on it and its shop started. */
async function bringUp(what: RecoverRequest, evidence: Evidence): Promise<HostOutput> {
  const { engine, host, settings, copy, from, identity, cleanRoom } = what;
  const at = cleanRoom?.before ?? what.at;
  await evidence.phase("server", "a new one, by the program", () => remake(engine, (text) => what.say(text)));
  const target = await what.output();
  if (!(await what.live(target)))
    throw new Error(
      `the server at ${target.address} does not answer, and is still there for its company: if it is the lost one, keep a ` +
        "snapshot of it, delete it in the company's console, and run this again",
    );
  const remote = what.remote(target);
  await evidence.phase("quiet", "no backup is made of half a host", () => remote.run(["granary-hold", "on"]));
  if (cleanRoom !== undefined)
    await evidence.phase("network", "nothing goes out but to the copies", () => remote.run([NETWORK, "close"]));
  evidence.copy(copy);
  const images = (make: () => Promise<unknown>): Promise<unknown> =>
    cleanRoom === undefined ? make() : pulling(remote, make);
  const commit = cleanRoom?.commit;
  await bringBack({ remote, host: settings.hosts[host]!, copy, at, from, identity, images, commit }, evidence);
  return target;
}

/** For images the host itself may go out: before anything of the shop runs there. */
async function pulling(remote: Remote, make: () => Promise<unknown>): Promise<unknown> {
  await remote.run([NETWORK, "pull"]);
  try {
    return await make();
  } finally {
    await remote.run([NETWORK, "close"]);
  }
}

/** @throws Error when the shop does not sell: its name must not go there */
async function customers(what: RecoverRequest, target: HostOutput, evidence: Evidence): Promise<void> {
  const result = await what.smoke(target);
  if (result === undefined) return;
  evidence.checks(customerChecks(result));
  if (result.ok) return;
  const failed = result.steps.find(({ ok }) => !ok);
  throw new Error(
    `the shop does not sell at ${target.address} (${failed?.name ?? "no step"}: ${failed?.found ?? "nothing was tried"}): ` +
      "its name still points to the lost server; mend it there over SSH and run this again",
  );
}
