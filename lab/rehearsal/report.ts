import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beginLine, endLine, failedLine, secondsSince } from "../../cli/progress.js";
import type { Row } from "../attack/attacks.js";
import { repository } from "../config.js";
import type { Check } from "../shop/content.js";

/** What a rehearsal writes to `lab/out/rehearsal.json`. Times are seconds. */
export interface Rehearsal {
  ok: boolean;
  engine: string;
  plugins: string;
  started: string;
  seconds: number;
  /** Memory in use at the worst moment, everything together, above what was in use before. */
  peakMemoryMiB: number;
  phases: { name: string; seconds: number }[];
  copies: { name: string; artifacts: number; verified: boolean }[];
  disaster: { kind: string; copy: string; lostSeconds: number; ttrSeconds: number };
  /** What root on the host tried on each copy, and how it ended. */
  attacks: Row[];
  checks: Check[];
}

/** Collects phases and checks, and tells the person watching how it goes. */
export class Report {
  private readonly start = performance.now();
  readonly result: Rehearsal;

  constructor(engine: string, plugins: string) {
    this.result = {
      ok: false,
      engine,
      plugins,
      started: new Date().toISOString(),
      seconds: 0,
      peakMemoryMiB: -1,
      phases: [],
      copies: [],
      disaster: { kind: "full-loss", copy: "", lostSeconds: -1, ttrSeconds: -1 },
      attacks: [],
      checks: [],
    };
  }

  /** Runs one phase, says so, and times it. */
  async phase<T>(name: string, what: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    process.stdout.write(beginLine(name, what));
    try {
      return await work();
    } finally {
      this.result.phases.push({ name, seconds: secondsSince(start) });
      process.stdout.write(endLine(secondsSince(start)));
    }
  }

  /**
   * Starts work that goes on beside the phases that follow. @returns waits for it as a phase of its own, whose seconds are
   * those since its start
   */
  beside<T>(name: string, what: string, work: () => Promise<T>): () => Promise<T> {
    const start = performance.now();
    const running = work();
    // Told when it is waited for.
    running.catch(() => undefined);
    return async () => {
      process.stdout.write(beginLine(name, `${what} (begun earlier)`));
      try {
        return await running;
      } finally {
        this.result.phases.push({ name, seconds: secondsSince(start) });
        process.stdout.write(endLine(secondsSince(start)));
      }
    };
  }

  /** Lines for the person watching. */
  say(text: string): void {
    for (const line of text.trimEnd().split("\n")) process.stdout.write(`${"".padEnd(18)} ${line}\n`);
  }

  check(name: string, expected: unknown, actual: unknown): void {
    this.checks([{ name, ok: expected === actual, expected: String(expected), actual: String(actual) }]);
  }

  checks(checks: Check[]): void {
    this.result.checks.push(...checks);
    for (const check of checks) if (!check.ok) process.stdout.write(failedLine(check));
  }

  /** `ok` is earned: every check ran and passed, and `expectedPhases` all happened. */
  async finish(expectedPhases: string[]): Promise<Rehearsal> {
    const { result } = this;
    const ran = new Set(result.phases.map((phase) => phase.name));
    for (const name of expectedPhases) this.check(`phase ${name} ran`, true, ran.has(name));
    result.seconds = secondsSince(this.start);
    result.ok = result.checks.length > expectedPhases.length && result.checks.every((check) => check.ok);
    const directory = join(repository, "lab/out");
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "rehearsal.json"), `${JSON.stringify(result, null, 2)}\n`);
    return result;
  }
}
