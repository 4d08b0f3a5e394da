/** Restores that cannot be: each with its own exit code, and nothing secret left. */
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cluster, databases, dropAll, expectFailure, host, outcome, restored } from "./restored.js";
import { finished, keygen, scripts } from "./harness.js";

describe("a restore that cannot be", () => {
  const dump = (copy: string): string =>
    join(host.root, copy, "daily/shop/orders", host.files("a").find((name) => name.includes(".dump.")) ?? "");
  const flip = (file: string): void => {
    const bytes = readFileSync(file);
    bytes[600] = (bytes[600] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  };

  it("with another's identity", async () => {
    expectFailure(
      await host.restore(["--copy", "a"], keygen().identity),
      30,
      "identity-wrong",
      /no identity matched any of the recipients/,
    );
    expect(restored()).toEqual([]);
  });

  it.each([
    ["", /no age identity on standard input/],
    ["AGE-SECRET-KEY-1BROKEN\n", /age: .*malformed secret key/],
  ])("with no identity: %j", async (text, message) => {
    const result = await host.restore([], text);
    expectFailure(result, 30, "identity-wrong", message);
  });

  it("with a bit flipped in a stored artifact, which --verify finds too", async () => {
    flip(dump("a"));
    const result = await host.restore(["--copy", "a"]);
    expectFailure(result, 25, "artifact-corrupt", /dump.zst.age in copy a differs from its manifest/);
    expect(result.stderr).toMatch(/event=next-best try="--copy local --at \d{8}T\d{6}Z"/);
    expect(restored()).toEqual([]);
    const verify = await host.run("granary-artifacts", ["orders", "--copy", "a", "--verify"]);
    expect(verify.code).toBe(25);
    expect(verify.stderr).toMatch(/event=corrupt copy=a artifact=\d{8}T\d{6}Z.dump.zst.age/);
    expect(JSON.parse(verify.stdout)).toMatchObject({ intact: false });
    const local = await host.run("granary-artifacts", ["orders", "--verify"]);
    expect(local.code).toBe(0);
    expect(JSON.parse(local.stdout)).toMatchObject({ intact: true, copy: { name: "local" } });
  });

  it("without a manifest: what has none does not exist", async () => {
    execFileSync("bash", ["-c", `rm "$0"/*.json`, join(host.root, "a/daily/shop/orders")]);
    expectFailure(await host.restore(["--copy", "a"]), 23, "manifest", /copy a has no backup of job orders/);
  });

  it.each([
    ["of another job", `s/"job": "orders"/"job": "other"/`],
    ["that names a file elsewhere", `s#"name": "#"name": "../../#`],
    ["cut short", `10q`],
  ])("with a manifest %s", async (_, edit) => {
    execFileSync("bash", ["-c", `sed -i '${edit}' "$0"/*.json`, join(host.root, "a/daily/shop/orders")]);
    const result = await host.restore(["--copy", "a"]);
    expectFailure(result, 23, "manifest", /event=manifest-ignored copy=a/);
  });

  it("from a copy that cannot be read", async () => {
    host.fake("rclone", "echo 'Failed: 403 Forbidden' >&2; exit 1");
    expectFailure(
      await host.restore(["--copy", "a"]),
      24,
      "fetch-failed",
      /copy a could not be listed: Failed: 403 Forbidden/,
    );
  });

  it.each([["shop"], ["taken"]])("into %s, which exists", async (name) => {
    if (name === "taken") cluster.sql("postgres", "CREATE DATABASE taken");
    expectFailure(await host.restore(["--into", name]), 31, "target-live", new RegExp(`database '${name}' exists`));
  });

  it("when pg_restore fails: the half-made database goes at the next run", async () => {
    host.fake(
      "pg_restore",
      `[[ $* == *--version* ]] && exec "$REAL" "$@"\necho 'pg_restore: error: out of memory' >&2; exit 1`,
    );
    expectFailure(
      await host.restore(),
      32,
      "restore-failed",
      /pg_restore ended with 1: pg_restore: error: out of memory/,
    );
    expect(restored().length).toBe(1);
    host.unfake("pg_restore");
    const again = await host.restore();
    expect(again.stderr).toContain("event=leftover-dropped database=shop_restored_");
    expect(outcome(again).switched).toBe(false);
  });

  it("when the rows differ: it never goes live", async () => {
    dropAll();
    host.fake(
      "pg_restore",
      `"$REAL" "$@" || exit; [[ $* == *--version* ]] || psql -XqAt -U postgres -d "$(sed 's/.* -d \\([^ ]*\\).*/\\1/' <<<"$*")" -c 'DELETE FROM public.orders WHERE id = 7'`,
    );
    expectFailure(await host.restore(), 33, "compare-failed", /public.orders: 5000 saved, 4999 restored/);
    expect(databases().filter((name) => name === "shop")).toEqual([]);
  });

  it.each([
    ["granary-restore", ["orders", "--copy", "z"], /copy 'z' is none of: local a/],
    ["granary-restore", ["orders", "--at"], /--at needs a value/],
    ["granary-restore", ["orders", "--into", "x", "--switch"], /exclude each other/],
    ["granary-restore", ["orders", "--at", "someday"], /neither latest, nor a stamp, nor a time/],
    ["granary-artifacts", ["orders", "--all"], /'--all' is no option/],
  ])("%s %j", async (script, args, message) => {
    const result = await host.run(script, args, host.keys.identity);
    expectFailure(result, 10, "usage", message);
  });

  it("where the identity would touch a disk", async () => {
    const disk = execFileSync("mktemp", ["-d", `${process.cwd()}/node_modules/granary-disk-XXXXXX`], {
      encoding: "utf8",
    }).trim();
    execFileSync("cp", ["-r", join(host.root, "etc"), join(host.root, "var"), disk]);
    const child = spawn("bash", [join(scripts, "granary-restore"), "orders"], {
      env: { ...host.processEnv, GRANARY_ROOT: disk },
    });
    child.stdin.end(host.keys.identity);
    const result = await finished(child);
    expect(result.code).toBe(11);
    expect(result.stderr).toMatch(/and not in memory \(tmpfs\)/);
    expect(
      execFileSync("bash", ["-c", `grep -rl AGE-SECRET-KEY "$0" || true; rm -rf "$0"`, disk], { encoding: "utf8" }),
    ).toBe("");
  });
});
