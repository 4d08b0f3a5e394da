/** Which pieces of the continuous log may go. See {@link decide}. */
import { CLOCK_TOLERANCE } from "./clock.js";
import type { Piece } from "./held.js";
import type { Aged, Verdict } from "./maintain.js";
import { DAY, stampTime } from "./stamps.js";

/** The log of one database, as far as it stays. */
export interface KeptLog {
  /** `shop/orders/<system id>-<major>` */
  line: string;
  pieces: number;
  bytes: number;
  reason: string;
}

/** The log that a base backup needs begins before the moment in its name, at the last checkpoint. */
const BEFORE_BASE = DAY;

/**
 * Removes a line's oldest pieces up to the first that is young, needed or of a time that cannot be right: a log with a
 * hole in it is no log.
 *
 * @param bases the base backups that stay
 * @param age of a piece that may go, ms
 */
export function decidePieces(
  pieces: Piece[],
  bases: Aged[],
  age: number,
  now: number,
): { remove: Verdict[]; kept: KeptLog[]; future: string[] } {
  const remove: Verdict[] = [];
  const kept: KeptLog[] = [];
  for (const [line, all] of byLine(pieces)) {
    const needed = Math.min(...bases.filter((base) => lineOf(base) === line).map(neededFrom));
    const sorted = [...all].sort((a, b) => (a.key < b.key ? -1 : 1));
    const first = sorted.findIndex(({ stamp }) => timeOf(stamp) >= Math.min(needed, now - age));
    const going = first === -1 ? sorted : sorted.slice(0, first);
    const staying = sorted.slice(going.length);
    const reason = `log: older than ${age / DAY} days, and no base backup needs it`;
    for (const { key, bytes } of going) remove.push({ id: key, keys: [key], bytes, reason });
    if (staying.length > 0)
      kept.push({ line, pieces: staying.length, bytes: sum(staying), reason: why(needed, now - age) });
  }
  const future = pieces.filter(({ stamp }) => timeOf(stamp) > now + CLOCK_TOLERANCE).map(({ key }) => key);
  return { remove, kept, future };
}

/** There may be a piece every twenty seconds, of weeks. */
function byLine(pieces: Piece[]): Map<string, Piece[]> {
  const lines = new Map<string, Piece[]>();
  for (const piece of pieces) {
    const line = lineOf(piece);
    const all = lines.get(line);
    if (all === undefined) lines.set(line, [piece]);
    else all.push(piece);
  }
  return lines;
}

function lineOf({ host, job, line }: { host: string; job: string; line?: string }): string {
  return [host, job, line].join("/");
}

/** A base backup with a stamp that is not believed needs everything that is there. */
function neededFrom({ stamp, doubt }: Aged): number {
  return doubt === undefined ? timeOf(stamp) - BEFORE_BASE : -Infinity;
}

/** A piece without a time is never old. */
function timeOf(stamp: string): number {
  return stampTime(stamp) ?? Infinity;
}

function why(needed: number, young: number): string {
  return needed < young ? "a base backup that stays needs it" : "young enough for a restore to any moment";
}

function sum(pieces: Piece[]): number {
  return pieces.reduce((bytes, piece) => bytes + piece.bytes, 0);
}
