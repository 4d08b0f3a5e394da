/**
 * What root on the shop's host can do to each copy, tried with everything that is found there, and judged from outside by
 * content. Every attack is one of `plan/attack-claims.ts`, which says how it ends. Afterwards the lab is of no more use.
 */
import type { ShopServer } from "../rehearsal/shop-server.js";
import type { Check } from "../shop/content.js";
import type { World } from "../world.js";
import { damage, outcome, pieces, told, type Answer, type Contents, type Damage, type Vault } from "./damage.js";
import { ATTACKS, type Attack, type Kind, type Outcome, type Part } from "../../plan/attack-claims.js";
import { collect, partIn, searchFor, type Loot, type Target } from "./loot.js";
import { openState, ownersSecrets, vaultOf } from "./owner.js";
import { boxMoves } from "./thief-box.js";
import { opens, resticMoves } from "./thief-restic.js";
import { s3Moves } from "./thief-s3.js";
import { backupMoves, listed, stopBackups, type Moves } from "./thief.js";

/** One line of the table, and of `rehearsal.json`. */
export interface Row {
  copy: string;
  part: Part;
  attack: string;
  expected: Outcome;
  outcome: Outcome;
  told: string;
}

/** What is left of a part of a copy when everything was tried. */
interface Left extends Damage {
  copy: string;
  part: Part;
}

const KIND: Record<Target["provider"], Kind> = { DigitalOcean: "spaces", Cloudflare: "r2", sftp: "storageBox" };
const PARTS: Exclude<Part, "copy">[] = ["backups", "repository", "escrow"];

/**
 * Loots the host, attacks every copy it knows, and compares with what is documented.
 * @returns the checks, the table, and what was found on the host (names, no values)
 * @param onRow hears of every attack when it was judged
 * @throws Error when an attack could not be tried
 */
export async function attack(
  world: World,
  server: ShopServer,
  onRow: (row: Row) => void = () => undefined,
): Promise<{ checks: Check[]; table: Row[]; found: string[] }> {
  const state = await openState();
  // The plan's daily snapshot, made after the night's backups.
  await world.clouds.makeDailySnapshots();
  await stopBackups(server);
  const loot = await collect(server);
  const checks = await searchFor(server, await ownersSecrets(world, state));
  const results = await Promise.all(
    loot.targets.map(async (target) => {
      const vault = await vaultOf(world, state, target);
      try {
        return await attackCopy(world, server, loot, target, vault, onRow);
      } finally {
        await vault.close();
      }
    }),
  );
  const table = results.flatMap(({ rows }) => rows);
  checks.push(...results.flatMap((result) => result.checks), ...table.map(rowCheck));
  return { checks: [...checks, ...survival(results.flatMap(({ left }) => left))], table, found: loot.found };
}

async function attackCopy(
  world: World,
  server: ShopServer,
  loot: Loot,
  target: Target,
  vault: Vault,
  onRow: (row: Row) => void,
): Promise<{ rows: Row[]; checks: Check[]; left: Left[] }> {
  const api = (vendor: string): string => world.clouds.url(`api.${vendor}`);
  const first = await vault.look();
  const piecesOf = (part: Part): Map<string, string> => pieces(first.now, part, partIn(target));
  const there = PARTS.filter((part) => piecesOf(part).size > 0);
  const checks = [await baseline(target, vault, first), partsCheck(loot, target, there)];
  if (!there.includes("backups")) return { rows: [], checks, left: [] };
  const keys = await listed(server, target);
  const moves: Moves = {
    ...backupMoves(server, target, keys),
    ...resticMoves(server, loot, target),
    ...(target.provider === "sftp" ? boxMoves(server, loot, target, api) : s3Moves(loot, target, keys, api)),
  };
  const rows: Row[] = [];
  const kind = KIND[target.provider];
  let before = first;
  const left = (part: Part): Damage => damage(piecesOf(part), before);
  for (const one of ATTACKS) {
    if (one.ends[kind] === undefined || (one.part !== "copy" && !there.includes(one.part))) continue;
    const move = moves[`${one.part}/${one.id}`];
    if (!move) throw new Error(`nobody knows how to carry out "${one.what}" against ${target.name}`);
    const answer = await move();
    const after = await vault.look();
    const judged = row(target, vault, one, one.ends[kind], piecesOf(one.part), before, after, answer);
    rows.push(judged);
    onRow(judged);
    before = await repaired(vault, piecesOf("copy"), after);
    if (one.part === "repository" && one.id === "delete") checks.push(await openCheck(server, loot, target));
  }
  if (there.includes("repository") && kind === "storageBox") checks.push(await openCheck(server, loot, target));
  return { rows, checks, left: there.map((part) => ({ copy: target.name, part, ...left(part) })) };
}

