/** Each fault: its own exit code, a message that names it, nothing published, nothing older lost. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Cluster, finished, Host, scripts, type Result } from "./harness.js";

let cluster: Cluster;
let host: Host;

beforeAll(() => {
  cluster = new Cluster();
  cluster.sql(
    "postgres",
    `CREATE DATABASE shop; CREATE ROLE nobody LOGIN;
     \\c shop
     CREATE TABLE orders (id int PRIMARY KEY, note text);
     INSERT INTO orders SELECT g, md5(random()::text) || md5(random()::text) FROM generate_series(1, 60000) g;`,
  );
});
afterAll(() => cluster.close());
beforeEach(() => {
  host = new Host(cluster);
});
afterEach(() => host.close());

const OLD = "20260101T030000Z";

/** Puts an older, verified backup everywhere, without a run. */
function withOlder(): void {
  const manifest = {
    schema: 1,
    host: "shop",
    job: "orders",
    created: "2026-01-01T03:00:00Z",
    rows: {},
    copy: { name: "x", verified: true },
    artifacts: ["dump.zst", "globals.sql.zst"].map((role) => ({
      name: `${OLD}.${role}.age`,
      plain: { bytes: 1, sha256: "0".repeat(64) },
      encrypted: { bytes: 3, sha256: "0".repeat(64) },
    })),
  };
  for (const dir of [host.backups, join(host.root, "a/daily/shop/orders"), join(host.root, "b/daily/shop/orders")]) {
    execFileSync("mkdir", ["-p", dir]);
    writeFileSync(join(dir, `${OLD}.json`), JSON.stringify(manifest));
    for (const { name } of manifest.artifacts) writeFileSync(join(dir, name), "old");
  }
}

const older = [`${OLD}.dump.zst.age`, `${OLD}.globals.sql.zst.age`, `${OLD}.json`];

/** Nothing new anywhere, the older backup untouched, no leftovers. */
function expectNothingPublished(): void {
  for (const copy of ["local", "a", "b"] as const) expect(host.files(copy)).toEqual(older);
}

function expectFailure(result: Result, code: number, name: string, message: string | RegExp): void {
  expect(result.stderr).toMatch(message);
  expect(result.stderr).toContain(`event=error code=${String(code)} name=${name} `);
  expect(result.stderr).toMatch(/ hint="[^"]{10,}"$/m);
  expect(result.code).toBe(code);
}

