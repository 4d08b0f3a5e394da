import type { Finding } from "./finding.js";
import { judgeDatabases } from "./judge/database.js";
import { judgeMachine } from "./judge/machine.js";
import { judgePermissions } from "./judge/permissions.js";
import { judgeScripts } from "./judge/scripts.js";
import { judgeSettings } from "./judge/settings.js";
import { judgeTools } from "./judge/tools.js";
import { judgeUnits } from "./judge/units.js";
import type { Expected } from "./program.js";
import type { Probe } from "./read.js";

/**
 * All that is not as it should be on a host, red first, and what others rest on before them, so that
 * the fixes may be done in this order. Pure: what was found there goes in.
 * @param asked between which moments of the laptop's clock the host was asked, milliseconds
 */
export function judge(expected: Expected, probe: Probe, asked: { from: number; to: number }): Finding[] {
  const all = [
    ...judgePermissions(probe),
    ...judgeTools(expected, probe),
    ...judgeScripts(expected, probe),
    ...judgeSettings(expected, probe),
    ...judgeUnits(expected, probe),
    ...judgeDatabases(expected, probe),
    ...judgeMachine(probe, asked),
  ];
  return [...all.filter(({ colour }) => colour === "red"), ...all.filter(({ colour }) => colour === "yellow")];
}
