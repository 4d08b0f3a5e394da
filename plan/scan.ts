/**
 * Which backups of a job look as an attack leaves them, by figures that can be read without opening any: sizes, rows by table,
 * how well the data compresses, how much of the files is another than the day before. Each backup is compared with the good
 * ones before it, by median and median absolute deviation, which a few odd days do not move.
 */

/** What is known of one backup. */
export interface Figures {
  /** `20261123T030000Z`. */
  stamp: string;
  /** Of the data itself, neither compressed nor encrypted. Of an archive, whose own size nobody wrote down: compressed. */
  bytes: number;
  /** Part that is left of it when compressed: what is encrypted already does not shrink, and comes to 1. */
  stored?: number;
  /** By table. */
  rows?: Record<string, number>;
  files?: number;
  /** Against the backup before; none of the first. */
  change?: Change;
}

/** Files that differ from those of the backup before. */
export interface Change {
  added: number;
  changed: number;
  removed: number;
  /** The commonest ending among the new files that no removed one had, e.g. ".locked". */
  ending?: { name: string; files: number };
}

export type What = "shrunk" | "emptied" | "compresses worse" | "rewritten" | "rewritten slowly" | "renamed" | "grown";

/** Something odd, with what was found and what is usual there. */
export interface Mark {
  what: What;
  found: string;
  usual: string;
  /** Whether it is enough by itself: `grown` is not, for a shop may import something. */
  alone: boolean;
}

export interface Judged {
  figures: Figures;
  marks: Mark[];
  /** `first`: there are not enough good ones before it to compare it with. */
  verdict: "first" | "clean" | "suspicious";
}

/** So many good backups are needed to say what is usual. */
export const LEAST = 3;

/** The history that counts: a shop of last year is another one. */
const HISTORY = 30;
/** Deviations from the median that are odd. Six, since daily figures of shops have long tails: one false alarm in years. */
const DEVIATIONS = 6;
/** A median absolute deviation, times this, is the standard deviation of what is spread normally. */
const NORMAL = 1.4826;
/** Below half of what was usual: the same figure at which `granary maintain` stops. */
const HALF = 0.5;
/** Growth from one day to the next that may be something, whatever was usual: a sale of three times the orders is far below. */
const GROWN = 1.5;
/** A table with fewer rows may well be emptied by hand. */
const TABLE = 100;
/** Part that is left when compressed, more than usual: encrypting a fifteenth of what compresses to a quarter does that. */
const WORSE = 0.05;
/** Part of all files that is changed or gone in one day, and in a week: shops add pictures and seldom change any. */
const REWRITTEN = { day: 0.1, week: 0.25 };
const WEEK = 7;
/** Fewer files may be a person at work. */
const FILES = 20;

/** Oldest first, and so are the answers. A suspicious backup is no measure for those after it. */
export function judge(history: readonly Figures[]): Judged[] {
  const good: Figures[] = [];
  return history.map((figures) => {
    const before = good.slice(-HISTORY);
    const marks = before.length < LEAST ? [] : marksOf(figures, before);
    const suspicious = marks.some(({ alone }) => alone) || marks.length > 1;
    if (!suspicious) good.push(figures);
    const verdict = suspicious ? "suspicious" : before.length < LEAST ? "first" : "clean";
    return { figures, marks, verdict };
  });
}

export interface Suggestion {
  /** The newest good backup before the first suspicious one; undefined: none is good. */
  clean: string | undefined;
  /** The first suspicious one; undefined: none is. */
  suspicious: string | undefined;
}

/** What came after a suspicious one is not believed, whatever its own figures say. */
export function suggestion(judged: readonly Judged[]): Suggestion {
  const first = judged.findIndex(({ verdict }) => verdict === "suspicious");
  const good = first < 0 ? judged : judged.slice(0, first);
  return { clean: good.at(-1)?.figures.stamp, suspicious: judged[first]?.figures.stamp };
}

function marksOf(figures: Figures, before: Figures[]): Mark[] {
  return [
    ...sizeMarks(figures, before),
    ...tableMarks(figures, before),
    ...storedMarks(figures, before),
    ...fileMarks(figures, before),
  ];
}

