/** What a stack's backups cost a month: estimated from the settings and from sizes, by dated prices. Pure. */
import { backupJobs } from "../settings/jobs/job.js";
import { replicasOf } from "../settings/replicas.js";
import type { Copy, Settings, UploadsPlace } from "../settings/schema.js";
import { growing, MONTH } from "./growth.js";
import { BOX_GIB, BOXES, R2, SERVERS, SPACES, USD, XOF } from "./prices.js";
import { add, DEFAULT_GIB, jobUsage, NOTHING, uploadsUsage, type Usage } from "./usage.js";

/** What is assumed beside the settings. */
export interface Assumptions {
  /** GiB of one backup, by `HOST/JOB`, and of a bucket, by `uploads/NAME`. What is missing has {@link DEFAULT_GIB}. */
  sizes: Readonly<Record<string, number>>;
  /** Share a month: 0.03 is 3 %. */
  growth: number;
  usdPerEur: number;
}

export const DEFAULTS: Assumptions = { sizes: {}, growth: 0.03, usdPerEur: USD.perEur };

/** The months that are shown: the first, and those after 1 and 5 years. */
export const MONTHS = [1, 12, 60] as const;

/** Hours of a month: a server that is kept is billed for each. */
const HOURS = MONTH * 24;

/** Money of one month, to the cent; XOF has none. */
export interface Money {
  eur: number;
  usd: number;
  xof: number;
}

/** One place, or the drill's server, in one month. */
export interface ItemMonth extends Usage {
  month: number;
  /** Absent: no price is known. */
  cost?: Money;
}

export interface Item {
  /** `r2`, `r2, replica`, `uploads media`, `uploads media, replica`, `drill`. */
  name: string;
  /** What is billed: `Spaces`, `R2`, `Storage Box bx11`, `server cx23, 1 h`. */
  what: string;
  months: ItemMonth[];
  /** What the owner should know. */
  notes: string[];
}

/** The sum of all that have a price. */
export interface Total extends Money {
  month: number;
  /** Whether everything has a price. */
  complete: boolean;
}

export interface Cost {
  assumptions: Assumptions;
  items: Item[];
  total: Total[];
}

/** Something that is billed: what it asks in a month, and to which bill it is added. Places with one bill share what is free. */
interface Billed {
  name: string;
  what: string;
  bill: string;
  usage: (at: number) => Usage;
  /** EUR of the whole bill; undefined: not known. */
  price: (usage: Usage) => number | undefined;
  notes: (usage: Usage) => string[];
}

/** Every name that {@link Assumptions.sizes} may have, with the size that holds. */
export function sizesOf(settings: Settings, sizes: Assumptions["sizes"]): Record<string, number> {
  const jobs = Object.entries(settings.hosts).flatMap(([host, { jobs: all }]) =>
    Object.entries(backupJobs(all)).map(([job, { kind }]) => [`${host}/${job}`, DEFAULT_GIB[kind]] as const),
  );
  const uploads = Object.keys(settings.uploads ?? {}).map((name) => [`uploads/${name}`, DEFAULT_GIB.uploads] as const);
  return Object.fromEntries([...jobs, ...uploads].map(([name, gib]) => [name, sizes[name] ?? gib]));
}

/** What the copies, their replicas, buckets of uploads and the drill cost. The servers of the shop itself are not part of it. */
export function costOf(settings: Settings, assumptions: Assumptions = DEFAULTS): Cost {
  const known = { ...assumptions, sizes: sizesOf(settings, assumptions.sizes) };
  const items = itemsOf(billedOf(settings, known), known);
  const total = MONTHS.map((month, i): Total => {
    const costs = items.map(({ months }) => months[i]!.cost);
    const eur = costs.reduce((sum, cost) => sum + (cost?.eur ?? 0), 0);
    return { month, ...money(eur, known), complete: costs.every((cost) => cost !== undefined) };
  });
  return { assumptions: known, items, total };
}

/** What a place adds to its bill, in the order of the settings: so the first has what is free or included. */
function itemsOf(billed: Billed[], known: Assumptions): Item[] {
  const items: Item[] = billed.map(({ name, what }) => ({ name, what, months: [], notes: [] }));
  for (const month of MONTHS) {
    const bills = new Map<string, { usage: Usage; eur: number }>();
    for (const [i, { bill, usage, price, notes }] of billed.entries()) {
      const before = bills.get(bill) ?? { usage: NOTHING, eur: 0 };
      const own = usage(month * MONTH);
      const sum = add(before.usage, own);
      const eur = price(sum);
      bills.set(bill, { usage: sum, eur: eur ?? 0 });
      const item = items[i]!;
      item.months.push({ month, ...own, ...(eur === undefined ? {} : { cost: money(eur - before.eur, known) }) });
      item.notes = notes(own);
    }
  }
  return items;
}

