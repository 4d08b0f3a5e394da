/** One command of `granary`. */
export interface Command {
  /** What it does, in one line of the help. */
  summary: string;
  /** Full help: usage, options, exit codes. */
  help: string;
  /** Runs it. Resolves to the exit code; throws UsageError for arguments it does not know. */
  run(args: string[], terminal: Terminal): Promise<number>;
}

/** Where a command reads and writes: the process, or a test. */
export interface Terminal {
  /** Result, on standard output. */
  out(text: string): void;
  /** Problems and progress, on standard error. */
  err(text: string): void;
  /** Colours are welcome. */
  color: boolean;
  /** Asks the person at the terminal and gives the answer; absent where there is none. */
  ask?: ((question: string) => Promise<string>) | undefined;
  /** Folder of the project: where the stack files are. */
  directory: string;
  /** What time it is; absent: the machine's clock says. */
  now?: Date;
}

/** Wrong arguments: exit 64, as sysexits.h has it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const EXIT_USAGE = 64;
