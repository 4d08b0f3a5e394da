/** Where the replacing of a host's credentials stands, in the stack's own configuration: an interrupted one is taken up. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { Credentials, Settings } from "../../settings/schema.js";

const KEY = "granary:credentials";

/** The engine, as a rotation needs it. */
export type Engine = Pick<Stack, "up" | "setConfig">;

/** The one that goes on, or the next. */
export function begun(
  { credentials = {} }: Settings,
  host: string,
): Credentials & { stage: "made" | "used" | "alone" } {
  const at = credentials[host];
  if (at?.stage !== undefined) return { ...at, stage: at.stage };
  return { generation: (at?.generation ?? 1) + 1, stage: "made" };
}

/** Kept before the engine does it: who is interrupted then does it again. */
export async function keep(engine: Engine, settings: Settings, host: string, at: Credentials): Promise<void> {
  await engine.setConfig(KEY, { value: JSON.stringify({ ...settings.credentials, [host]: at }) });
}