function row(
  target: Target,
  vault: Vault,
  { part, what }: Attack,
  expected: Outcome,
  wanted: Map<string, string>,
  before: Contents,
  after: Contents,
  answer: Answer,
): Row {
  const then = damage(wanted, before);
  const now = damage(wanted, after);
  const end = outcome(vault, then, now, answer);
  return { copy: target.name, part, attack: what, expected, outcome: end, told: told(end, now, answer) };
}

/** What can be brought back is brought back before the next attack, and looked at. @throws Error when it is not back */
async function repaired(vault: Vault, wanted: Map<string, string>, after: Contents): Promise<Contents> {
  const harm = damage(wanted, after);
  if (harm.back === 0) return after;
  await vault.repair(wanted);
  const now = await vault.look();
  const rest = damage(wanted, now);
  if (rest.back > 0 || rest.lost > harm.lost)
    throw new Error(`${vault.backBy} did not bring back ${rest.back + rest.lost - harm.lost} of ${harm.back} pieces`);
  return now;
}

/** Before anything is tried, every manifest tells the truth of what lies beside it. */
async function baseline(target: Target, vault: Vault, { now }: Contents): Promise<Check> {
  let artifacts = 0;
  let wrong = 0;
  for (const key of now.keys()) {
    if (!/(^|\/)(daily|monthly|annual|base)\/.*\.json$/.test(key)) continue;
    const manifest = JSON.parse(await vault.read(key)) as {
      artifacts?: { name: string; encrypted: { sha256: string } }[];
    };
    for (const { name, encrypted } of manifest.artifacts ?? []) {
      artifacts++;
      if (now.get(key.replace(/[^/]+$/, name)) !== encrypted.sha256) wrong++;
    }
  }
  const actual =
    artifacts === 0 ? "no artifact" : wrong === 0 ? "as the manifests say" : `${wrong} of ${artifacts} wrong`;
  const name = `attack: artifacts of ${target.name} before`;
  if (target.environment["GRANARY_REPLICA_HOLDS"] === "uploads")
    return { name, ok: true, expected: "as the manifests say", actual: "uploads, which have no manifests" };
  return { name, ok: actual === "as the manifests say", expected: "as the manifests say", actual };
}

/** A part that is not there cannot be attacked: that must not pass for having withstood. */
function partsCheck(loot: Loot, { name, environment }: Target, there: Part[]): Check {
  const files = loot.repositories.length > 0 && environment["GRANARY_REPLICA_HOLDS"] !== "uploads";
  const expected = (files ? PARTS : PARTS.slice(0, 1)).join(", ");
  const actual = there.join(", ");
  return { name: `attack: what ${name} holds before`, ok: actual === expected, expected, actual };
}

async function openCheck(server: ShopServer, loot: Loot, target: Target): Promise<Check> {
  const actual = await opens(server, loot, target);
  const name = `attack: uploads of ${target.name} are read in full after it`;
  return { name, ok: actual === "whole", expected: "whole", actual };
}

function rowCheck({ copy, part, attack: what, expected, outcome: actual }: Row): Check {
  return { name: `attack: ${copy}, ${part}: ${what}`, ok: actual === expected, expected, actual };
}

/** At least one copy still gives back everything, whatever was tried. */
function survival(left: Left[]): Check[] {
  const copies = [...new Set(left.map(({ copy }) => copy))];
  const whole = copies.filter((copy) => left.every((part) => part.copy !== copy || part.lost === 0));
  const backups = left.filter(({ part, inPlace, all }) => part === "backups" && all > 0 && inPlace === all);
  const says = (names: string[]): string => (names.length > 0 ? "yes" : "none does");
  return [
    {
      name: `attack: a copy survives every attack in full (${whole.join(", ")})`,
      ok: whole.length > 0,
      expected: "yes",
      actual: says(whole),
    },
    {
      name: `attack: backups are all in place (${backups.map(({ copy }) => copy).join(", ")})`,
      ok: backups.length > 0,
      expected: "yes",
      actual: says(backups.map(({ copy }) => copy)),
    },
  ];
}

/** The table as people read it. */
export function printed(table: Row[]): string {
  const cells = table.map(({ copy, part, attack: what, told: end }) => [copy, part, what.split(":")[0]!, end]);
  const widths = [0, 1, 2].map((at) => Math.max(...cells.map((cell) => cell[at]!.length)));
  return cells
    .map((cell) =>
      cell
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
