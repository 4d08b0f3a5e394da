/**
 * A host for the scripts to run on: a directory in memory that stands for `/` (GRANARY_ROOT), a real PostgreSQL 15 cluster
 * on a socket, the real tools, and fakes before them on the PATH where a test wants a failure.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

export const scripts = join(import.meta.dirname, "../../scripts");
const postgresBin = newest("/usr/lib/postgresql");
export const path = `${postgresBin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
const isRoot = process.getuid?.() === 0;
/** What makes a command run as the owner of the test cluster: PostgreSQL refuses root. */
const asPostgres = isRoot ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : [];

function newest(dir: string): string {
  const version = readdirSync(dir)
    .sort((a, b) => Number(a) - Number(b))
    .at(-1);
  if (version === undefined) throw new Error(`no PostgreSQL server in ${dir}`);
  return join(dir, version, "bin");
}

/** The first program of that name on the real PATH. */
export function real(program: string): string {
  const found = path
    .split(":")
    .map((dir) => join(dir, program))
    .find((file) => existsSync(file));
  if (found === undefined) throw new Error(`${program} is not installed`);
  return found;
}

/** A PostgreSQL cluster of its own; `close` ends it and leaves nothing. */
export class Cluster {
  readonly dir = mkdtempSync("/dev/shm/granary-pg-");

  constructor() {
    if (isRoot) execFileSync("chown", ["postgres", this.dir]);
    this.as(
      "initdb",
      "-D",
      join(this.dir, "data"),
      "-A",
      "trust",
      "-U",
      "postgres",
      "-E",
      "UTF8",
      "--locale=C.UTF-8",
      "-N",
    );
    writeFileSync(
      join(this.dir, "data/postgresql.conf"),
      `listen_addresses = ''\nunix_socket_directories = '${this.dir}'\nfsync = off\nshared_buffers = 32MB\n`,
    );
    this.as("pg_ctl", "-D", join(this.dir, "data"), "-w", "-l", join(this.dir, "log"), "start");
  }

  private as(...command: string[]): void {
    const [program, ...rest] = [...asPostgres, ...command] as [string, ...string[]];
    execFileSync(program, rest, { env: { PATH: path }, stdio: "ignore", cwd: "/" });
  }

