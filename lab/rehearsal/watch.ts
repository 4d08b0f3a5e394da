import { readdir, readFile } from "node:fs/promises";

/** What a watch saw. */
export interface Seen {
  /** Every distinct command line of the machine, hosts' and containers' included. */
  commandLines: Set<string>;
  /** The most memory that was in use above what was in use at the start, MiB. */
  peakMemoryMiB: number;
}

/**
 * Looks at every process of the machine over and over, as anyone logged in could: the hosts of the lab are containers,
 * so their processes are among them.
 */
export class Watch {
  private readonly seen: Seen = { commandLines: new Set(), peakMemoryMiB: 0 };
  private readonly done: Promise<void>;
  private stopped = false;

  constructor() {
    this.done = this.look();
  }

  async stop(): Promise<Seen> {
    this.stopped = true;
    await this.done;
    return this.seen;
  }

  private async look(): Promise<void> {
    const atStart = await availableMiB();
    while (!this.stopped) {
      await this.readCommandLines();
      this.seen.peakMemoryMiB = Math.max(this.seen.peakMemoryMiB, atStart - (await availableMiB()));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  private async readCommandLines(): Promise<void> {
    for (const pid of await readdir("/proc")) {
      if (!/^\d+$/.test(pid)) continue;
      // A process may be gone by now.
      const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      if (line !== "") this.seen.commandLines.add(line.replaceAll("\0", " "));
    }
  }
}

async function availableMiB(): Promise<number> {
  const found = /^MemAvailable:\s+(\d+) kB/m.exec(await readFile("/proc/meminfo", "utf8"));
  return Math.round(Number(found?.[1]) / 1024);
}
