/** Where a recovery stands, in the stack's own configuration: an interrupted one is taken up, by whoever runs it next. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { Recovery, Settings } from "../../settings/schema.js";
import type { HostOutput } from "../stack.js";

const KEY = "granary:recovery";

/** The engine, as a recovery needs it. */
export type Engine = Pick<Stack, "refresh" | "up" | "setConfig" | "removeConfig">;

const keep = (engine: Engine, recovery: Recovery): Promise<void> =>
  engine.setConfig(KEY, { value: JSON.stringify(recovery) });

/**
 * Holds the shop's name where it is, from here on and until the shop sells.
 * @param old the host as the stack's last update left it
 * @param live whether the lost server still answers as what it was
 * @throws Error when another host is being recovered, the server is not lost at all, or there is none to take its place
 */
export async function hold(
  engine: Engine,
  { recovery, hosts }: Settings,
  host: string,
  old: HostOutput,
  live: () => Promise<boolean>,
): Promise<Recovery> {
  if (recovery?.host === host) return recovery;
  if (recovery !== undefined)
    throw new Error(`the recovery of ${recovery.host} since ${recovery.since} is not finished: finish it first`);
  if (await live())
    throw new Error(
      `${host} answers at ${old.address}: it is not lost. To bring data back on it use \`granary restore\`; to replace it, ` +
        "switch it off first, and keep it: its disk may be evidence",
    );
  const planned = hosts[host]!;
  if ("address" in planned && planned.address === old.address)
    throw new Error(
      `the settings have ${host} at ${old.address}, which does not answer: make a new server, write its address and hostKey ` +
        "there (or `server: {…}` in place of both, and the program makes one), and run this again",
    );
  const since = `${new Date().toISOString().slice(0, 19)}Z`;
  const begun: Recovery = { host, since, dns: old.address, sells: false };
  await keep(engine, begun);
  return begun;
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
