/** One thing wrong with the settings. */
export interface Problem {
  /** Where, e.g. `hosts.shop.hostKey`. */
  path: string;
  /** What was found there, printable; secrets are never shown. */
  value: string;
  /** What is wrong and what to do about it. */
  message: string;
}

/** All that is wrong with the settings, at once. Its message lists every problem. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  constructor(readonly problems: Problem[]) {
    super(problems.map((p) => `${p.path}: ${p.message} (got ${p.value})`).join("\n"));
  }
}
