import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { CloudflareState } from "./cloudflare/state.js";
import type { SpacesKeyRecord } from "./digitalocean/keys.js";
import type { HetznerState } from "./hetzner/state.js";

/** Everything the clouds remember. Plain JSON; object keys are ids. */
export interface State {
  nextId: number;
  hetzner: HetznerState;
  spacesKeys: Record<string, SpacesKeyRecord>;
  cloudflare: CloudflareState;
  /** Lifecycle documents (XML as sent) by `<server>/<bucket>`. */
  lifecycles: Record<string, string>;
}

/** The state in memory and its file, so that a restarted process continues where the last one was. */
export class Store {
  constructor(
    private readonly file: string,
    readonly state: State,
  ) {}

  /** Reads `file`, or begins with `fresh` when there is none. Throws when the file is not JSON. */
  static open(file: string, fresh: State): Store {
    const state = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as State) : fresh;
    return new Store(file, state);
  }

  nextId(): number {
    return this.state.nextId++;
  }

  /** Replaces the file in one step, readable by its owner alone. */
  save(): void {
    mkdirSync(dirname(this.file), { recursive: true });
    const partial = `${this.file}.partial`;
    writeFileSync(partial, JSON.stringify(this.state), { mode: 0o600 });
    chmodSync(partial, 0o600); // an older partial keeps its mode when it is written over
    renameSync(partial, this.file);
  }
}

/** Now, as the vendors write it. */
export function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, "+00:00");
}
