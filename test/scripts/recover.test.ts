/** Recovery to an instant: exact, from either copy; and every damage to a copy is found before anything is believed. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keygen, type Cluster } from "./harness.js";
import { Continuous, shopCluster } from "./wal.js";

let cluster: Cluster;
let host: Continuous;
let between = "";
/** Count of the rows at that instant, and at the end. */
const rows = { between: "", latest: "" };
const count = "SELECT count(*), max(id) FROM orders";
const write = (): string => cluster.sql("shop", "INSERT INTO orders (note) SELECT 'x' FROM generate_series(1, 2000)");

/** Two segments before an instant, two after it, and a quiet end. The database is gone then: only the copies are there. */
beforeAll(async () => {
  cluster = shopCluster();
  host = new Continuous(cluster);
  host.startService();
  await host.stateIs((state) => state.ok);
  for (let segment = 0; segment < 2; segment++) {
    write();
    cluster.sql("postgres", "SELECT pg_switch_wal()");
  }
  write();
  await host.shipped();
  rows.between = cluster.sql("shop", count);
  between = cluster.sql("shop", "SELECT clock_timestamp()");
  await sleep(100);
  for (let segment = 0; segment < 2; segment++) {
    write();
    cluster.sql("postgres", "SELECT pg_switch_wal()");
  }
  write();
  rows.latest = cluster.sql("shop", count);
  await host.shipped();
  await host.stopService();
  cluster.close();
});
afterAll(() => host.close());

let number = 0;
const fresh = (): string => join(host.root, `recovered${String((number += 1))}`);

function expectNothingLeft(): void {
  expect(readdirSync(join(host.root, "run/granary")).filter((name) => name.startsWith("restore."))).toEqual([]);
  expect(readdirSync(join(host.root, "var/lib/granary/recover"))).toEqual([]);
}

/** Does something to copy `a`, and takes it back. */
async function damaged(damage: (copy: string) => void, test: () => Promise<void>): Promise<void> {
  const copy = join(host.root, "a");
  cpSync(copy, `${copy}.kept`, { recursive: true });
  try {
    damage(copy);
    await test();
  } finally {
    rmSync(copy, { recursive: true });
    renameSync(`${copy}.kept`, copy);
  }
}

/** The only piece of a segment in the middle of the log. */
function middle(): { name: string; file: string } {
  const segments = [...new Set(host.pieces("a").map(({ file }) => file))].sort();
  const file = segments.at(-2) ?? "";
  const name = host.pieces("a").find((piece) => piece.file === file)?.name ?? "";
  expect(name).not.toBe("");
  return { name, file };
}

describe("to an instant", () => {
  it.each<["a" | "b"]>([["a"], ["b"]])("has what was committed before, and nothing after (copy %s)", async (copy) => {
    const to = fresh();
    const result = await host.recover(["--copy", copy, "--data-dir", to, "--at", between]);
    expect(result.stderr).toContain("event=recovery ");
    expect(result.code).toBe(0);
    const said = JSON.parse(result.stdout) as { recovered: { lastCommit: string }; seconds: Record<string, number> };
    expect(said).toMatchObject({ ok: true, copy, dataDir: to, settingsInDataDir: true, recovered: { timeline: 1 } });
    expect(new Date(said.recovered.lastCommit).getTime()).toBeLessThanOrEqual(new Date(between).getTime());
    expect(Object.keys(said.seconds)).toEqual(["plan", "base", "verify", "log", "recovery", "total"]);
    expect(host.ask(to, count)).toBe(rows.between);
    expect(readdirSync(to).filter((name) => /granary|manifest|\.old$|signal/.test(name))).toEqual([]);
    expectNothingLeft();
  });

  it("latest: everything", async () => {
    const to = fresh();
    const result = await host.recover(["--copy", "a", "--data-dir", to]);
    expect(result.code).toBe(0);
    expect(host.ask(to, count)).toBe(rows.latest);
  });

  it("goes on after it was killed", async () => {
    const to = fresh();
    host.fake("pg_verifybackup", "sleep 30");
    const process = host.start("granary-recover-db", ["orders", "--copy", "a", "--data-dir", to], host.keys.identity);
    while (!existsSync(join(to, "backup_manifest"))) await sleep(50);
    if (process.pid !== undefined) globalThis.process.kill(-process.pid, "SIGKILL");
    host.unfake("pg_verifybackup");
    expect(readdirSync(to)).toContain("granary-recovery");
    const result = await host.recover(["--copy", "a", "--data-dir", to]);
    expect(result.stderr).toContain("event=leftover-removed");
    expect(result.code).toBe(0);
    expect(host.ask(to, count)).toBe(rows.latest);
    expectNothingLeft();
  });
});

