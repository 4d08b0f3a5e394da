/** Faults that a backup finds before the database is touched. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectFailure, expectNothingPublished, host, OLD, withOlder } from "./faults.js";
import { finished, scripts, type Result } from "./harness.js";

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