describe("before the database is touched", () => {
  it.each<[string, () => void, number, string, string | RegExp]>([
    [
      "no settings",
      () => execFileSync("rm", [join(host.root, "etc/granary/orders.env")]),
      11,
      "config",
      "no settings for job orders",
    ],
    [
      "settings others can read",
      () => execFileSync("chmod", ["644", join(host.root, "etc/granary/orders.env")]),
      11,
      "config",
      "mode 600",
    ],
    [
      "a setting is missing",
      () => host.writeEnv({ GRANARY_PG_USER: undefined }),
      11,
      "config",
      "GRANARY_PG_USER is missing",
    ],
    [
      "a copy without a root",
      () => host.writeEnv({ GRANARY_COPY_B_ROOT: undefined }),
      11,
      "config",
      "GRANARY_COPY_B_ROOT is missing",
    ],
    [
      "a wrong recipient",
      () => host.writeEnv({ GRANARY_RECIPIENTS: "age1wrong" }),
      11,
      "config",
      "a recipient is not valid",
    ],
    [
      "an identity as recipient",
      () => host.writeEnv({ GRANARY_RECIPIENTS: "AGE-SECRET-KEY-1PLANTED" }),
      11,
      "config",
      "holds a private identity",
    ],
    [
      "a clock before Granary",
      () => host.fake("date", `[[ $* == *+%Y%m%dT%H%M%SZ* ]] && echo 20200101T000000Z || exec "$REAL" "$@"`),
      14,
      "clock",
      "the clock says 20200101T000000Z",
    ],
    [
      "a clock behind the newest backup",
      () => host.fake("date", `[[ $* == *+%Y%m%dT%H%M%SZ* ]] && echo 20251231T000000Z || exec "$REAL" "$@"`),
      14,
      "clock",
      `the newest backup is of ${OLD}`,
    ],
    [
      "too little space",
      () => host.fake("df", `echo Avail; echo 1048581`),
      15,
      "space",
      "1048581 bytes are free in .*, 1048588 are needed",
    ],
    ["a tool is missing", () => host.fake("jq", ""), 13, "tool-missing", "not installed: zstd"],
    [
      "no docker",
      () => {
        host.fakeDocker();
        host.unfake("docker");
      },
      13,
      "tool-missing",
      "not installed: docker",
    ],
    [
      "a database that is not there",
      () => host.writeEnv({ GRANARY_PG_DATABASE: "none" }),
      16,
      "database-unreachable",
      "cannot log in to database 'none' as 'postgres': .*does not exist",
    ],
    [
      "an older client",
      () => host.fake("pg_dump", "echo 'pg_dump (PostgreSQL) 14.2'"),
      18,
      "version",
      "pg_dump is version 14.2, the server is version 15",
    ],
  ])("%s", async (name, arrange, code, exit, message) => {
    withOlder();
    arrange();
    const result =
      name === "a tool is missing" || name === "no docker"
        ? await without(name === "no docker" ? "docker" : "zstd")
        : await host.backup();
    expectFailure(result, code, exit, new RegExp(message));
    expectNothingPublished();
    expect(result.stderr).not.toContain("PLANTED");
  });

  /** A PATH that holds everything but one program. */
  function without(program: string): Promise<Result> {
    host.unfake("jq");
    for (const dir of host.processEnv["PATH"]?.split(":").slice(1) ?? [])
      if (existsSync(dir))
        for (const file of readdirSync(dir))
          if (file !== program && !existsSync(join(host.bin, file))) symlinkSync(join(dir, file), join(host.bin, file));
    const env = { ...host.processEnv, PATH: host.bin };
    return finished(spawn("/bin/bash", [join(scripts, "granary-backup"), "orders"], { env }));
  }

  it("the container is absent", async () => {
    withOlder();
    host.fakeDocker();
    host.fake("docker", "echo 'Error: No such object: database' >&2; exit 1");
    expectFailure(
      await host.backup(),
      17,
      "container-absent",
      /container 'database' was not found: Error: No such object/,
    );
    expectNothingPublished();
  });

  it("the container is stopped", async () => {
    host.fakeDocker();
    host.fake("docker", "echo false");
    expectFailure(await host.backup(), 17, "container-absent", /container 'database' is not running/);
  });

  it.each([
    [["Orders!"], /job name 'Orders!' is not/],
    [[], /one argument is expected/],
  ])("arguments %j", async (args, message) => {
    expectFailure(await host.run("granary-backup", args), 10, "usage", message);
  });
});

