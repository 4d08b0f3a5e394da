/** The binary log of a real MariaDB: shipped to the byte, through kills and gaps, and restored to a moment. */
import { execFileSync, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { finished, type Result } from "./harness.js";
import { content, expectFailure, MariaHost, MariaServer, outcome, SHOP } from "./mariadb.js";
import { until } from "./wal.js";

interface State {
  ok: boolean;
  name: string;
  message: string;
  chain: string;
  chainReason: string;
  file: string;
  position: number;
  copies: Record<string, { ok: boolean; newest: string | null }>;
}

/** The host and its service; rounds are of one second instead of twenty. */
class Log extends MariaHost {
  private process: ChildProcess | undefined;
  private result: Promise<Result> | undefined;
  said = "";

  startService(): void {
    this.process = this.start("granary-binlog");
    this.said = "";
    this.process.stderr?.on("data", (text: string) => (this.said += text));
    this.result = finished(this.process);
  }

  async stopService(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const pid = this.process?.pid ?? 0;
    if (pid > 0 && this.process?.exitCode === null) process.kill(signal === "SIGKILL" ? -pid : pid, signal);
    await this.result;
    this.process = undefined;
  }

  get state(): State | undefined {
    const file = join(this.root, "var/lib/granary/orders.wal.json");
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as State) : undefined;
  }

  stateIs(check: (state: State) => boolean, seconds = 40): Promise<unknown> {
    const why = (): string => `${JSON.stringify(this.state)}\n${this.said}`;
    return until(() => this.state !== undefined && check(this.state), why, seconds);
  }

  /** Until every copy has everything that is committed now, and a dump it goes on from. */
  shipped(): Promise<unknown> {
    const now = new Date(Math.floor(Date.now() / 1000 + 1) * 1000).toISOString();
    return this.stateIs(({ ok, copies }) => ok && Object.values(copies).every(({ newest }) => (newest ?? "") >= now));
  }

  /** The directory of the newest chain in a copy. */
  chain(copy: "a" | "b"): string {
    const dir = join(this.root, copy, "wal/shop/orders");
    return join(dir, readdirSync(dir).sort().at(-1) ?? "none");
  }

  /** The files of the log, put together by hand from the pieces of a copy. */
  assembled(copy: "a" | "b"): Map<string, Buffer> {
    const files = new Map<string, Buffer>();
    writeFileSync(join(this.root, "identity"), this.keys.identity, { mode: 0o600 });
    for (const name of readdirSync(this.chain(copy)).sort()) {
      const match = /^(bin\.\d{6})(\.last)?\.([0-9a-f]{8})-([0-9a-f]{8})\.\d{8}T\d{6}Z(-\d+)?\.zst\.age$/.exec(name);
      if (match === null) throw new Error(`${name} is no name of a piece`);
      const [start, end] = [parseInt(match[3] ?? "", 16), parseInt(match[4] ?? "", 16)];
      const script = `set -o pipefail; age -d -i "$0" "$1" | zstd -dcq`;
      const bytes = execFileSync("bash", ["-c", script, join(this.root, "identity"), join(this.chain(copy), name)]);
      expect(bytes).toHaveLength(end - start);
      const old = files.get(match[1] ?? "") ?? Buffer.alloc(0);
      const file = Buffer.alloc(Math.max(old.length, end));
      old.copy(file);
      bytes.copy(file, start);
      files.set(match[1] ?? "", file);
    }
    return files;
  }
}

let server: MariaServer;
let host: Log;

/** Rows that say when they came, from a writer beside us; `end` makes it stop. */
function writer(): { end: () => Promise<void> } {
  let on = true;
  const loop = (async () => {
    for (let n = 0; on; n++) {
      server.sql(
        "INSERT INTO orders (customer, note) VALUES (1, 'written'); UPDATE orders SET note = CONCAT(note, '+') WHERE id = 1;",
        "shop",
      );
      if (n % 25 === 24) server.sql("FLUSH BINARY LOGS");
      await sleep(30);
    }
  })();
  return {
    end: () => {
      on = false;
      return loop;
    },
  };
}

/** Every finished file in a copy is the server's own, but for the mark of a file that was open. */
function expectFilesEqual(copy: "a" | "b"): number {
  const files = host.assembled(copy);
  for (const [name, bytes] of files) {
    const own = readFileSync(join(server.dir, "data", name)).subarray(0, bytes.length);
    own[21] = bytes[21] ?? 0;
    expect([name, bytes.equals(own)]).toEqual([name, true]);
  }
  return files.size;
}

