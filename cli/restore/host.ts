import { runOnHost } from "../ssh.js";
import type { HostOutput } from "../stack.js";

/** A command on the host ended with something else than 0; it said why on standard error. */
export class HostFailure extends Error {
  override readonly name = "HostFailure";

  constructor(
    readonly code: number,
    what: string,
  ) {
    super(`${what} ended with ${code}`);
  }
}

/** The host that is restored on, by the commands of its own. */
export class RestoringHost {
  constructor(
    private readonly target: HostOutput,
    private readonly identity: string,
    private readonly options: { sshKey: string | undefined; err(text: string): void },
  ) {}

  /**
   * `granary-restore` with these words; gives the line it printed.
   * @throws HostFailure with its exit code
   */
  async restore(words: string[]): Promise<string> {
    const { code, stdout } = await runOnHost(this.target, ["granary-restore", ...words], this.identity, this.options);
    if (code !== 0) throw new HostFailure(code, "granary-restore");
    return stdout;
  }

  /** A shell command of the owner's own. */
  async shell(command: string): Promise<void> {
    const { code, stdout } = await runOnHost(this.target, ["sh", "-c", command], "", this.options);
    if (stdout !== "") this.options.err(stdout);
    if (code !== 0) throw new HostFailure(code, `"${command}"`);
  }
}
