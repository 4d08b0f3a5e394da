/** The survival matrix, as tables for people. */
import { best, type Fate, type JobFate } from "../plan/threats/fate.js";
import type { HostThreats, Outcome, PairOutcome, Threats } from "../plan/threats/matrix.js";
import type { Terminal } from "./command.js";
import { rows } from "./table.js";

const HEAD = ["production", "can be restored from", "newest at worst", "as far back as"];
const DAY = 86_400;
const YEAR = 366;

/** What a laptop without `--open-laptop` is taken to hold, and other things that settings cannot tell. */
const ASSUMED = [
  "an intruder is noticed before the lock and the snapshots end; what he wrote meanwhile is not restored",
  "`granary maintain` and drills run as they should: docs/maintenance.md, docs/drill.md",
];
const CLOSED =
  "the stolen laptop has an SSH key without a passphrase, the first identity and the state, but no token and not the passphrase (--open-laptop)";
const OPEN = "the stolen laptop has everything: tokens, passphrase, SSH key, the first identity, the state";

/** The tables of every host. */
export function threatsText({ ok, hosts, assumptions }: Threats, terminal: Terminal): string {
  if (hosts.length === 0) return "no host owns data: nothing can be lost\n";
  const verdict = ok
    ? paint("no failure leaves nothing", 32, terminal)
    : paint("SOMETHING LEAVES NOTHING that a copy can restore: look for NOTHING", 31, terminal);
  return [
    ...hosts.flatMap((host) => hostLines(host, terminal)),
    "assumed:",
    ...[assumptions.openLaptop ? OPEN : CLOSED, ...ASSUMED].map((text) => `  ${text}`),
    "",
    verdict,
    "",
  ].join("\n");
}

function hostLines({ host, singles, pairs }: HostThreats, terminal: Terminal): string[] {
  const shown = pairs.filter(({ weaker, follows }) => weaker && !follows);
  return [
    `host ${host}, each failure alone`,
    "",
    ...table(["failure", ...HEAD], singles, terminal),
    "",
    "way back:",
    ...singles
      .filter(({ wayBack }) => wayBack.length > 0)
      .map((one) => `  ${titleOf(one)}: ${one.wayBack.join("; then ")}`),
    "",
    ...(pairs.length > 0 ? pairLines(pairs, shown, terminal) : []),
    ...remedyLines([...singles, ...shown]),
  ];
}

function pairLines(pairs: PairOutcome[], shown: PairOutcome[], terminal: Terminal): string[] {
  const following = pairs.filter(({ follows }) => follows).length;
  const rest = pairs.length - shown.length - following;
  const counted = [
    `${rest} of ${pairs.length} pairs leave no less than the worse of the two alone`,
    ...(following > 0 ? [`${following} have one in them that is red by itself`] : []),
  ];
  const lines = shown.length > 0 ? [...table(["two at once", ...HEAD], shown, terminal), ""] : [];
  return [...lines, `  ${counted.join("; ")}; the way back of a pair is that of both`, ""];
}

/** What is red, by what would cure it. */
function remedyLines(outcomes: Outcome[]): string[] {
  const red = outcomes.filter((one) => one.red.length > 0);
  const words = ({ remedy }: Outcome): string =>
    remedy === undefined
      ? "no change of the settings: keep one backup by hand, on a disk that is not connected (docs/threats.md#by-hand)"
      : `${remedy.what}: EUR ${remedy.eurPerMonth.toFixed(2)} a month more after a year`;
  const all = [...new Set(red.map(words))];
  if (all.length === 0) return [];
  return [
    "to do:",
    ...all.flatMap((remedy) => [
      `  ${remedy}`,
      ...red.filter((one) => words(one) === remedy).map((one) => `    against ${titleOf(one)}`),
    ]),
    "",
  ];
}

function table(head: string[], outcomes: Fate[], terminal: Terminal): string[] {
  const [first, ...lines] = rows([head, ...outcomes.map(cells)]);
  return [first!, ...lines.map((line, i) => (outcomes[i]!.red.length > 0 ? paint(line, 31, terminal) : line))];
}

function cells(fate: Fate): string[] {
  const found = fate.jobs.filter(({ job }) => !fate.red.includes(job)).map(best);
  return [
    titleOf(fate),
    fate.production,
    [...nothing(fate), ...places(fate)].join(", "),
    ...(found.length > 0
      ? [
          ages(found.map(({ newestSeconds }) => newestSeconds)),
          span(Math.min(...found.map((one) => one.reachDays)) * DAY),
        ]
      : ["-", "-"]),
  ];
}

/** `NOTHING of media until the outage ends` */
function nothing({ red, jobs }: Fate): string[] {
  if (red.length === 0) return [];
  const what = red.length === jobs.length ? "NOTHING" : `NOTHING of ${red.join(" ")}`;
  const later = jobs.filter(({ job }) => red.includes(job)).every(({ left }) => left.length > 0);
  return [later ? `${what} until the outage ends` : what];
}

/** `r2 (lock, not media)` */
function places({ jobs, red }: Fate): string[] {
  const names = [...new Set(jobs.flatMap(({ left }) => left.filter(({ away }) => !away).map(({ place }) => place)))];
  return names.map((name) => {
    const there = jobs.flatMap(({ left }) => left.filter(({ place }) => place === name));
    const saved = [...new Set(there.map(({ by }) => by))].filter((by) => by !== "itself");
    const lacks = ({ job, left }: JobFate) => !red.includes(job) && left.every(({ place }) => place !== name);
    const without = jobs.filter(lacks).map(({ job }) => job);
    const notes = [...saved, ...(without.length > 0 ? [`not ${without.join(" ")}`] : [])];
    return notes.length > 0 ? `${name} (${notes.join(", ")})` : name;
  });
}

function titleOf({ failures }: Fate): string {
  return failures.join(" + ");
}

function ages(seconds: number[]): string {
  const [least, most] = [span(Math.min(...seconds)), span(Math.max(...seconds))];
  return least === most ? least : `${least} to ${most}`;
}

/** 60 s, 24 h, 7 d, 5 y */
function span(seconds: number): string {
  if (seconds < 3600) return `${seconds} s`;
  if (seconds < 3 * DAY) return `${Math.round(seconds / 3600)} h`;
  const days = Math.round(seconds / DAY);
  return days < 2 * YEAR ? `${days} d` : `${Math.floor(days / YEAR)} y`;
}

function paint(text: string, color: number, terminal: Terminal): string {
  return terminal.color ? `\u001b[${color}m${text}\u001b[0m` : text;
}
