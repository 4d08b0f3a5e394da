/** Schedules as cron writes them (crontab(5) of Debian's cron): five fields, or one of the words with an "@". */
import { readList, type Grammar } from "./list.js";
import { all, listOf, range, RANGES, written, type Notation, type Times, type Unit } from "./times.js";

const WORDS: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};

/** In the order of a line. */
const FIELDS: readonly Unit[] = ["minutes", "hours", "days", "months", "weekdays"];

const MONTH_NAMES = numbered("jan feb mar apr may jun jul aug sep oct nov dec", 1);
const WEEKDAY_NAMES = numbered("sun mon tue wed thu fri sat", 0);

/** True for what can only be meant as a cron line: a calendar expression without a colon has three words at most. */
export function looksLikeCron(text: string): boolean {
  return text.startsWith("@") || (!text.includes(":") && text.split(/\s+/).length > 3);
}

/** The times of a cron line; a text says what is wrong with it. */
export function readCron(text: string): Times | string {
  if (text.startsWith("@")) {
    const line = WORDS[text.toLowerCase()];
    return line === undefined ? `"${text}" is no time: use ${Object.keys(WORDS).join(", ")}` : readCron(line);
  }
  const fields = text.split(/\s+/);
  if (fields.length !== FIELDS.length)
    return `a cron line has 5 fields (minute hour day month weekday), this one has ${fields.length}: e.g. "0 3 * * 1-5"`;
  if (fields[2] !== "*" && fields[4] !== "*")
    return 'cron would run on either of day and weekday, systemd on both at once: write "*" for one of them, or make two jobs';
  const times: Partial<Times> = {};
  for (const [i, unit] of FIELDS.entries()) {
    const values = readField(unit, fields[i] as string);
    if (typeof values === "string") return values;
    times[unit] = values;
  }
  return times as Times;
}

/**
 * The five fields, in a form every cron reads alike: numbers, steps only on a range, and a "*" only where nothing is
 * left out, as cron takes a day that begins with a star for a day that does not matter.
 */
export function cronText(times: Times): string {
  return FIELDS.map((unit) => written(unit, times[unit], notation(unit))).join(" ");
}

function notation(unit: Unit): Notation {
  const steps: Notation = { value: String, to: "-", every: (first, step) => `${first}-${RANGES[unit][1]}/${step}` };
  return unit === "weekdays" ? { value: String, to: "-" } : steps;
}

function readField(unit: Unit, text: string): number[] | string {
  const [star, step, ...more] = text.split("/");
  const grammar = grammarOf(unit);
  if (star !== "*" || more.length > 0) return fold(unit, readList(text, grammar));
  if (step === undefined) return all(unit);
  const [first, last] = grammar.range ?? RANGES[unit];
  const spelled = readList(`${first}-${last}/${step}`, grammar);
  if (typeof spelled !== "string" && spelled.length < 2)
    return `"${text}" has a step beyond ${last}: use a smaller one, or ${first}`;
  return fold(unit, spelled);
}

function grammarOf(unit: Unit): Grammar {
  const common = { unit, to: "-", openSteps: false };
  if (unit === "months") return { ...common, words: MONTH_NAMES };
  return unit === "weekdays" ? { ...common, words: WEEKDAY_NAMES, range: [0, 7] } : common;
}

/** Both 0 and 7 are Sunday. */
function fold(unit: Unit, values: number[] | string): number[] | string {
  return typeof values === "string" || unit !== "weekdays" ? values : listOf(values.map((day) => day % 7));
}

function numbered(names: string, first: number): Record<string, number> {
  const list = names.split(" ");
  return Object.fromEntries(range(0, list.length - 1).map((i) => [list[i] as string, first + i]));
}
