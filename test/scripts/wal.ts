/**
 * What the tests of the continuous log share: its service on a host of the harness, its pieces read by hand, and the
 * server that is recovered. Rounds are of one second instead of twenty.
 */
import { execFileSync, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Cluster, finished, Host, path, real, type Result } from "./harness.js";

const asPostgres = process.getuid?.() === 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : [];

/** Runs a program of the server as its own user. */
export function server(...command: string[]): string {
  const [program, ...rest] = [...asPostgres, ...command] as [string, ...string[]];
  return execFileSync(program, rest, {
    env: { PATH: path },
    cwd: "/",
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** pg_ctl of a server with its socket in `socket`. */
export function control(data: string, socket: string, ...args: string[]): void {
  const options = `-c unix_socket_directories='${socket}' -c listen_addresses='' -c fsync=off`;
  server("pg_ctl", "-D", data, "-w", "-l", join(data, "server.log"), "-o", options, ...args);
}

/** How many times longer than on an idle machine a test waits before it gives up: waiting costs nothing where all is well. */
const PATIENCE = 4;

/** Polls until `check` gives something true; fails with what `why` says. */
export async function until<T>(check: () => T | Promise<T>, why: () => string, seconds = 30): Promise<T> {
  for (const end = Date.now() + seconds * PATIENCE * 1000; Date.now() < end; await sleep(100)) {
    const value = await check();
    if (value) return value;
  }
  throw new Error(`not in ${String(seconds * PATIENCE)} s: ${why()}`);
}

export interface WalState {
  at: string;
  ok: boolean;
  code: number;
  name: string;
  message: string;
  receiving: boolean;
  chain: string;
  chainReason: string;
  system: string;
  slot: { walStatus: string; retainedBytes: number; limitBytes: number };
  copies: Record<
    string,
    { ok: boolean; newest: string | null; pending: number; pendingBytes: number; brokenSince: string | null }
  >;
}

/** A piece, by its name. */
export interface Piece {
  name: string;
  file: string;
  start: number;
  end: number;
  stamp: string;
}

/** A host whose database is continuous, and its service. */
export class Continuous extends Host {
  private process: ChildProcess | undefined;
  private result: Promise<Result> | undefined;
  /** What the service said since it was started. */
  said = "";

  constructor(
    readonly database: Cluster,
    changes: Record<string, string> = {},
  ) {
    super(database);
    this.writeEnv({ GRANARY_CONTINUOUS: "yes", GRANARY_WAL_INTERVAL: "1", GRANARY_BASE_RETRY: "1", ...changes });
    writeFileSync(join(this.root, "identity"), this.keys.identity, { mode: 0o600 });
  }

  startService(): void {
    this.process = this.start("granary-wal");
    this.said = "";
    this.process.stderr?.on("data", (text: string) => (this.said += text));
    this.result = finished(this.process);
  }

  /** Ends the service and everything it started; gives what it ended with. */
  async stopService(signal: NodeJS.Signals = "SIGTERM"): Promise<Result | undefined> {
    if (this.process?.pid !== undefined && this.process.exitCode === null && this.process.signalCode === null)
      process.kill(signal === "SIGKILL" ? -this.process.pid : this.process.pid, signal);
    const result = await this.result;
    this.process = undefined;
    return result;
  }

  get state(): WalState | undefined {
    const file = join(this.root, "var/lib/granary/orders.wal.json");
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as WalState) : undefined;
  }

  /** Until the state of the service is as wanted. */
  stateIs(check: (state: WalState) => boolean, seconds = 55): Promise<WalState> {
    return until(
      () => (this.state !== undefined && check(this.state) ? this.state : undefined),
      () => `${JSON.stringify(this.state)}\n${this.said}`,
      seconds,
    ) as Promise<WalState>;
  }

  /** Until every copy has everything that is committed now, and a base backup. */
  async shipped(...copies: string[]): Promise<void> {
    const now = new Date(Math.floor(Date.now() / 1000 + 1) * 1000).toISOString();
    const names = copies.length > 0 ? copies : ["a", "b"];
    await this.stateIs((state) =>
      names.every((name) => state.copies[name]?.ok && (state.copies[name].newest ?? "") >= now),
    );
  }

  /** The directory of the pieces in a copy; there must be one chain only. */
  chainDir(copy: "a" | "b", tier: "wal" | "base" = "wal"): string {
    const dir = join(this.root, copy, tier, "shop/orders");
    const [chain] = existsSync(dir) ? readdirSync(dir) : [];
    return join(dir, chain ?? "none");
  }

  pieces(copy: "a" | "b"): Piece[] {
    const dir = this.chainDir(copy);
    return (existsSync(dir) ? readdirSync(dir) : [])
      .flatMap((name) => {
        const match =
          /^([0-9A-F]{24}|[0-9A-F]{8}\.history)\.([0-9a-f]{8})-([0-9a-f]{8})\.(\d{8}T\d{6}Z(?:-\d+)?)\.zst\.age$/.exec(
            name,
          );
        if (match === null) throw new Error(`${name} is no name of a piece`);
        const [, file = "", start = "", end = "", stamp = ""] = match;
        return [{ name, file, start: parseInt(start, 16), end: parseInt(end, 16), stamp }];
      })
      .sort((a, b) => (a.stamp + a.name < b.stamp + b.name ? -1 : 1));
  }

  /** Names of the base backups that count. */
  bases(copy: "a" | "b"): string[] {
    const dir = this.chainDir(copy, "base");
    return existsSync(dir) ? readdirSync(dir).filter((name) => name.endsWith(".json")) : [];
  }

  /** What is in a piece. */
  open(copy: "a" | "b", piece: Piece): Buffer {
    const script = `set -o pipefail; age -d -i "$0" "$1" | zstd -dcq`;
    const args = ["-c", script, join(this.root, "identity"), join(this.chainDir(copy), piece.name)];
    return execFileSync("bash", args, { maxBuffer: 1 << 28 });
  }

  /** A segment put together by hand from all its pieces, oldest first. */
  segment(copy: "a" | "b", name: string): Buffer {
    const made = Buffer.alloc(1 << 24);
    for (const piece of this.pieces(copy).filter(({ file }) => file === name)) {
      const bytes = this.open(copy, piece);
      if (bytes.length !== piece.end - piece.start) throw new Error(`${piece.name} has ${String(bytes.length)} bytes`);
      bytes.copy(made, piece.start);
    }
    return made;
  }

  recover(args: string[], identity = this.keys.identity): Promise<Result> {
    return this.run("granary-recover-db", ["orders", ...args], identity);
  }

  /** Starts a recovered server, asks it, and stops it. */
  ask(data: string, statement: string): string {
    control(data, data, "start");
    try {
      const args = ["-h", data, "-U", "postgres", "-d", "shop", "-XqAtc", statement];
      return execFileSync(real("psql"), args, { encoding: "utf8", env: { PATH: path } }).trim();
    } finally {
      control(data, data, "stop", "-m", "fast");
    }
  }

  override close(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A cluster with database `shop`, and rows that say when they came. */
export function shopCluster(): Cluster {
  const cluster = new Cluster();
  cluster.sql("postgres", "CREATE DATABASE shop");
  cluster.sql(
    "shop",
    "CREATE TABLE orders (id serial PRIMARY KEY, at timestamptz DEFAULT clock_timestamp(), note text)",
  );
  return cluster;
}