function sizeMarks({ bytes }: Figures, before: Figures[]): Mark[] {
  const usual = median(before.slice(-WEEK).map((other) => other.bytes));
  if (bytes < usual * HALF)
    return [{ what: "shrunk", found: `${bytes} bytes`, usual: `${Math.round(usual)}`, alone: true }];
  const last = before.at(-1)!.bytes;
  const steps = before.slice(1).map((other, i) => Math.log(ratio(other.bytes, before[i]!.bytes)));
  const limit = Math.exp(atMost(steps, Math.log(GROWN)));
  if (ratio(bytes, last) <= limit) return [];
  return [{ what: "grown", found: times(ratio(bytes, last)), usual: `at most ${times(limit)}`, alone: false }];
}

/** A table that loses more than half, unless it did so before: carts and sessions do. */
function tableMarks({ rows }: Figures, before: Figures[]): Mark[] {
  const last = before.at(-1)!.rows;
  if (rows === undefined || last === undefined) return [];
  const fell = (from: number | undefined, to: number | undefined): boolean =>
    from !== undefined && from >= TABLE && (to ?? 0) < from * HALF;
  return Object.entries(last)
    .filter(([table, count]) => fell(count, rows[table]))
    .filter(([table]) => !before.slice(1).some((other, i) => fell(before[i]!.rows?.[table], other.rows?.[table])))
    .map(([table, count]) => ({
      ...{ what: "emptied" as const, alone: true, usual: `${count}` },
      found: `${table} ${rows[table] === undefined ? "gone" : `${rows[table]} rows`}`,
    }));
}

function storedMarks({ stored }: Figures, before: Figures[]): Mark[] {
  const others = known(before.map((other) => other.stored));
  if (stored === undefined || others.length < LEAST) return [];
  const limit = atMost(others, WORSE);
  if (stored <= limit) return [];
  return [{ what: "compresses worse", found: percent(stored), usual: `at most ${percent(limit)}`, alone: true }];
}

function fileMarks(figures: Figures, before: Figures[]): Mark[] {
  const { change } = figures;
  const last = before.at(-1)!.files;
  if (change === undefined || last === undefined) return [];
  const shares = before.slice(1).map((other, i) => rewritten(other, before[i]!.files));
  const marks: Mark[] = [];
  const add = (what: What, share: number, limit: number, files: number): void => {
    if (files >= FILES && share > limit)
      marks.push({ what, found: `${percent(share)} of the files`, usual: `at most ${percent(limit)}`, alone: true });
  };
  const day = rewritten(figures, last);
  const touched = change.changed + change.removed;
  add("rewritten", day, atMost(shares, REWRITTEN.day), touched);
  const week = sum(shares.slice(1 - WEEK)) + day;
  const weeks = shares.map((_, i) => sum(shares.slice(Math.max(0, i + 1 - WEEK), i + 1)));
  if (marks.length === 0) add("rewritten slowly", week, atMost(weeks, REWRITTEN.week), touched);
  const { ending, added, removed } = change;
  if (ending !== undefined && ending.files >= FILES && ending.files > added * HALF && removed > added * HALF)
    marks.push({ what: "renamed", found: `${ending.files} files to *${ending.name}`, usual: "none", alone: true });
  return marks;
}

/** Part of the files that are not what they were. */
function rewritten({ change }: Figures, files: number | undefined): number {
  return change === undefined || !files ? 0 : (change.changed + change.removed) / files;
}

/** The most that is usual: so many deviations above the median, and `least` above it whatever they are. */
function atMost(values: number[], least: number): number {
  const middle = median(values);
  return middle + Math.max(DEVIATIONS * NORMAL * median(values.map((value) => Math.abs(value - middle))), least);
}

/** 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2;
}

const ratio = (now: number, before: number): number => (before === 0 ? 1 : Math.max(now, 1) / before);
const sum = (values: number[]): number => values.reduce((all, value) => all + value, 0);
const known = <T>(values: (T | undefined)[]): T[] => values.filter((value): value is T => value !== undefined);
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const times = (factor: number): string => `${factor.toFixed(2)} times the one before`;