  /** Runs statements; returns bare values, one row a line. */
  sql(database: string, statements: string): string {
    const args = ["-h", this.dir, "-U", "postgres", "-d", database, "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "-"];
    return execFileSync(real("psql"), args, { input: statements, encoding: "utf8", env: { PATH: path } }).trim();
  }

  close(): void {
    this.as("pg_ctl", "-D", join(this.dir, "data"), "-m", "immediate", "stop");
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** An age identity and its recipient. */
export function keygen(): { identity: string; recipient: string } {
  const identity = execFileSync("age-keygen", { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return { identity, recipient: execFileSync("age-keygen", ["-y"], { input: identity, encoding: "utf8" }).trim() };
}

export interface Result {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Ends when the process does, with everything it said. */
export function finished(child: ChildProcess): Promise<Result> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** One host with one job, `orders`, that saves database `shop` to the copies `a` and `b`, which are directories. */
export class Host {
  readonly root = mkdtempSync("/dev/shm/granary-host-");
  readonly bin = join(this.root, "bin");
  readonly backups = join(this.root, "var/backups/granary/orders");
  env: Record<string, string>;

  constructor(
    readonly cluster: Pick<Cluster, "dir">,
    readonly keys = keygen(),
  ) {
    chmodSync(this.root, 0o755);
    for (const dir of ["bin", "etc/granary", "a", "b"]) mkdirSync(join(this.root, dir), { recursive: true });
    this.env = {
      GRANARY_MACHINE: "1",
      GRANARY_HOST: "shop",
      GRANARY_JOB: "orders",
      GRANARY_KIND: "postgres",
      GRANARY_RECIPIENTS: this.keys.recipient,
      GRANARY_LOCAL_DAYS: "7",
      GRANARY_PG_CONTAINER: "",
      GRANARY_PG_DATABASE: "shop",
      GRANARY_PG_USER: "postgres",
      GRANARY_COPIES: "a b",
      GRANARY_COPY_A_ROOT: join(this.root, "a"),
      RCLONE_CONFIG_A_TYPE: "local",
      GRANARY_COPY_B_ROOT: join(this.root, "b"),
      RCLONE_CONFIG_B_TYPE: "local",
    };
    this.writeEnv();
    this.promoted();
  }

  /**
   * As if this month's and this year's backup of `orders` were in their tiers already: to put them there is six more
   * starts of rclone a tier and copy, and not what most tests are about.
   */
  private promoted(): void {
    const soon = new Date(Date.now() + 3_600_000);
    const lines = [new Date(), soon].flatMap((date) =>
      ["a", "b"].flatMap((copy) => [
        `${copy} monthly ${date.toISOString().slice(0, 7).replace("-", "")}\n`,
        `${copy} annual ${date.toISOString().slice(0, 4)}\n`,
      ]),
    );
    mkdirSync(join(this.root, "var/lib"), { recursive: true });
    mkdirSync(join(this.root, "var/lib/granary"), { mode: 0o700 });
    writeFileSync(this.tiers, lines.join(""));
  }

  private get tiers(): string {
    return join(this.root, "var/lib/granary/orders.tiers");
  }

  /** The next backup goes to the monthly and the annual tier as well: it is the first one. */
  promotes(): void {
    rmSync(this.tiers);
  }

  /** Writes the settings of the job, with changes; `undefined` takes a key away. */
  writeEnv(changes: Record<string, string | undefined> = {}): void {
    const all = Object.entries({ ...this.env, ...changes }).filter(([, value]) => value !== undefined);
    this.env = Object.fromEntries(all) as Record<string, string>;
    const text = all.map(([key, value]) => `${key}=${value ?? ""}\n`).join("");
    writeFileSync(join(this.root, "etc/granary/orders.env"), text, { mode: 0o600 });
  }

  /** Puts a bash script before the real program; `REAL` in it is the real one's path. */
  fake(program: string, body: string): void {
    const file = join(this.bin, program);
    const head = `#!/bin/bash\nREAL=${existsSync(`/usr/bin/${program}`) || program.startsWith("pg") ? real(program) : "false"}\n`;
    writeFileSync(file, `${head}STATE=${this.root}/state.${program}\n${body}\n`);
    chmodSync(file, 0o755);
  }

  unfake(...programs: string[]): void {
    for (const program of programs) rmSync(join(this.bin, program), { force: true });
  }

  /** A docker that runs `exec` here, as if this machine were inside of the container. */
  fakeDocker(): void {
    this.fake("docker", DOCKER);
    this.writeEnv({ GRANARY_PG_CONTAINER: "database" });
  }

  get processEnv(): Record<string, string> {
    // rclone starts ten times in a backup with two copies; with one thread, and nothing collected of the little that a
    // test needs, a start takes a third less of the processors.
    const quick = { GOMAXPROCS: "1", GOGC: "off" };
    return { PATH: `${this.bin}:${path}`, GRANARY_ROOT: this.root, PGHOST: this.cluster.dir, ...quick };
  }

  /** Starts a script in a process group of its own. */
  start(script: string, args: string[] = ["orders"], input = ""): ChildProcess {
    const child = spawn("bash", [join(scripts, script), ...args], { env: this.processEnv, detached: true, cwd: "/" });
    child.stdin.on("error", () => undefined); // a script that never reads it
    child.stdin.end(input);
    return child;
  }

  run(script: string, args: string[] = ["orders"], input = ""): Promise<Result> {
    return finished(this.start(script, args, input));
  }

  backup(): Promise<Result> {
    return this.run("granary-backup");
  }

  restore(args: string[] = [], identity = this.keys.identity): Promise<Result> {
    return this.run("granary-restore", ["orders", ...args], identity);
  }

  /** The names of the files of the job in a copy, or locally. */
  files(copy: "a" | "b" | "local"): string[] {
    const dir = copy === "local" ? this.backups : join(this.root, copy, "daily/shop/orders");
    return existsSync(dir) ? readdirSync(dir).sort() : [];
  }

  manifest(copy: "a" | "b" | "local"): Manifest {
    const dir = copy === "local" ? this.backups : join(this.root, copy, "daily/shop/orders");
    const name = this.files(copy)
      .filter((file) => file.endsWith(".json"))
      .at(-1);
    if (name === undefined) throw new Error(`no manifest in ${dir}`);
    return JSON.parse(readFileSync(join(dir, name), "utf8")) as Manifest;
  }

  lastState(): { ok: boolean; code: number; name: string; copies: { ok: string[]; failed: string[] } } {
    const text = readFileSync(join(this.root, "var/lib/granary/orders.last.json"), "utf8");
    return JSON.parse(text) as ReturnType<Host["lastState"]>;
  }

  close(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A host whose job `orders` is of a kind that has no database, with one copy, `a`. */
export function fileHost(kind: string, paths?: string[]): Host {
  const host = new Host({ dir: "/nonexistent" });
  const postgres = Object.keys(host.env).filter((key) => key.startsWith("GRANARY_PG_"));
  host.writeEnv({
    ...Object.fromEntries(postgres.map((key) => [key, undefined])),
    GRANARY_KIND: kind,
    GRANARY_COPIES: "a",
    ...(paths === undefined ? {} : { GRANARY_PATHS: JSON.stringify(paths), GRANARY_EXCLUDE: "[]" }),
  });
  return host;
}

export interface Manifest {
  created: string;
  kind: string;
  tier: string;
  dumpBytes: number;
  rows: Record<string, number>;
  artifacts: {
    name: string;
    role: string;
    plain: { bytes: number; sha256: string };
    encrypted: { bytes: number; sha256: string };
  }[];
  database: Record<string, unknown>;
  copy: { name: string; verified: boolean };
  recipients: number;
}

/** A docker whose container is this machine. */
export const DOCKER = `
case $1 in
  inspect) echo true; exit 0 ;;
  exec) shift ;;
  *) exit 64 ;;
esac
declare -A pass=()
while [[ $1 == -* ]]; do
  case $1 in
    -i) shift ;;
    -e) pass[$2]=1; shift 2 ;;
  esac
done
[[ $1 == database ]] || { echo "Error response from daemon: No such container: $1" >&2; exit 1; }
shift
for name in PGPASSWORD PGAPPNAME PGCONNECT_TIMEOUT PGOPTIONS; do [[ -v pass[$name] ]] || unset "$name"; done
exec "$@"`;