describe("while the artifact is made", () => {
  const version = `[[ $* == *--version* ]] && exec "$REAL" "$@"`;

  it.each<[string, () => void, number, string, RegExp]>([
    [
      "pg_dump dies midway",
      () =>
        host.fake(
          "pg_dump",
          `${version}\n"$REAL" "$@" | head -c 1000000\necho 'pg_dump: error: server closed the connection' >&2; exit 1`,
        ),
      19,
      "dump-failed",
      /dumping ended with 1: pg_dump: error: server closed the connection/,
    ],
    [
      "pg_dump is killed",
      () => host.fake("pg_dump", `${version}\nkill -9 $$`),
      19,
      "dump-failed",
      /dumping ended with 137/,
    ],
    [
      "pg_dumpall fails",
      () => host.fake("pg_dumpall", `echo 'pg_dumpall: error: no' >&2; exit 1`),
      19,
      "dump-failed",
      /dumping ended with 1: pg_dumpall: error: no/,
    ],
    [
      "what comes is no dump",
      () => host.fake("pg_dump", `${version}\necho hello`),
      21,
      "verify-failed",
      /does not begin as it must/,
    ],
    [
      "zstd fails",
      () =>
        host.fake(
          "zstd",
          `[[ $* == *-vv* ]] || exec "$REAL" "$@"\nhead -c 1000 >/dev/null; echo 'zstd: out of memory' >&2; exit 3`,
        ),
      20,
      "encrypt-failed",
      /stage compress ended with 3: zstd: out of memory/,
    ],
    [
      "age fails",
      () =>
        host.fake("age", `[[ $* == *-o* ]] && exec "$REAL" "$@"\nhead -c 1000; echo 'age: error: oops' >&2; exit 1`),
      20,
      "encrypt-failed",
      /stage encrypt ended with 1: age: error: oops/,
    ],
    [
      "age stops early but says nothing",
      () =>
        host.fake("age", `[[ $* == *-o* ]] && exec "$REAL" "$@"\n"$REAL" "$@" | { head -c 100000; cat >/dev/null; }`),
      21,
      "verify-failed",
      /has 100000 bytes, not \d+/,
    ],
    [
      "a recipient is dropped",
      () => host.fake("age", `[[ $* == *-o* ]] && exec "$REAL" "$@"\nexec cat`),
      21,
      "verify-failed",
      /is encrypted to 0 recipients/,
    ],
    ["hashing fails", () => host.fake("openssl", "exit 1"), 20, "encrypt-failed", /stage (hash|plainhash) ended/],
    [
      "the disk alters a byte",
      () => host.fake("sync", `printf X | dd of="$1" bs=1 seek=5000 conv=notrunc status=none; exec "$REAL" "$1"`),
      21,
      "verify-failed",
      /read back from the disk has another hash/,
    ],
    [
      "the user may not read a table",
      () => {
        host.fakeDocker();
        host.writeEnv({ GRANARY_PG_USER: "nobody" });
      },
      19,
      "dump-failed",
      /permission denied for table orders/,
    ],
    [
      "the snapshot session is lost",
      () => {
        host.fake("pg_dump", `${version}\nexec sleep 20`);
        // The session alone begins with SET client_encoding; this one lasts until the tables are locked and a bit longer.
        host.fake(
          "psql",
          `[[ $* == *\\ -c\\ * || $* == *--version* ]] && exec "$REAL" "$@"
           IFS= read -r line
           [[ $line == "SET client_encoding"* ]] || { { echo "$line"; cat; } | "$REAL" "$@"; exit; }
           { echo "$line"; sed '/granary:locked/q'; sleep 1; } | "$REAL" "$@"; echo 'psql: connection lost' >&2; exit 2`,
        );
      },
      19,
      "dump-failed",
      /the snapshot session ended during the dump: psql: connection lost/,
    ],
  ])("%s", async (_, arrange, code, exit, message) => {
    withOlder();
    arrange();
    const result = await host.backup();
    expectFailure(result, code, exit, message);
    expectNothingPublished();
    expect(host.lastState()).toMatchObject({ ok: false, code, name: exit });
    const sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'granary/orders'";
    expect(cluster.sql("postgres", sessions)).toBe("0");
  });

  it("the disk is full", async () => {
    withOlder();
    host.fakeDocker();
    // A tmpfs of 3 MiB in a mount namespace of its own: real ENOSPC, as root or not.
    const dir = join(host.root, "var/backups/granary");
    const script = `cp -r "$1" /dev/shm/keep.$$ && mount -t tmpfs -o size=2m tmpfs "$1" && cp -r /dev/shm/keep.$$/. "$1" && rm -rf /dev/shm/keep.$$
      bash "$2" orders; code=$?; ls -A "$1/orders"; exit $code`;
    const user = process.getuid?.() === 0 ? [] : ["--map-root-user"];
    const args = ["-m", ...user, "bash", "-c", script, "bash", dir, join(scripts, "granary-backup")];
    const result = await finished(spawn("unshare", args, { env: host.processEnv, stdio: ["ignore", "pipe", "pipe"] }));
    expectFailure(result, 15, "space", /no space left on the disk while writing \d{8}T\d{6}Z.dump.zst.age.partial/);
    expect(result.stdout.trim().split("\n")).toEqual(older);
    expectNothingPublished();
  });
});

