// A PostgreSQL 15 server of the test's own, in a temporary directory and reached by a Unix socket only.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BIN = "/usr/lib/postgresql/15/bin";

/** The server's programs refuse to run as root. */
function asPostgres(program: string, args: string[]): [string, string[]] {
  const path = join(BIN, program);
  return process.getuid?.() === 0 ? ["runuser", ["-u", "postgres", "--", path, ...args]] : [path, args];
}

export class Cluster {
  readonly dir = mkdtempSync(join(tmpdir(), "granary-pg-"));
  readonly env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: `${BIN}:${process.env["PATH"]}`,
    PGHOST: this.dir,
    PGUSER: "postgres",
    PGPASSWORD: "",
  };

  constructor() {
    if (process.getuid?.() === 0) {
      const postgres = Number(execFileSync("id", ["-u", "postgres"], { encoding: "utf8" }));
      chownSync(this.dir, postgres, postgres);
    }
    this.server("initdb", [
      "-D",
      join(this.dir, "data"),
      "-U",
      "postgres",
      "-A",
      "trust",
      "-E",
      "UTF8",
      "--locale=C.UTF-8",
      "-N",
    ]);
    const options = `-k ${this.dir} -c listen_addresses= -c fsync=off`;
    this.server("pg_ctl", ["-D", join(this.dir, "data"), "-w", "-l", join(this.dir, "log"), "-o", options, "start"]);
  }

  private server(program: string, args: string[]): void {
    const [command, all] = asPostgres(program, args);
    execFileSync(command, all, { cwd: "/", stdio: "ignore" });
  }

  /** Runs a client program to its end and returns its stdout; fails with its stderr. */
  run(program: string, args: string[], input = "", env: NodeJS.ProcessEnv = {}): string {
    return execFileSync(program, args, { env: { ...this.env, ...env }, input, encoding: "utf8", maxBuffer: 1 << 26 });
  }

  sql(database: string, text: string): string {
    return this.run("psql", ["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database], text).trim();
  }

  start(program: string, args: string[]): ChildProcess {
    return spawn(program, args, { env: this.env });
  }

  stop(): void {
    this.server("pg_ctl", ["-D", join(this.dir, "data"), "-m", "immediate", "stop"]);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Waits until a stream of a running program has shown a text; returns all it has shown. Fails if the program ends first. */
export function shown(child: ChildProcess, stream: "stdout" | "stderr", text: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = "";
    child[stream]?.setEncoding("utf8").on("data", (chunk: string) => {
      all += chunk;
      if (text.test(all)) resolve(all);
    });
    child.once("close", (code) => {
      reject(new Error(`ended with ${code} before it showed ${String(text)}: ${all}`));
    });
  });
}

/** Waits for a program's end; returns its stdout. Fails if its exit code is not 0. */
export function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let [out, err] = ["", ""];
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (out += chunk));
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (err += chunk));
    child.once("close", (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`exit code ${code}: ${err}`));
    });
  });
}
