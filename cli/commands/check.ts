import { parseArgs } from "node:util";
import type { LastDrill } from "../../plan/drill.js";
import { prove } from "../../plan/proof.js";
import { threatsOf } from "../../plan/threats/matrix.js";
import { upcoming } from "../../plan/upcoming.js";
import { parseSettings } from "../../settings/parse.js";
import type { Host, Settings } from "../../settings/schema.js";
import { readStackFile } from "../../settings/stack-file.js";
import { reportText, type FillerReport, type HostReport } from "../check-report.js";
import { UsageError, type Command } from "../command.js";
import { lastDrills } from "../evidence/last-drill.js";
import { threatsText } from "../threats-report.js";

const HELP = `usage: granary check [--stack NAME] [--json]
       granary check --threats [--singles] [--open-laptop] [--stack NAME] [--json]

Reads Pulumi.<NAME>.yaml and shows whether it keeps the 3-2-1 rule and when each job runs next (UTC). Whether a restore
works is what the newest drill in evidence/ says: one that failed, or is older than 35 days, breaks the rule.
Touches nothing, needs no credentials.

With --threats it works out what each single failure, and every two at once, leave of each host's data instead: a server
destroyed or broken into, a cloud that is down, an account lost, a region, a stolen laptop, a lost identity or passphrase,
a mistake. What is red leaves nothing that a copy can restore, and has the cheapest remedy beside it: docs/threats.md

  --threats      the survival matrix; of pairs those that are red, or leave less than each of the two alone
  --singles      single failures alone, and the exit code by them
  --open-laptop  the laptop is stolen with the providers' tokens and the passphrase in its shell
  --stack NAME   the stack (prod)
  --json         the same as JSON, with every pair

examples:
  granary check
  granary check --threats
  granary check --threats --singles --json

exit codes: 0 the rule holds, nothing is red; 1 it does not, something is, or the settings are wrong; 64 wrong arguments
`;

/** `granary check`: the 3-2-1 proof of a stack and the next runs of its jobs. */
export const check: Command = {
  summary: "show whether a stack keeps the 3-2-1 rule, without touching anything",
  help: HELP,
  // eslint-disable-next-line @typescript-eslint/require-await -- a command may wait; this one has nothing to wait for
  async run(args, terminal) {
    const { stack, json, threats, singles, "open-laptop": openLaptop } = optionsIn(args);
    if (!/^[\w.-]+$/.test(stack)) throw new UsageError(`bad stack name "${stack}": use the NAME of Pulumi.NAME.yaml`);
    const settings = parseSettings(readStackFile(terminal.directory, stack));
    if (threats) {
      const found = threatsOf(settings, { openLaptop, pairs: !singles });
      terminal.out(json ? `${JSON.stringify(found, undefined, 2)}\n` : threatsText(found, terminal));
      return found.ok ? 0 : 1;
    }
    const report = reportOf(settings, terminal.now ?? new Date(), lastDrills(terminal.directory, settings));
    terminal.out(
      json ? `${JSON.stringify(report, undefined, 2)}\n` : reportText(report.hosts, report.fillers, terminal),
    );
    return report.ok ? 0 : 1;
  },
};

function optionsIn(args: string[]) {
  const flag = { type: "boolean", default: false } as const;
  const options = { stack: { type: "string", default: "prod" }, json: flag, threats: flag } as const;
  const found = parseArgs({ args, options: { ...options, singles: flag, "open-laptop": flag }, strict: true }).values;
  if (!found.threats && (found.singles || found["open-laptop"]))
    throw new UsageError("--singles and --open-laptop are of --threats: add it");
  return found;
}

/** The proof as it is, and below each host what starts there when. */
function reportOf(
  settings: Settings,
  now: Date,
  drills: Record<string, LastDrill>,
): { ok: boolean; hosts: HostReport[]; fillers: FillerReport[] } {
  const { ok, hosts } = prove(settings, { drills, now });
  const jobs = (host: string) => upcoming(settings.hosts[host] as Host, now);
  const others = Object.keys(settings.hosts).filter((name) => !hosts.some(({ host }) => host === name));
  return {
    ok,
    hosts: hosts.map((proof) => ({ ...proof, jobs: jobs(proof.host) })),
    fillers: others.map((host) => ({ host, jobs: jobs(host) })),
  };
}