beforeAll(async () => {
  server = await MariaServer.start();
  server.sql(SHOP);
  host = new Log(server);
  host.writeEnv({
    GRANARY_COPIES: "a b",
    GRANARY_CONTINUOUS: "yes",
    GRANARY_WAL_INTERVAL: "1",
    GRANARY_BASE_RETRY: "1",
  });
  host.startService();
  await host.stateIs(({ ok }) => ok);
});
afterAll(async () => {
  await host.stopService();
  host.close();
  server.close();
});

describe("the binary log", () => {
  it("reaches every copy to the byte, while the server writes and its service is killed", async () => {
    const writing = writer();
    await sleep(2000);
    await host.stopService("SIGKILL");
    await sleep(500);
    // Several files, however slowly the machine writes.
    server.sql("FLUSH BINARY LOGS", "shop");
    host.startService();
    await sleep(2000);
    server.sql("FLUSH BINARY LOGS", "shop");
    await writing.end();
    await host.shipped();
    for (const copy of ["a", "b"] as const) expect(expectFilesEqual(copy)).toBeGreaterThanOrEqual(3);
    expect(host.state).toMatchObject({ ok: true, name: "ok", chainReason: "" });
    expect((await host.run("granary-binlog", ["orders", "--status"])).code).toBe(0);
  });

  it("is restored to a moment exactly, and to its end; a moment in a quiet time is one too", async () => {
    const writing = writer();
    await sleep(1000);
    server.sql(
      "DELETE FROM orders WHERE id % 2 = 0 AND id < 100; ALTER TABLE orders ADD COLUMN mark INT DEFAULT 7;",
      "shop",
    );
    // After those, however long the server took: what is there at the end is compared up to the moment.
    const then = Math.floor(Date.now() / 1000 + 2) * 1000;
    const moment = new Date(then).toISOString();
    await sleep(then + 1500 - Date.now());
    await writing.end();
    server.sql("DROP EVENT nightly; CREATE TABLE late (id INT PRIMARY KEY); INSERT INTO late VALUES (1);", "shop");
    await host.shipped();
    const quiet = new Date(Math.floor(Date.now() / 1000 - 1) * 1000).toISOString();
    const at = moment.replace("T", " ").replace(".000Z", "");
    const ids = "SELECT COUNT(*), MIN(id), MAX(id), SUM(id) FROM orders";
    expect(outcome(await host.restore(["--copy", "a", "--at", moment, "--into", "then"]))).toMatchObject({
      replayed: { until: moment.replace(".000Z", "Z"), leftOut: 0 },
    });
    expect(server.sql(ids, "then")).toBe(server.sql(`${ids} WHERE at < '${at}'`, "shop"));
    expect(server.sql("SELECT COUNT(*) FROM orders WHERE at >= '2026-06-01'", "then")).not.toBe("0");
    for (const [at, into] of [
      [quiet, "calm"],
      ["end", "last"],
    ] as const) {
      outcome(await host.restore(["--copy", "b", "--at", at, "--into", into]));
      expect(content(server, into)).toBe(content(server, "shop").replaceAll("DISABLE ON SLAVE", "ENABLE"));
    }
    server.sql("DROP DATABASE `then`; DROP DATABASE calm; DROP DATABASE last");
    expect(server.sql("SELECT COUNT(*) FROM mysql.user WHERE user = 'granary_replay'")).toBe("0");
  });

  it("touches nothing but the restored database, whatever was logged", async () => {
    server.sql("CREATE DATABASE other; CREATE TABLE other.t (a INT); INSERT INTO other.t VALUES (1)");
    server.sql("USE shop; DROP TABLE other.t; DROP DATABASE other;");
    server.sql("CREATE DATABASE other; CREATE TABLE other.t (a INT); INSERT INTO other.t VALUES (2)");
    await host.shipped();
    const result = await host.restore(["--copy", "a", "--at", "end", "--into", "look"]);
    expect(outcome(result).replayed?.leftOut).toBeGreaterThan(0);
    expect(result.stderr).toMatch(/event=replay-left-out .*denied/);
    expect(server.sql("SELECT a FROM other.t")).toBe("2");
    server.sql("DROP DATABASE other; DROP DATABASE look");
  });

  it("with a piece missing is a gap before anything is made; another copy has it", async () => {
    const pieces = readdirSync(host.chain("a")).sort();
    const manifest = host.manifest("a") as unknown as { wal: { file: string } };
    const lost = pieces.find((name) => name.includes(".last.") && name > manifest.wal.file) ?? "none";
    renameSync(join(host.chain("a"), lost), join(host.root, "lost"));
    const result = await host.restore(["--copy", "a", "--at", "end", "--into", "look"]);
    expectFailure(
      result,
      27,
      "wal-gap",
      /the log in copy a is whole until \S+ only: after byte \d+ of bin\.\d+ something is missing/,
    );
    expect(server.sql("SHOW DATABASES LIKE 'look'")).toBe("");
    outcome(await host.restore(["--copy", "b", "--at", "end", "--into", "look"]));
    server.sql("DROP DATABASE look");
    renameSync(join(host.root, "lost"), join(host.chain("a"), lost));
    expectFailure(
      await host.restore(["--copy", "b", "--at", "2099-01-01", "--into", "look"]),
      27,
      "wal-gap",
      /ends at \S+, before 20990101T000000Z/,
    );
    const chosen = await host.restore(["--at", "end", "--into", "look"]);
    expect(chosen.stderr).toContain("event=copy-chosen copy=a");
    outcome(chosen);
    server.sql("DROP DATABASE look");
  });

  it("that does not reach a copy is an alarm that names it", async () => {
    const dir = host.chain("b");
    renameSync(dir, `${dir}.away`);
    writeFileSync(dir, "not a directory");
    const newest = join(host.root, "var/lib/granary/wal/orders/copies/b.newest");
    writeFileSync(newest, `${String(Math.floor(Date.now() / 1000) - 500)}\n`); // so that nobody has to wait for two minutes
    await host.stateIs(
      ({ name, copies }) => name === "wal-stalled" && copies["b"]?.ok === false && copies["a"]?.ok === true,
    );
    const status = await host.run("granary-binlog", ["orders", "--status"]);
    expectFailure(status, 26, "wal-stalled", /the newest log in copy b is 5\d\d s old/);
    expect(host.said).toMatch(/event=send-failed copy=b /);
    rmSync(dir);
    renameSync(`${dir}.away`, dir);
    await host.shipped();
  });

  it.each<[string, string, RegExp]>([
    [
      "purged early",
      "FLUSH BINARY LOGS; SELECT SLEEP(0.2); FLUSH BINARY LOGS;",
      /was purged before all of it was received/,
    ],
    [
      "begun anew by RESET MASTER",
      "RESET MASTER; INSERT INTO shop.orders (customer) VALUES (2);",
      /purged before|less of bin\.\d+ than was received|is another one than before/,
    ],
  ])("%s: an alarm at once, a chain of its own and a dump for it", async (name, statements, reason) => {
    const before = host.state?.chain ?? "";
    await host.stopService();
    server.sql("INSERT INTO orders (customer, note) VALUES (2, 'unseen')", "shop");
    server.sql(statements);
    // A server keeps what it believes a replica still reads; the receiver is gone, but the server notices that late.
    for (
      let tries = 0;
      tries < 50 && name === "purged early" && server.sql("SHOW BINARY LOGS").includes("\n");
      tries++
    ) {
      const readers = server.sql("SELECT id FROM information_schema.processlist WHERE command = 'Binlog Dump'");
      for (const id of readers.split("\n").filter(Boolean)) server.sql(`KILL ${id}`);
      await sleep(100);
      server.sql(`PURGE BINARY LOGS TO '${server.sql("SHOW BINARY LOGS").split("\n").at(-1)?.split("\t")[0] ?? ""}'`);
    }
    const lost = new Date().toISOString();
    host.fake("mariadb-dump", `[[ $* != *--routines* ]] || sleep 1.5; exec "$REAL" "$@"`); // so that the alarm can be seen
    await sleep(1100);
    host.startService();
    await host.stateIs((state) => state.name === "wal-gap" && reason.test(state.chainReason));
    await host.shipped();
    host.unfake("mariadb-dump");
    expect(host.said).toMatch(/event=wal-gap .*\n/);
    expect(host.said).toContain("event=alarm-over name=wal-gap");
    expect(host.state?.chain).not.toBe(before);
    expectFilesEqual("a");
    expectFailure(await host.restore(["--copy", "a", "--at", lost, "--into", "look"]), 27, "wal-gap", /ends at/);
    outcome(await host.restore(["--copy", "a", "--at", "end", "--into", "look"]));
    expect(content(server, "look").split("\n").slice(0, 3)).toEqual(content(server, "shop").split("\n").slice(0, 3));
    server.sql("DROP DATABASE look");
  });

  it("is refused where the server writes none", async () => {
    host.fake("mariadb", `sed 's/@@log_bin;/0;/; s/@@log_bin = 0/0 = 0/' | "$REAL" "$@"`);
    expectFailure(
      await host.run("granary-binlog", ["orders", "--check"]),
      36,
      "wal-settings",
      /log_bin is off: add log_bin to the \[mysqld\] section/,
    );
    host.unfake("mariadb");
    expect((await host.run("granary-binlog", ["orders", "--check"])).code).toBe(0);
  });
});
