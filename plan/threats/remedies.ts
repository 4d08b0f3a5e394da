/** What to add so that a failure leaves something: tried in the model, and priced. */
import type { Copy, R2Copy, SpacesCopy, Settings, StorageBoxCopy } from "../../settings/schema.js";
import { HETZNER_BOX_HOST_KEY } from "../../settings/copies/storage-box.js";
import { scheduleSchema } from "../../settings/schedule.js";
import { costOf, MONTHS } from "../cost.js";
import { MONTH } from "../growth.js";
import { SERVERS } from "../prices.js";
import { MONTH_DAYS, YEAR_DAYS } from "../retention.js";

export interface Remedy {
  /** What to change in the settings. */
  what: string;
  /** EUR a month after a year, by dated prices and assumed sizes: `granary cost` has both. */
  eurPerMonth: number;
}

interface Change {
  what: string;
  made: (settings: Settings) => Settings;
  /** EUR a month of a server that it needs. */
  server?: number;
}

/** An account and a key that nobody has: only how many there are, and that they are others, counts here. */
const OTHER_ACCOUNT = "0".repeat(32);
const OTHER_RECIPIENT = "age1another";
const OTHER_HOST = "another host";

/** The month that is compared: the one after a year. */
const COMPARED = MONTHS.indexOf(12);

const ANOTHER_IDENTITY: Change = {
  what: "one more identity, kept apart from the others and from the laptop (`npx granary keygen`, encryption.recipients)",
  made: (settings) => ({
    ...settings,
    encryption: { recipients: [...settings.encryption.recipients, OTHER_RECIPIENT] },
  }),
};

const LONGER_LOCK: Change = {
  what: "a longer lock (lockDays), as long as the retention lets it be",
  made: (settings) => ({
    ...settings,
    copies: Object.fromEntries(
      Object.entries(settings.copies).map(([name, copy]) => [
        name,
        copy.kind === "r2" ? { ...copy, lockDays: longestLock(settings) } : copy,
      ]),
    ),
  }),
};

/**
 * The cheapest change after which `cured` holds; two at a time only where no single one does.
 * @param prices what was priced before, by what is changed: to price takes longer than all the rest
 * @returns undefined when none does
 */
export function cheapest(
  settings: Settings,
  prices: Map<string, number>,
  cured: (changed: Settings) => boolean,
): Remedy | undefined {
  const single = [ANOTHER_IDENTITY, LONGER_LOCK, ...copiesToAdd(settings), ...replicasToAdd(settings)];
  const double = single.flatMap((one, i) => single.slice(i + 1).map((other) => both(one, other)));
  const helps = ({ made }: Change) => cured(made(settings));
  const alone = single.filter(helps);
  const priced = (alone.length > 0 ? alone : double.filter(helps)).map((change) => {
    const eurPerMonth = prices.get(change.what) ?? priceOf(settings, change);
    prices.set(change.what, eurPerMonth);
    return { what: change.what, eurPerMonth };
  });
  return priced.sort((one, other) => one.eurPerMonth - other.eurPerMonth)[0];
}

function priceOf(settings: Settings, { made, server = 0 }: Change): number {
  return Math.round((bill(made(settings)) - bill(settings) + server) * 100) / 100;
}

function both(one: Change, other: Change): Change {
  return {
    what: `${one.what}, and ${other.what}`,
    made: (settings) => other.made(one.made(settings)),
    server: Math.max(one.server ?? 0, other.server ?? 0),
  };
}

function bill(settings: Settings): number {
  return costOf(settings).total[COMPARED]!.eur;
}

/** A host that owns nothing has no key to any copy: what it fills is out of the reach of the others. */
function replicasToAdd({ copies }: Settings): Change[] {
  return Object.entries(copies).flatMap(([name, copy]): Change[] => {
    if (copy.kind !== "spaces" || copy.replica !== undefined) return [];
    const region = copy.region === "ams3" ? "fra1" : "ams3";
    const schedule = scheduleSchema.parse("04:40");
    const replica = { region, on: OTHER_HOST, schedule };
    return [
      {
        what: `a replica of ${name}, filled by a host that owns no data, { region: ${region}, on: … }`,
        made: (settings) => ({ ...settings, copies: { ...settings.copies, [name]: { ...copy, replica } } }),
        server: SERVERS.hourly["cx23"]! * 24 * MONTH,
      },
    ];
  });
}

/** Every kind of copy in two parts of the world; one box is all that a host can have. */
function copiesToAdd(settings: Settings): Change[] {
  const hasBox = Object.values(settings.copies).some(({ kind }) => kind === "storageBox");
  const lockDays = longestLock(settings);
  const r2 = (location: R2Copy["location"]): R2Copy => ({
    ...{ kind: "r2", accountId: OTHER_ACCOUNT, bucket: "another", location, jurisdiction: "default", lockDays },
    infrequentAccessAfterDays: 30,
  });
  const spaces = (region: string): SpacesCopy => ({ kind: "spaces", region, bucket: "another" });
  const box = (location: string): StorageBoxCopy => ({
    ...{ kind: "storageBox", type: "bx11", location, hostKey: HETZNER_BOX_HOST_KEY },
    snapshots: { keep: 10, hourUtc: 5 },
  });
  return [
    add("an r2 copy in an account of its own, { kind: r2, location: weur, … }", r2("weur")),
    add("an r2 copy in an account of its own, { kind: r2, location: enam, … }", r2("enam")),
    add("a spaces copy, { kind: spaces, region: ams3, … }", spaces("ams3")),
    add("a spaces copy, { kind: spaces, region: nyc3, … }", spaces("nyc3")),
    ...(hasBox
      ? []
      : [
          add("a storage box, { kind: storageBox, location: hel1 }", box("hel1")),
          add("a storage box, { kind: storageBox, location: ash }", box("ash")),
        ]),
  ];
}

function add(what: string, copy: Copy): Change {
  return {
    what,
    made: (settings) => ({ ...settings, copies: { ...settings.copies, [`another-${what}`]: copy } }),
  };
}

/** What the settings allow: a lock that outlives a tier would stop its expiry. */
function longestLock({ retention: { dailyDays, monthlyMonths, annualYears } }: Settings): number {
  return Math.min(dailyDays, monthlyMonths * MONTH_DAYS, annualYears * YEAR_DAYS);
}