function billedOf(settings: Settings, known: Assumptions): Billed[] {
  const { copies, hosts, retention } = settings;
  const jobs = Object.entries(hosts).flatMap(([host, { jobs: all }]) =>
    Object.entries(backupJobs(all)).map(([name, job]) => {
      return { job, size: growing(known.sizes[`${host}/${name}`]!, known.growth) };
    }),
  );
  const backups = (copy: Copy) => (at: number) =>
    jobs.map(({ job, size }) => jobUsage(job, copy, size, retention, at)).reduce(add, NOTHING);
  const uploads = (name: string) => (at: number) => uploadsUsage(known.sizes[`uploads/${name}`]!, known.growth, at);
  return [
    ...Object.entries(copies).map(([name, copy]) => place(name, copy, backups(copy), known)),
    ...Object.entries(settings.uploads ?? {}).map(([name, bucket]) =>
      place(`uploads ${name}`, bucket, uploads(name), known),
    ),
    ...replicasOf(settings).map(({ job }) =>
      job.holds === "backups"
        ? place(`${job.from}, replica`, job.target, backups(job.target), known)
        : place(`uploads ${job.from}, replica`, job.target, uploads(job.from), known),
    ),
    ...drill(settings),
  ];
}

function place(name: string, at: Copy | UploadsPlace, usage: Billed["usage"], known: Assumptions): Billed {
  switch (at.kind) {
    case "spaces":
      return {
        ...{ name, what: "Spaces", bill: "digitalocean", usage, notes: () => [] },
        price: (all) => spacesUsd(all) / known.usdPerEur,
      };
    case "r2":
      return {
        ...{ name, what: "R2", bill: at.accountId, usage, notes: r2Notes },
        price: (all) => r2Usd(all) / known.usdPerEur,
      };
    case "storageBox":
      return {
        ...{ name, what: `Storage Box ${at.type}`, bill: name, usage },
        price: () => BOXES.monthly[at.type],
        notes: ({ standardGiB }) => boxNotes(at.type, standardGiB),
      };
  }
}

/** A server for each host that owns data, an hour a month; or one that is left standing. */
function drill({ hosts, drill: settings }: Settings): Billed[] {
  const owners = Object.values(hosts).filter(({ jobs }) => Object.keys(backupJobs(jobs)).length > 0).length;
  if (owners === 0) return [];
  const type = settings?.server.type ?? "cx23";
  const kept = settings?.keep === true;
  const hourly = SERVERS.hourly[type];
  const price = hourly === undefined ? undefined : hourly * (kept ? HOURS : owners);
  const what = `server ${type}, ${kept ? "kept" : `${owners} h`}`;
  return [{ name: "drill", what, bill: "drill", usage: () => NOTHING, price: () => price, notes: () => [] }];
}

function spacesUsd({ standardGiB, outGiB }: Usage): number {
  const more = Math.max(0, standardGiB - SPACES.includedGiB) * SPACES.perGiB;
  return SPACES.monthly + more + Math.max(0, outGiB - SPACES.includedOutGiB) * SPACES.perOutGiB;
}

/** Cloudflare counts in 10^9 bytes and rounds each quantity up. */
function r2Usd({ standardGiB, infrequentGiB, classA, classB }: Usage): number {
  const beyond = (quantity: number, free: number) => Math.max(0, Math.ceil(quantity) - free);
  return (
    beyond(gb(standardGiB), R2.freeGB) * R2.perGB +
    beyond(gb(infrequentGiB), 0) * R2.infrequentPerGB +
    beyond(classA / 1e6, R2.freeMillionA) * R2.perMillionA +
    beyond(classB / 1e6, R2.freeMillionB) * R2.perMillionB
  );
}

function gb(gib: number): number {
  return (gib * 2 ** 30) / 1e9;
}

function r2Notes({ classA, infrequentGiB }: Usage): string[] {
  const share = Math.round((classA / (R2.freeMillionA * 1e6)) * 100);
  const note = `${Math.round(classA).toLocaleString("en")} writes a month: ${share} % of what an account has free`;
  return infrequentGiB === 0 ? [note] : [note, MOVES];
}

/** Its examples bill 1,000 writes of that class as a million. */
const MOVES =
  "not in the sum: Cloudflare does not say in which class it counts a move to Infrequent Access; in the dearer one, rounded up to a million, it is $9 a month";

function boxNotes(type: string, gib: number): string[] {
  const fits = gib <= BOX_GIB[type]!;
  const priced = BOXES.monthly[type] !== undefined;
  return [
    ...(fits ? [] : [`${Math.round(gib)} GiB after 5 years: more than a ${type} holds; plan a larger one`]),
    ...(priced ? [] : [`the price of a ${type} is not known here: see hetzner.com/storage/storage-box`]),
  ];
}

function money(eur: number, { usdPerEur }: Assumptions): Money {
  const cents = (amount: number) => Math.round(amount * 100) / 100;
  return { eur: cents(eur), usd: cents(eur * usdPerEur), xof: Math.round(eur * XOF.perEur) };
}
