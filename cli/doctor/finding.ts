/** What is not as it should be on a host, and what puts it right. */

/** A command that is part of a fix, and where it is typed. */
export interface Step {
  /** `host`: by root on the host. */
  on: "laptop" | "host";
  command: string;
}

export interface Finding {
  /** What kind of thing it is, e.g. `script-changed`; docs/doctor.md lists them. */
  check: string;
  /** What it is about: a path, a unit, a job, a program. */
  subject: string;
  /** `red`: it must be put right; `yellow`: somebody should look. */
  colour: "red" | "yellow";
  /** What was found, and what was expected. No secret is part of it. */
  found: string;
  /** In this order. */
  fix: Step[];
}

export interface HostFindings {
  host: string;
  /** How it is reached; absent: it is in the settings only. */
  address?: string;
  sshPort?: number;
  findings: Finding[];
}

export const onHost = (command: string): Step => ({ on: "host", command });
export const onLaptop = (command: string): Step => ({ on: "laptop", command });

/** A word of a shell's command. */
export const quoted = (word: string): string =>
  /^[\w./:@=+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
