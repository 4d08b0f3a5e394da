import type { Check } from "../../plan/check.js";
import { TTR_SECONDS } from "../../plan/targets.js";
import { beginLine, endLine, failedLine, secondsSince } from "../progress.js";
import { SCHEMA, type EvidenceRecord, type Kind, type Restored } from "./record.js";
import { writeEvidence, type Written } from "./write.js";

export interface EvidenceOptions {
  /** Progress for the person watching; default: none. */
  say?: (text: string) => void;
  /** What time it is; default: the machine's clock. */
  now?: () => Date;
}

/**
 * What happens in a drill or a recovery, while it happens: phases are timed and told, checks are kept, and at the end there
 * is a file. Nothing secret belongs in it.
 */
export class Evidence {
  private readonly start = performance.now();
  private readonly now: () => Date;
  private readonly say: (text: string) => void;
  readonly record: EvidenceRecord;

  /** @param directory folder of the project: `evidence/` and `docs/runbook.md` are there */
  constructor(
    kind: Kind,
    host: string,
    private readonly directory: string,
    { say = () => undefined, now = () => new Date() }: EvidenceOptions = {},
  ) {
    this.say = say;
    this.now = now;
    const started = now().toISOString();
    this.record = {
      ...{ schema: SCHEMA, kind, host, ok: false, outcome: "not finished", started, finished: started, seconds: 0 },
      ...{ targets: [], phases: [], restored: [], checks: [], steps: [], versions: {} },
    };
  }

  /** Seconds since the start. */
  get seconds(): number {
    return secondsSince(this.start);
  }

  /** Runs one phase, says so, and times it; one that throws is kept as failed. */
  async phase<T>(name: string, what: string, work: () => Promise<T>): Promise<T> {
    const from = this.seconds;
    const start = performance.now();
    let ok = false;
    this.say(beginLine(name, what));
    try {
      const result = await work();
      ok = true;
      return result;
    } finally {
      const seconds = secondsSince(start);
      this.record.phases.push({ name, what, from, seconds, ok });
      this.say(endLine(seconds));
    }
  }

  /** Compares; what differs is told at once. */
  check(name: string, expected: unknown, actual: unknown): boolean {
    const check = { name, ok: expected === actual, expected: String(expected), actual: String(actual) };
    this.checks([check]);
    return check.ok;
  }

  checks(checks: readonly Check[]): void {
    this.record.checks.push(...checks);
    for (const check of checks) if (!check.ok) this.say(failedLine(check));
  }

  /** The copy that everything was read from. */
  copy(name: string): void {
    this.record.copy = name;
  }

  /** One job that came back. */
  restored(job: Restored): void {
    this.record.restored.push(job);
  }

  /** Version of a program or an image, digest of an image, commit of the code. */
  version(name: string, value: string): void {
    this.record.versions[name] = value;
  }

  /** Something a person did, at this moment. */
  step(name: string, note?: string): void {
    this.record.steps.push({ name, at: this.now().toISOString(), ...(note === undefined ? {} : { note }) });
  }

  /** How old a job's data was when it was lost, against the age it may have. Seconds; null: not to be measured. */
  lost(job: string, found: number | null, target: number): void {
    this.target(`data lost: ${job}`, found, target);
  }

  private target(name: string, found: number | null, target: number): void {
    this.record.targets.push({ name, target, found, ok: found !== null && found <= target });
  }

  /**
   * Writes the file, the report and the line in the runbook. `ok` is earned: no error, every phase and check passed, and
   * at least one check was made. In a drill a missed target is a failure too; a real recovery that came late still came.
   *
   * @param outcome how it ended, in one sentence, or the error that ended it
   */
  async finish(outcome: string | Error): Promise<Written> {
    const { record } = this;
    record.seconds = this.seconds;
    record.finished = this.now().toISOString();
    const ttr = TTR_SECONDS[record.kind];
    if (ttr !== undefined) this.target("time to recovery", outcome instanceof Error ? null : record.seconds, ttr);
    const passed = record.checks.length > 0 && [...record.checks, ...record.phases].every(({ ok }) => ok);
    const intime = record.kind !== "drill" || record.targets.every(({ ok }) => ok);
    record.ok = !(outcome instanceof Error) && passed && intime;
    record.outcome = outcome instanceof Error ? outcome.message : outcome;
    return writeEvidence(record, this.directory);
  }
}