describe("while it is sent", () => {
  it("one copy cannot be reached: the others get theirs, and the run names it", async () => {
    withOlder();
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(host.root, "box_key")]);
    host.writeEnv({
      GRANARY_COPIES: "a box b",
      GRANARY_COPY_BOX_ROOT: "",
      RCLONE_CONFIG_BOX_TYPE: "sftp",
      RCLONE_CONFIG_BOX_HOST: "127.0.0.1",
      RCLONE_CONFIG_BOX_PORT: "9",
      RCLONE_CONFIG_BOX_USER: "u",
      RCLONE_CONFIG_BOX_SHELL_TYPE: "none",
      RCLONE_CONFIG_BOX_KEY_FILE: join(host.root, "box_key"),
    });
    const result = await host.backup();
    expectFailure(result, 22, "copy-failed", /no verified artifact in: box" copies=box/);
    expect(result.stderr).toMatch(/upload to copy box failed: .*connection refused/);
    expect(host.lastState()).toMatchObject({ ok: false, copies: { ok: ["a", "b"], failed: ["box"] } });
    for (const copy of ["a", "b", "local"] as const) expect(host.files(copy).length).toBe(6);
  });

  it.each([
    [
      "is truncated",
      `"$REAL" "$@" || exit; [[ $* != *immutable*\\ a:* ]] || truncate -s 100000 "$(ls "$GRANARY_ROOT"/a/daily/shop/orders/*.dump.zst.age | tail -n 1)"`,
      /copy a gave back something else than was sent/,
    ],
    [
      "comes back with a bit flipped",
      `if [[ $* == *cat\\ a:*dump.zst.age ]]; then "$REAL" "$@" | { head -c 4000; head -c 1 | tr '\\000-\\377' '\\001-\\377\\000'; cat; }; else exec "$REAL" "$@"; fi`,
      /copy a gave back something else than was sent/,
    ],
    [
      "cannot be read back",
      `[[ $* == *cat\\ a:* ]] && { echo 'Failed to cat: 403' >&2; exit 1; }; exec "$REAL" "$@"`,
      /read-back from copy a failed: Failed to cat: 403/,
    ],
    [
      "reaches a copy but its manifest does not",
      `[[ $* == *copy.a* ]] && { echo 'no' >&2; exit 1; }; exec "$REAL" "$@"`,
      /upload to copy a failed: no/,
    ],
  ])("an upload that %s does not count", async (_, fake, message) => {
    withOlder();
    host.fake("rclone", fake);
    const result = await host.backup();
    expectFailure(result, 22, "copy-failed", message);
    expect(host.files("a").filter((name) => name.endsWith(".json"))).toEqual([`${OLD}.json`]);
    expect(host.files("b").length).toBe(6);
    expect(host.files("local").length).toBe(6);
  });

  it("nothing that a copy holds is written over", async () => {
    const stamp = "20991231T000000Z";
    host.fake("date", `[[ $* == *+%Y%m%dT%H%M%SZ* ]] && echo ${stamp} || exec "$REAL" "$@"`);
    execFileSync("mkdir", ["-p", join(host.root, "a/daily/shop/orders")]);
    const file = join(host.root, `a/daily/shop/orders/${stamp}.dump.zst.age`);
    writeFileSync(file, "somebody else's");
    expectFailure(await host.backup(), 22, "copy-failed", /upload to copy a failed: .*immutable file modified/);
    expect(execFileSync("cat", [file], { encoding: "utf8" })).toBe("somebody else's");
  });
});