describe("is refused", () => {
  it.each<[string, string[], number, RegExp]>([
    ["without a copy", ["--data-dir", "/x"], 10, /--copy is needed/],
    ["into a relative path", ["--copy", "a", "--data-dir", "x"], 10, /absolute path/],
    ["to a time that is none", ["--copy", "a", "--data-dir", "/x", "--at", "soon"], 10, /--at 'soon'/],
    ["to the future", ["--copy", "a", "--data-dir", "/x", "--at", "2999-01-01"], 10, /in the future/],
    [
      "to before the first base backup",
      ["--copy", "a", "--data-dir", "/x", "--at", "2020-01-01"],
      23,
      /no base backup/,
    ],
  ])("%s", async (_, args, code, message) => {
    const result = await host.recover(args);
    expect(result.stderr).toMatch(message);
    expect(result.code).toBe(code);
    expect(existsSync("/x")).toBe(false);
  });

  it("into a directory that is not empty", async () => {
    const to = fresh();
    execFileSync("mkdir", ["-p", join(to, "base")]);
    const result = await host.recover(["--copy", "a", "--data-dir", to]);
    expect(result.stderr).toContain("is not empty");
    expect(result.code).toBe(31);
    expect(readdirSync(to)).toEqual(["base"]);
  });

  it("with another identity", async () => {
    const to = fresh();
    const result = await host.recover(["--copy", "a", "--data-dir", to], keygen().identity);
    expect(result.code).toBe(30);
    expectNothingLeft();
  });
});

describe("of a damaged copy", () => {
  it("one piece deleted: names the segment, until when, and the copy that has it; before that it works", async () => {
    const { name, file } = middle();
    const remove = (copy: string): void => rmSync(join(copy, host.chainDir("a").slice(host.root.length + 3), name));
    await damaged(remove, async () => {
      const to = fresh();
      const result = await host.recover(["--copy", "a", "--data-dir", to]);
      expect(result.stderr).toMatch(new RegExp(`code=27 name=wal-gap message="segment ${file} is missing.* copies=b `));
      expect(result.code).toBe(27);
      expect(existsSync(join(to, "base"))).toBe(false); // nothing large was fetched
      const before = await host.recover(["--copy", "a", "--data-dir", to, "--at", between]);
      expect(before.code).toBe(0);
      expect(host.ask(to, count)).toBe(rows.between);
      const verify = await host.run("granary-wal", ["orders", "--verify"]);
      expect(verify.stdout).toContain(`"copy":"a","base":"${host.bases("a")[0]?.slice(0, 16) ?? "?"}"`);
      expect(verify.stdout).toContain(`"missing":"${file}"`);
      expect(verify.code).toBe(27);
    });
    const verify = await host.run("granary-wal", ["orders", "--verify"]);
    expect(verify.code).toBe(0);
  });

  it("one piece changed: it is left out, and that is a gap", async () => {
    const { name, file } = middle();
    const flip = (copy: string): void => bitFlip(join(copy, host.chainDir("a").slice(host.root.length + 3), name));
    await damaged(flip, async () => {
      const result = await host.recover(["--copy", "a", "--data-dir", fresh()]);
      expect(result.stderr).toContain(`event=pieces-left-out copy=a pieces="${name} "`);
      expect(result.stderr).toContain(`segment ${file} is missing`);
      expect(result.code).toBe(27);
    });
  });

  it("the base backup changed by one bit", async () => {
    const flip = (copy: string): void => {
      const dir = join(copy, host.chainDir("a", "base").slice(host.root.length + 3));
      bitFlip(join(dir, readdirSync(dir).find((name) => name.endsWith(".age")) ?? ""));
    };
    await damaged(flip, async () => {
      const result = await host.recover(["--copy", "a", "--data-dir", fresh()]);
      expect(result.stderr).toContain("differs from its manifest");
      expect(result.code).toBe(25);
    });
  });

  it("the base backup is not what the server read: pg_verifybackup says so", async () => {
    // As if a file had changed between the server's checksum and the tar: the artifact itself is whole.
    host.fake("tar", `"$REAL" "$@"; status=$?; echo x >>"\${@: -1}/PG_VERSION"; exit $status`);
    const result = await host.recover(["--copy", "a", "--data-dir", fresh()]);
    host.unfake("tar");
    expect(result.stderr).toMatch(/pg_verifybackup: .*PG_VERSION/);
    expect(result.code).toBe(25);
  });
});

function bitFlip(file: string): void {
  const bytes = readFileSync(file);
  const at = Math.floor(bytes.length * 0.7);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}
