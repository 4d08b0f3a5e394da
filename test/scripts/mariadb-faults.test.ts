/** Backups of MariaDB that must not be: each ends with its own code, and publishes nothing. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { finished } from "./harness.js";
import { databases, expectFailure, MariaHost, MariaServer, outcome, SHOP } from "./mariadb.js";

let server: MariaServer;
let host: MariaHost;

beforeAll(async () => {
  server = await MariaServer.start();
  server.sql(SHOP);
});
afterAll(() => server.close());
beforeEach(() => {
  host = new MariaHost(server);
});
afterEach(() => host.close());

const only = `[[ $* == *--routines* ]] || exec "$REAL" "$@"`;

describe("a backup of MariaDB", () => {
  it.each<[string, () => void, number, string, RegExp]>([
    [
      "the dump fails midway",
      () =>
        host.fakeClient(
          "mariadb-dump",
          `"$REAL" "$@" | head -c 9000; echo 'mariadb-dump: Error 2013: Lost connection' >&2; exit 3`,
        ),
      19,
      "dump-failed",
      /reading ended with 3: mariadb-dump: Error 2013/,
    ],
    [
      "the dump is killed",
      () => host.fakeClient("mariadb-dump", "kill -9 $$"),
      19,
      "dump-failed",
      /reading ended with 137/,
    ],
    [
      "the dump has no end, though the tool says all is well",
      () => host.fakeClient("mariadb-dump", `"$REAL" "$@" | grep -v '^-- Dump completed'`),
      19,
      "dump-failed",
      /the dump has no end/,
    ],
    [
      "what comes is no dump",
      () => host.fakeClient("mariadb-dump", "echo hello"),
      21,
      "verify-failed",
      /does not begin as/,
    ],
    [
      "the dump lacks what was asked for, and says nothing",
      () =>
        host.fakeClient(
          "mariadb-dump",
          `words=(); for word in "$@"; do [[ $word == --routines || $word == --events ]] || words+=("$word"); done\nexec "$REAL" "\${words[@]}" --skip-triggers`,
        ),
      19,
      "dump-failed",
      /the dump lacks: event asleep, event nightly, routine busy, routine twice, trigger noticed/,
    ],
    [
      "the dump program is older than the server",
      () =>
        host.fake(
          "mariadb-dump",
          `[[ $* == *--version* ]] || exec "$REAL" "$@"\necho 'mariadb-dump  Ver 10.19 Distrib 10.3.39-MariaDB'`,
        ),
      18,
      "version",
      /mariadb-dump is version 10\.3\.39, the server is version 1\d\.\d/,
    ],
    [
      "the dump program is MySQL's",
      () =>
        host.fake(
          "mariadb-dump",
          `[[ $* == *--version* ]] || exec "$REAL" "$@"\necho 'mysqldump  Ver 99.0.36 for Linux on x86_64 (MySQL Community Server - GPL)'`,
        ),
      18,
      "version",
      /is of mysql, the server is mariadb/,
    ],
    [
      "the job is of the other kind",
      () => host.writeEnv({ GRANARY_KIND: "mysql" }),
      11,
      "config",
      /kind mysql, but the server is mariadb 1\d\./,
    ],
    [
      "the database is not there",
      () => host.writeEnv({ GRANARY_DB_DATABASE: "nowhere" }),
      16,
      "database-unreachable",
      /Unknown database 'nowhere'/,
    ],
    [
      "the password is wrong",
      () => host.writeEnv({ GRANARY_DB_USER: "app", GRANARY_DB_PASSWORD: "planted-wrong" }),
      16,
      "database-unreachable",
      /cannot log in to database 'shop' as 'app': ERROR 1045 .*Access denied/,
    ],
    [
      "no server answers",
      () => writeFileSync(join(host.root, ".my.cnf"), "[client]\nsocket=/nonexistent\n"),
      16,
      "database-unreachable",
      /ERROR 2002/,
    ],
    [
      "the container is not there",
      () => {
        host.fake("docker", `echo "Error: No such object: $4" >&2; exit 1`);
        host.writeEnv({ GRANARY_DB_CONTAINER: "gone" });
      },
      17,
      "container-absent",
      /container 'gone' was not found/,
    ],
  ])("%s", async (_, prepare, code, name, message) => {
    prepare();
    const result = await host.backup();
    expectFailure(result, code, name, message);
    expect(result.stderr).not.toContain("planted-wrong");
    expect([host.files("local"), host.files("a")]).toEqual([[], []]);
  });

  it("that is killed at any step leaves nothing that counts, and the next one is whole", async () => {
    for (const [step, pause] of [
      [only, 0.3],
      [only, 0.01],
    ] as const) {
      host.fakeClient("mariadb-dump", `${step}\n"$REAL" "$@" | { head -c 5000; sleep 1; cat; }`);
      const child = host.start("granary-backup");
      const end = finished(child);
      await sleep(1000 + pause * 1000);
      process.kill(-(child.pid ?? 0), "SIGKILL");
      await end;
      expect([host.files("local").filter((file) => file.endsWith(".json")), host.files("a")]).toEqual([[], []]);
    }
    host.unfake("mariadb-dump");
    const next = await host.backup();
    expect(next.code, next.stderr).toBe(0);
    expect(host.files("local")).toHaveLength(3);
  });
});

describe("a restore of MariaDB that is killed", () => {
  it("while it loads and while users are made: the next one drops what is half made and is whole", async () => {
    expect((await host.backup()).code).toBe(0);
    const saved = server.sql("SHOW CREATE USER app@'%'; SHOW GRANTS FOR app@'%'; SHOW GRANTS FOR sellers;");
    server.sql("DROP DATABASE shop; DROP USER app@'%'; DROP ROLE sellers;");
    for (const moment of ["allowed-packet", "--force"]) {
      host.fakeClient(
        "mariadb",
        `[[ $* == *${moment}* ]] || exec "$REAL" "$@"\nhead -n 60 >$STATE; [[ ${moment} != --force ]] || grep CREATE $STATE >$STATE.part || true
[[ -e $STATE.part ]] || cp $STATE $STATE.part; "$REAL" "$@" <$STATE.part; touch ${host.root}/reached; sleep 20`,
      );
      const child = host.start("granary-restore", ["orders", "--copy", "a"], host.keys.identity);
      const end = finished(child);
      for (let tries = 0; tries < 200; tries++, await sleep(50))
        if (
          execFileSync("bash", ["-c", `test -e ${host.root}/reached && echo yes || true`], { encoding: "utf8" }).trim()
        )
          break;
      process.kill(-(child.pid ?? 0), "SIGKILL");
      await end;
      execFileSync("rm", [
        "-f",
        join(host.root, "reached"),
        ...["", ".part"].map((x) => join(host.root, `state.mariadb${x}`)),
      ]);
      expect(server.sql("SELECT DISTINCT job FROM granary_incomplete_restore", "shop")).toBe("orders");
    }
    host.unfake("mariadb");
    expect(server.sql("SHOW CREATE USER app@'%'")).toContain("CREATE USER");
    expect(server.sql("SHOW GRANTS FOR app@'%'")).not.toContain("ALL PRIVILEGES");
    const result = await host.restore(["--copy", "a"]);
    expect(result.stderr).toContain("event=leftover-dropped database=shop");
    outcome(result);
    expect(databases(server)).toEqual(["shop"]);
    expect(server.sql("SHOW CREATE USER app@'%'; SHOW GRANTS FOR app@'%'; SHOW GRANTS FOR sellers;")).toBe(saved);
  });
});
