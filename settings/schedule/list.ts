import { listOf, NAMES, range, RANGES, type Unit } from "./times.js";

/** How one list of a schedule is read. */
export interface Grammar {
  unit: Unit;
  /** Between the ends of a range: ".." or "-". */
  to: string;
  /** First and last number that may be written; cron takes 7 for Sunday as well. */
  range?: readonly [number, number];
  /** Values that may be written as words, in lower case. */
  words?: Readonly<Record<string, number>>;
  /** Whether a single value may have a step and then goes on to the end, as in systemd's "0/15". */
  openSteps: boolean;
}

/** One item of a list. */
interface Item {
  first: number;
  last: number;
  step: number;
}

/** The values of "1,3..5,10/2"; a text says what is wrong with it. */
export function readList(text: string, grammar: Grammar): number[] | string {
  const found: number[] = [];
  for (const part of text.split(",")) {
    const item = readItem(part, grammar);
    if (typeof item === "string") return item;
    found.push(...range(item.first, item.last, item.step));
  }
  return listOf(found);
}

function readItem(part: string, grammar: Grammar): Item | string {
  const [span = "", step, ...more] = part.split("/");
  const [from = "", to, ...rest] = span.split(grammar.to);
  const first = numberOf(from, grammar);
  const last = to === undefined ? first : numberOf(to, grammar);
  const by = step === undefined ? 1 : Number(step);
  if (first === undefined || last === undefined || more.length > 0 || rest.length > 0 || !isDigits(step ?? "1"))
    return `"${part}" is no ${NAMES[grammar.unit]}: use ${example(grammar)}`;
  const open = step !== undefined && to === undefined;
  return fault(part, { first, last, step: by }, open, grammar) ?? { first, last: open ? end(grammar) : last, step: by };
}

function fault(part: string, { first, last, step }: Item, open: boolean, grammar: Grammar): string | undefined {
  const [lowest, highest] = grammar.range ?? RANGES[grammar.unit];
  const name = NAMES[grammar.unit];
  const outside = [first, last].find((n) => n < lowest || n > highest);
  if (outside !== undefined) return `there is no ${name} ${outside}: use ${lowest} to ${highest}`;
  if (first > last)
    return `"${part}" runs backwards: write the part before the end and the part after it, with a comma`;
  if (step === 0) return `"${part}" has a step of 0: use at least 1`;
  if (!open) return undefined;
  if (!grammar.openSteps)
    return `"${part}" is read in different ways by different crons: write ${first}-${highest}/${step}`;
  return first + step > highest ? `"${part}" has a step beyond ${name} ${highest}: use a smaller one` : undefined;
}

function end(grammar: Grammar): number {
  return RANGES[grammar.unit][1];
}

function numberOf(text: string, { words }: Grammar): number | undefined {
  return isDigits(text) ? Number(text) : words?.[text.toLowerCase()];
}

function isDigits(text: string): boolean {
  return /^\d{1,2}$/.test(text);
}

function example({ unit, to, range: written, words, openSteps }: Grammar): string {
  const [lowest, highest] = written ?? RANGES[unit];
  const names = words === undefined ? "" : ` or ${Object.keys(words).slice(0, 2).join(", ")}, …`;
  return `${lowest} to ${highest}${names}, lists (1,3), ranges (1${to}5) and steps (1${openSteps ? "" : `${to}5`}/2)`;
}
