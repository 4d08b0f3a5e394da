/** Where a recovery stands, in the stack's own configuration: an interrupted one is taken up, by whoever runs it next. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { Recovery, Settings } from "../../settings/schema.js";
import type { HostOutput } from "../stack.js";

const KEY = "granary:recovery";

/** The engine, as a recovery needs it. */
export type Engine = Pick<Stack, "refresh" | "up" | "setConfig" | "removeConfig">;

const keep = (engine: Engine, recovery: Recovery): Promise<void> =>
  engine.setConfig(KEY, { value: JSON.stringify(recovery) });

export interface Holding {
  engine: Engine;
  settings: Settings;
  host: string;
  /** The host as the stack's last update left it. */
  old: HostOutput;
  /** Whether the old server still answers as what it was. */
  live: () => Promise<boolean>;
  /** Of a clean room; undefined: the server is lost. */
  before: string | undefined;
}

/**
 * Holds the shop's name where it is, from here on and until the shop sells.
 * @throws Error when another recovery goes on, the server is not lost at all, or there is none to take its place
 */
export async function hold({ engine, settings, host, old, live, before }: Holding): Promise<Recovery> {
  const { recovery } = settings;
  if (recovery !== undefined) return goneOn(recovery, host, before);
  if (before === undefined && (await live()))
    throw new Error(
      `${host} answers at ${old.address}: it is not lost. To bring data back on it use \`granary restore\`; if somebody broke ` +
        "in, --clean-room; to replace it, switch it off first, and keep it: its disk may be evidence",
    );
  const planned = settings.hosts[host]!;
  if ("address" in planned && planned.address === old.address)
    throw new Error(
      `the settings have ${host} at ${old.address}, which is the old server: make a new one, write its address and hostKey ` +
        "there (or `server: {…}` in place of both, and the program makes one), and run this again",
    );
  const since = `${new Date().toISOString().slice(0, 19)}Z`;
  const begun: Recovery = { host, since, dns: old.address, sells: false, ...(before === undefined ? {} : { before }) };
  await keep(engine, begun);
  return begun;
}

/** One recovery at a time, and to its end as it was begun. */
function goneOn(recovery: Recovery, host: string, before: string | undefined): Recovery {
  if (recovery.host !== host)
    throw new Error(`the recovery of ${recovery.host} since ${recovery.since} is not finished: finish it first`);
  if (recovery.before === before) return recovery;
  const how = recovery.before === undefined ? "without --clean-room" : `with --clean-room --before ${recovery.before}`;
  throw new Error(`the recovery of ${host} since ${recovery.since} was begun ${how}: go on like that`);
}

/** The server in place of the lost one: the program makes it, or finds it at its new address; one that is there stays. */
export async function remake(engine: Engine, say: (text: string) => void): Promise<void> {
  await engine.refresh({ onOutput: say });
  await engine.up({ onOutput: say });
}

/** The shop's name goes to the new server: only once customers can buy there. */
export async function release(engine: Engine, recovery: Recovery, say: (text: string) => void): Promise<void> {
  await keep(engine, { ...recovery, sells: true });
  await engine.up({ onOutput: say });
}

/** The recovery is over. The program is the same without it, for the name is not held any more. */
export async function forget(engine: Engine): Promise<void> {
  await engine.removeConfig(KEY);
}
