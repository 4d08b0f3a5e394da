/** The survival matrix: what every single failure, and every two at once, leave of each host's data. */
import { isBackup } from "../../settings/jobs/job.js";
import type { Settings } from "../../settings/schema.js";
import { CAREFUL, failuresOf, type Assumptions, type Failure } from "./failures.js";
import { fateOf, isWeaker, type Fate } from "./fate.js";
import { cheapest, type Remedy } from "./remedies.js";
import { wayBack } from "./way-back.js";

export interface Outcome extends Fate {
  /** What to do, in order; empty where nothing is left. */
  wayBack: string[];
  /** Only of a red one that does not follow: the cheapest change after which it is not; undefined: no change helps. */
  remedy?: Remedy | undefined;
}

export interface PairOutcome extends Outcome {
  /** Red, or it leaves less than each of the two alone. */
  weaker: boolean;
  /** One of the two is red by itself, and this one is therefore. */
  follows: boolean;
}

export interface HostThreats {
  host: string;
  singles: Outcome[];
  pairs: PairOutcome[];
}

export interface Threats {
  /** False when any failure, or any two, leave nothing of a job that a copy could restore. */
  ok: boolean;
  assumptions: Assumptions;
  hosts: HostThreats[];
}

export interface Question extends Assumptions {
  /** Whether every two failures at once are looked at too. */
  pairs: boolean;
}

/** Works the matrix out for every host that owns data. */
export function threatsOf(
  settings: Settings,
  { pairs, ...assumptions }: Question = { ...CAREFUL, pairs: true },
): Threats {
  const owners = Object.keys(settings.hosts).filter((name) => Object.values(settings.hosts[name]!.jobs).some(isBackup));
  const prices = new Map<string, number>();
  const hosts = owners.map((host): HostThreats => {
    const failures = failuresOf(settings, host, assumptions);
    const told = (hits: Failure[], follows = false): Outcome => {
      const fate = fateOf(settings, host, hits);
      const red = fate.red.length > 0 && !follows;
      const remedy = red ? { remedy: remedyOf(settings, host, assumptions, prices, fate) } : {};
      return { ...fate, wayBack: wayBack(host, fate), ...remedy };
    };
    const singles = failures.map((failure) => told([failure]));
    return { host, singles, pairs: pairs ? pairsOf(failures, singles, told) : [] };
  });
  const ok = hosts.every((one) => [...one.singles, ...one.pairs].every(({ red }) => red.length === 0));
  return { ok, assumptions, hosts };
}

function pairsOf(
  failures: Failure[],
  singles: Outcome[],
  told: (hits: Failure[], follows: boolean) => Outcome,
): PairOutcome[] {
  return failures.flatMap((one, i) =>
    failures.slice(i + 1).map((other, k): PairOutcome => {
      const alone = [singles[i]!, singles[i + 1 + k]!];
      const follows = alone.some(({ red }) => red.length > 0);
      const pair = told([one, other], follows);
      return { ...pair, weaker: isWeaker(pair, alone), follows };
    }),
  );
}

/** The same failures, which keep their names, in settings that were changed. */
function remedyOf(
  settings: Settings,
  host: string,
  assumptions: Assumptions,
  prices: Map<string, number>,
  { failures }: Fate,
): Remedy | undefined {
  return cheapest(settings, prices, (changed) => {
    const same = failuresOf(changed, host, assumptions).filter(({ name }) => failures.includes(name));
    return fateOf(changed, host, same).red.length === 0;
  });
}
