/** A thing that goes wrong in backups, what stands in its way, and what proves that it does. */
export interface Pitfall {
  pitfall: string;
  /** Files of the guard. */
  guard: string[];
  /** Each: file, title, and of a table of cases the case. */
  tests: Named[];
}

export type Named = [file: string, title: string, example?: string];

/** One area: a heading of docs/pitfalls.md. */
export interface Area {
  heading: string;
  pitfalls: Pitfall[];
}
