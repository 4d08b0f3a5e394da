/** What goes wrong with uploads: each is told by its own code, and none is reported as a good run. */
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectFailure } from "./faults.js";
import { path, real } from "./harness.js";
import { at, filesManifest, host, manifests, objects, PASSWORD, repositoriesAreThere, restic } from "./repository.js";

const isRoot = process.getuid?.() === 0;

/** Ends when a file is there, or a directory has something in it. */
async function until(what: () => boolean): Promise<void> {
  for (let i = 0; !what(); i++) {
    if (i > 1500) throw new Error("it did not come to that");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it("a path that is not there, before anything is made", async () => {
  host.writeEnv({ GRANARY_PATHS: '["/opt/uploads","/opt/gone"]' });
  expectFailure(await host.backup(), 28, "source-missing", /not there: \/opt\/gone/);
  expect(existsSync(at("a/files"))).toBe(false);
});

it("a wrong password: its own code, the repository untouched, the other copy saved", async () => {
  repositoriesAreThere("a");
  host.writeEnv({ GRANARY_COPIES: "a" });
  expect((await host.backup()).code).toBe(0);
  const config = readFileSync(at("a/files/shop/orders/config"));
  host.writeEnv({ GRANARY_COPIES: "a b", GRANARY_RESTIC_PASSWORD: "another" });
  const result = await host.backup();
  expectFailure(result, 37, "repository-key", /the password does not open the repository in: a/);
  expect(result.stderr).toContain("event=copy copy=b verified=true");
  expect(host.lastState()).toMatchObject({ ok: false, name: "repository-key", copies: { ok: ["b"], failed: ["a"] } });
  expect(readFileSync(at("a/files/shop/orders/config"))).toEqual(config);
  expect(objects("a", "keys").length).toBe(1);
});

it("a repository whose config is gone is not made anew over what is left of it", async () => {
  host.writeEnv({ GRANARY_COPIES: "a" });
  expect((await host.backup()).code).toBe(0);
  rmSync(at("a/files/shop/orders/config"));
  expectFailure(await host.backup(), 22, "copy-failed", /holds \d+ files of a repository, but restic sees none/);
  expect(existsSync(at("a/files/shop/orders/config"))).toBe(false);
});

it("a copy that is full: named at once, not after minutes; the other copy is saved", async () => {
  repositoriesAreThere("a", "b");
  writeFileSync(at("opt/uploads/big"), randomBytes(800_000));
  host.writeEnv({ GRANARY_COPIES: "a b" });
  host.fake("rclone", `if [[ $* == *serve*/a/* ]]; then trap '' XFSZ; ulimit -f 100; fi\nexec "$REAL" "$@"`);
  const started = Date.now();
  const result = await host.backup();
  expectFailure(result, 22, "copy-failed", /copy a is full: .*file too large/);
  expect(result.stderr).toContain("event=copy copy=b verified=true");
  expect(Date.now() - started).toBeLessThan(30_000);
  expect(manifests("a")).toEqual([]);
  host.unfake("rclone");
  expect((await host.backup()).code).toBe(0);
  expect(objects("a", "locks")).toEqual([]);
});

it.each(["data", "snapshots"])("%s that the copy did not keep as it was sent", async (part) => {
  repositoriesAreThere("a", "b");
  host.writeEnv({ GRANARY_COPIES: "a" });
  host.fake(
    "rclone",
    `"$REAL" "$@"; status=$?
    if [[ $* == *serve* ]]; then for file in $(find ${at("a/files/shop/orders")}/${part} -type f); do printf x | dd of="$file" bs=1 seek=20 conv=notrunc status=none; done; fi
    exit $status`,
  );
  expectFailure(
    await host.backup(),
    22,
    "copy-failed",
    /copy a gave back (something else|another snapshot) than was sent/,
  );
  expect(manifests("a")).toEqual([]);
});

it("a file that cannot be read: the snapshots are made without it, and the run has failed", async () => {
  repositoriesAreThere("a", "b");
  writeFileSync(at("opt/uploads/secret"), "x", { mode: 0o600 });
  if (isRoot) host.fake("restic", `exec setpriv --bounding-set -all "$REAL" "$@"`);
  chmodSync(at("opt/uploads/secret"), 0o000);
  const result = await host.backup();
  expectFailure(
    result,
    19,
    "dump-failed",
    /files could not be read, the snapshots are without them: .*\/opt\/uploads\/secret/,
  );
  for (const copy of ["a", "b"] as const) expect(filesManifest(copy)).toMatchObject({ files: 4, unread: 1 });
  expect(host.lastState()).toMatchObject({ ok: false, name: "dump-failed", copies: { ok: ["a", "b"] } });
  const restore = await host.restore(["--copy", "a", "--into", at("restored")]);
  expect(restore.code, restore.stderr).toBe(0);
  expect(restore.stderr).toContain("event=incomplete");
  expect(JSON.parse(restore.stdout)).toMatchObject({ unread: 1 });
});

it("files that vanish while they are read", async () => {
  repositoriesAreThere("a", "b");
  mkdirSync(at("opt/uploads/many"));
  for (let n = 0; n < 3000; n++) writeFileSync(at(`opt/uploads/many/${n}`), String(n));
  host.writeEnv({ GRANARY_COPIES: "a" });
  // restic is held as soon as it has the first of them open: by then it has read the names of all.
  host.fake(
    "restic",
    `[[ $* == *" backup "* ]] || exec "$REAL" "$@"
    "$REAL" "$@" & pid=$!
    until ls -l /proc/$pid/fd 2>/dev/null | grep -q uploads/many/; do kill -0 $pid || exit 99; done
    kill -STOP $pid; rm -r ${at("opt/uploads/many")}; kill -CONT $pid; wait $pid`,
  );
  const result = await host.backup();
  expectFailure(result, 19, "dump-failed", /files could not be read, .*uploads\/many\/\d+/);
  expect(result.stderr).toMatch(/event=files-unread copy=a files=\d{2,}/);
});

it("a file that changes while the run goes on is reported; the next run has it", async () => {
  repositoriesAreThere("a", "b");
  host.writeEnv({ GRANARY_COPIES: "a" });
  host.fake(
    "restic",
    `[[ $* != *" backup "* ]] || echo more >>${at("opt/uploads/2026/photo-1.jpg")}\nexec "$REAL" "$@"`,
  );
  const result = await host.backup();
  expect(result.code, result.stderr).toBe(0);
  expect(result.stderr).toMatch(/event=files-touched copy=a files=1 first=\S*photo-1.jpg/);
  expect(filesManifest("a")).toMatchObject({ changedWhileRead: 1 });
});

describe("a lock", () => {
  let holder: ChildProcess | undefined;
  beforeEach(() => {
    repositoriesAreThere("a");
    writeFileSync(at("opt/uploads/big"), randomBytes(100_000));
  });
  afterEach(() => {
    holder?.kill("SIGKILL");
    holder = undefined;
  });

  /** Maintenance that works in the repository and has it for itself: as long as a minute and a half for these uploads. */
  async function hold(...before: string[]): Promise<ChildProcess> {
    const restic = [real("restic"), "-r", at("a/files/shop/orders"), "--no-cache", "--limit-download", "1"];
    const [program = "", ...args] = [...before, ...restic, "check", "--read-data"];
    holder = spawn(program, args, { env: { PATH: path, HOME: host.root, RESTIC_PASSWORD: PASSWORD }, stdio: "ignore" });
    // restic writes it under another name first, which is no lock yet.
    await until(() => objects("a", "locks").some((name) => /^[0-9a-f]{64}$/.test(name)));
    return holder;
  }
  const killed = (child: ChildProcess): Promise<unknown> => {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    return gone;
  };

  it("of a process that is dead goes; one of a living process is waited for, then reported", async () => {
    host.writeEnv({ GRANARY_COPIES: "a", GRANARY_RESTIC_LOCK_SECONDS: "3" });
    expect((await host.backup()).code).toBe(0);
    const living = await hold();
    const locks = objects("a", "locks");
    const result = await host.backup();
    expectFailure(result, 38, "repository-locked", /somebody else works in the repository in: a/);
    expect(result.stderr).toMatch(/stays locked: .*PID/);
    expect(objects("a", "locks")).toEqual(locks);
    await killed(living);
    const after = await host.backup();
    expect(after.code, after.stderr).toBe(0);
    expect(objects("a", "locks")).toEqual([]);
  });

  it.runIf(isRoot)("of another host is not taken away, even if its process is dead", async () => {
    host.writeEnv({ GRANARY_COPIES: "a", GRANARY_RESTIC_LOCK_SECONDS: "1" });
    expect((await host.backup()).code).toBe(0);
    await killed(await hold("unshare", "--uts", "sh", "-c", 'hostname elsewhere; exec "$@"', "sh"));
    const locks = objects("a", "locks");
    expectFailure(await host.backup(), 38, "repository-locked", /on elsewhere/);
    expect(objects("a", "locks")).toEqual(locks);
  });
});

describe("damage in a repository", () => {
  it("is told at a restore, by the name of the copy; another copy is good", async () => {
    expect((await host.backup()).code).toBe(0);
    for (const name of objects("a", "data")) {
      const file = at(`a/files/shop/orders/data/${name.slice(0, 2)}/${name}`);
      chmodSync(file, 0o600);
      const bytes = readFileSync(file);
      bytes[40]! ^= 1;
      writeFileSync(file, bytes);
    }
    expectFailure(
      await host.restore(["--copy", "a", "--into", at("restored")]),
      25,
      "artifact-corrupt",
      /repository in copy a is damaged/,
    );
    expect(readdirSync(host.root).filter((name) => name.startsWith("restored"))).toEqual([]);
    expect((await host.restore(["--copy", "b", "--into", at("restored")])).code).toBe(0);
    expect(restic("b", "check")).toContain("no errors were found");
    expect(existsSync(join(at("restored"), at("opt/uploads/2026/photo-1.jpg")))).toBe(true);
  });
});
