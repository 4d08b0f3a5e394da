/** Faults of a backup while the artifact is made. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cluster, expectFailure, expectNothingPublished, host, older, withOlder } from "./faults.js";
import { DOCKER, finished, scripts } from "./harness.js";

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
      /reading ended with 1: pg_dump: error: server closed the connection/,
    ],
    [
      "pg_dump is killed",
      () => host.fake("pg_dump", `${version}\nkill -9 $$`),
      19,
      "dump-failed",
      /reading ended with 137/,
    ],
    [
      "pg_dumpall fails",
      () => host.fake("pg_dumpall", `echo 'pg_dumpall: error: no' >&2; exit 1`),
      19,
      "dump-failed",
      /reading ended with 1: pg_dumpall: error: no/,
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
      "Docker cuts off the end of what pg_dump printed, and reports success",
      () => {
        host.fakeDocker();
        host.fake(
          "docker",
          DOCKER.replace('exec "$@"', 'if [[ $* == *-Fc* ]]; then "$@" | head -c 3000; else exec "$@"; fi'),
        );
      },
      19,
      "dump-failed",
      /the dump is cut off: the end of the stream did not arrive/,
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