describe("two runs", () => {
  it("at once: the second does nothing", async () => {
    withOlder();
    host.fake("zstd", `[[ $* == *-vv* ]] && sleep 2; exec "$REAL" "$@"`);
    const first = host.start("granary-backup");
    const firstEnd = finished(first);
    await new Promise((resolve) =>
      first.stderr?.on("data", (text: Buffer) => (text.toString().includes("event=start ") ? resolve(0) : 0)),
    );
    expectFailure(await host.backup(), 12, "locked", /another run holds/);
    expect((await firstEnd).code).toBe(0);
    expect(host.files("local").length).toBe(6);
  });

  it("within one second: two stamps", async () => {
    host.fake(
      "date",
      `if [[ $* == *+%Y%m%dT%H%M%SZ* ]]; then echo "x" >>"$STATE"; (($(wc -l <"$STATE") < 7)) && echo 20990101T000000Z || echo 20990101T000001Z; else exec "$REAL" "$@"; fi`,
    );
    expect((await host.backup()).code).toBe(0);
    expect((await host.backup()).code).toBe(0);
    expect(host.files("local").filter((name) => name.endsWith(".json"))).toEqual([
      "20990101T000000Z.json",
      "20990101T000001Z.json",
    ]);
  });
});

describe("killed with -9 and run again", () => {
  const kill = "kill -9 0; sleep 5";
  it.each<[string, string, string]>([
    ["while dumping", "zstd", `[[ $* == *-vv* ]] && { head -c 500000 | "$REAL" "$@"; ${kill}; }; exec "$REAL" "$@"`],
    ["while encrypting", "age", `[[ $* == *-o* ]] && exec "$REAL" "$@"; "$REAL" "$@" | head -c 200000; ${kill}`],
    ["while verifying", "sync", kill],
    [
      "while saving the roles",
      "zstd",
      `[[ $* == *-vv* ]] || exec "$REAL" "$@"; if [[ -e $STATE ]]; then ${kill}; fi; touch "$STATE"; exec "$REAL" "$@"`,
    ],
    ["between the renames", "mv", `[[ $* == *globals* ]] && { ${kill}; }; exec "$REAL" "$@"`],
    ["before the local manifest", "mv", `[[ $* == *.json.partial* ]] && { ${kill}; }; exec "$REAL" "$@"`],
    ["while uploading", "rclone", `[[ $* == *immutable* ]] && { ${kill}; }; exec "$REAL" "$@"`],
    ["while reading back", "rclone", `[[ $* == *cat* ]] && { ${kill}; }; exec "$REAL" "$@"`],
    ["before the copy's manifest", "rclone", `[[ $* == *copy.a* ]] && { ${kill}; }; exec "$REAL" "$@"`],
    ["between the copies", "rclone", `[[ $* == *immutable*\\ b:* ]] && { ${kill}; }; exec "$REAL" "$@"`],
  ])("%s", async (_, program, fake) => {
    withOlder();
    host.fake(program, fake);
    const killed = await host.backup();
    expect(killed.signal).toBe("SIGKILL");
    const before = new Map((["a", "b"] as const).map((copy) => [copy, snapshot(copy)]));
    for (const name of older) expect(host.files("local")).toContain(name);
    host.unfake(program);
    const again = await host.backup();
    expect(again.code).toBe(0);
    expect(again.stderr).toContain("event=finished");
    expect(host.files("local").filter((name) => name.includes("partial") || name.startsWith(".work"))).toEqual([]);
    const stamp = host.manifest("local").created.replace(/[-:]/g, "");
    for (const copy of ["a", "b"] as const) {
      expect(host.manifest(copy).created).toBe(host.manifest("local").created);
      const untouched = snapshot(copy).filter((line) => !line.includes(stamp));
      expect(untouched).toEqual(before.get(copy)); // what the killed run left is as it was: neither counted nor written over
    }
  });

  function snapshot(copy: "a" | "b"): string[] {
    const dir = join(host.root, copy, "daily/shop/orders");
    return host.files(copy).map((name) => execFileSync("sha256sum", [name], { cwd: dir, encoding: "utf8" }));
  }
});
