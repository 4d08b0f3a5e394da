import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { main } from "../../cli/main.js";

const IDENTITY = "AGE-SECRET-KEY-1PLANTEDANDNOTTOBESEEN";
const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPibeG7H2wsZfO4WCo2IH8XF0XTvNv5JdqL9XURfiUrj";
const RESULT = {
  ok: true,
  database: "mydb_restored",
  old: null,
  switched: false,
  stamp: "20261123T030000Z",
  copy: "r2",
  compared: { tables: 8, rows: 50_000 },
  seconds: { restore: 7.1, total: 13.4 },
};

let directory: string;
let path: string | undefined;

/** A program on the PATH in place of the real one; it writes what it was given next to itself. */
function fake(name: string, script: string): void {
  const file = join(directory, name);
  writeFileSync(file, `#!/bin/sh\nprintf '%s\\n' "$@" >"${file}.args"\n${script}\n`);
  chmodSync(file, 0o755);
}

const given = (name: string): string => readFileSync(join(directory, name), "utf8");

/** What the person at the terminal answers; undefined: there is no terminal. */
let answer: string | undefined;

async function granary(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const terminal = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    color: false,
    directory,
    ask: answer === undefined ? undefined : () => Promise.resolve(answer!),
  };
  const code = await main(["restore", ...args], terminal);
  return { code, out, err };
}

beforeEach(() => {
  answer = undefined;
  directory = mkdtempSync(join(tmpdir(), "granary-test-"));
  writeFileSync(join(directory, "identity.txt"), `# public key: age1…\n${IDENTITY}\n`);
  const outputs = { hosts: { shop: { address: "203.0.113.10", hostKey: HOST_KEY, sshPort: 2222 } } };
  fake("pulumi", `cat <<'OUTPUTS'\n${JSON.stringify(outputs)}\nOUTPUTS`);
  const knownHosts = `for a in "$@"; do case $a in UserKnownHostsFile=*) cp "\${a#*=}" "${directory}/known_hosts" ;; esac; done`;
  fake("ssh", `${knownHosts}\ncat >"${directory}/stdin"\necho 'event=chosen' >&2\necho '${JSON.stringify(RESULT)}'`);
  path = process.env["PATH"];
  process.env["PATH"] = `${directory}:${path}`;
});

afterEach(() => {
  process.env["PATH"] = path;
  rmSync(directory, { recursive: true });
});

describe("granary restore", () => {
  it("sends the identity by standard input, to no machine but the one whose key the stack pins", async () => {
    const { code } = await granary("shop", "orders", "--copy", "r2", "--identity", join(directory, "identity.txt"));
    expect(code).toBe(0);
    expect(given("stdin")).toBe(`${IDENTITY}\n`);
    expect(given("known_hosts")).toBe(`[203.0.113.10]:2222 ${HOST_KEY}\n`);
    const args = given("ssh.args").split("\n");
    expect(args).toContain("StrictHostKeyChecking=yes");
    expect(args).toContain("root@203.0.113.10");
    expect(args).toContain("'granary-restore' 'orders' '--copy' 'r2'");
    expect(given("ssh.args")).not.toContain(IDENTITY);
  });

  it("quotes every word for the host's shell", async () => {
    await granary("shop", "orders", "--at", "x'; reboot", "--identity", join(directory, "identity.txt"));
    expect(given("ssh.args")).toContain("'granary-restore' 'orders' '--at' 'x'\\''; reboot'");
  });

  it("says that the live database is untouched and how to put the restored one in its place", async () => {
    const identity = join(directory, "identity.txt");
    const { out } = await granary("shop", "orders", "--copy", "r2", "--identity", identity);
    expect(out).toContain("8 tables, 50000 rows, counted and equal to the manifest");
    expect(out).toContain("the live database is untouched");
    expect(out).toContain(
      `granary restore shop orders --copy r2 --at 20261123T030000Z --identity ${identity} --switch`,
    );
  });

  it("passes the host's exit code on", async () => {
    fake("ssh", "cat >/dev/null\necho 'event=error code=25 name=artifact-corrupt' >&2\nexit 25");
    const { code, err } = await granary("shop", "orders", "--identity", join(directory, "identity.txt"));
    expect(code).toBe(25);
    expect(err).toContain("artifact-corrupt");
  });

  it.each([
    [["shop"], 64, "restore takes a host and a job"],
    [["shop", "orders"], 64, "--identity FILE is missing"],
    [["shop", "orders", "--identity", "/nonexistent"], 1, "cannot be read (ENOENT)"],
    [["shop", "orders", "--identity", "/etc/hostname"], 1, "holds no age identity"],
    [["shop", "orders", "--idntity", "x"], 64, "--idntity"],
    [["shop", "orders", "--undo", "--switch"], 64, "--undo takes back the last switch"],
    [["shop", "orders", "--identity", "x", "--into", "a", "--switch"], 64, "--into and --switch exclude each other"],
    [["shop", "orders", "--identity", "x", "--again"], 64, "--again goes with --switch"],
    [["shop", "media", "--identity", "x", "--only", "/opt"], 64, "--only PATH needs --into DIRECTORY"],
    [["shop", "orders", "--identity", "x", "--stop", "true"], 64, "--stop and --start belong together"],
  ])("refuses %j with %i before anything is touched", async (args, expected, message) => {
    fake("ssh", "exit 99");
    const { code, err } = await granary(...args);
    expect(code).toBe(expected);
    expect(err).toContain(message);
  });

  it("names the hosts a stack has", async () => {
    const { code, err } = await granary("shpo", "orders", "--identity", join(directory, "identity.txt"));
    expect(code).toBe(1);
    expect(err).toContain('stack prod has no host "shpo" (it has: shop)');
  });

  it("says what pulumi said when the stack cannot be read", async () => {
    fake("pulumi", "echo 'error: no stack named prod found' >&2; exit 255");
    const { code, err } = await granary("shop", "orders", "--identity", join(directory, "identity.txt"));
    expect(code).toBe(1);
    expect(err).toContain("error: no stack named prod found");
  });
});

/** A host that writes down what it is told, one line a command, and answers as the real one does. */
function recordingHost(more = ""): void {
  const difference = { tablesMissing: ["shop.items"], tablesExtra: [], equal: 6 };
  const tables = [{ table: "shop.orders", missing: 50_000, extra: 0, changed: 0 }];
  const beside = { ...RESULT, difference: { ...difference, tables } };
  const live = { ...RESULT, database: "mydb", switched: true, old: "mydb_old_20261123t180000z" };
  fake(
    "ssh",
    `for last in "$@"; do :; done\necho "$last" >>"${directory}/told"\ncat >/dev/null\n${more}
case $last in
  *granary-restore*--undo*) echo '${JSON.stringify({ database: "mydb", undone: true, kept: "mydb_undone" })}' ;;
  *granary-restore*--switch*) echo '${JSON.stringify(live)}' ;;
  *granary-restore*) echo '${JSON.stringify(beside)}' ;;
esac`,
  );
}
const told = (): string[] => given("told").trim().split("\n");

describe("granary restore --switch", () => {
  const SWITCH = ["shop", "orders", "--copy", "r2", "--at", "2026-11-23T17:59:00Z", "--switch"];
  const APP = ["--stop", "docker stop web", "--start", "docker start web"];
  const go = (...more: string[]) => granary(...SWITCH, "--identity", join(directory, "identity.txt"), ...more);

  it("stops the shop, restores beside, shows the difference, switches that very backup, starts the shop", async () => {
    recordingHost();
    const { code, out, err } = await go("--yes", ...APP);
    expect([code, told()]).toEqual([
      0,
      [
        "'sh' '-c' 'docker stop web'",
        "'granary-restore' 'orders' '--copy' 'r2' '--at' '2026-11-23T17:59:00Z' '--reuse'",
        "'granary-restore' 'orders' '--copy' 'r2' '--at' '20261123T030000Z' '--reuse' '--switch'",
        "'sh' '-c' 'docker start web'",
      ],
    ]);
    expect(err).toContain("shop.items is gone");
    expect(err).toContain("shop.orders: 50000 rows are gone");
    expect(out).toContain("kept as mydb_old_20261123t180000z");
    expect(out).toContain("granary restore shop orders --undo");
    expect(out).toMatch(/evidence: .*-restore\.json/);
  });

  it("asks, and does not switch without a yes", async () => {
    recordingHost();
    answer = "n";
    const { code, out } = await go(...APP);
    expect(code).toBe(0);
    expect(out).toContain("nothing was switched");
    expect(told().join()).not.toContain("--switch");
    expect(told().at(-1)).toBe("'sh' '-c' 'docker start web'");
    answer = "Yes";
    expect((await go()).out).toContain("kept as mydb_old");
  });

  it("without a terminal it needs --yes, before anything is touched", async () => {
    recordingHost();
    const { code, err } = await go();
    expect([code, err]).toEqual([64, expect.stringContaining("there is no terminal: say --yes")]);
    expect(() => given("told")).toThrow();
  });

  it("a restore that fails switches nothing, says that the shop is stopped, and leaves evidence", async () => {
    recordingHost(`case $last in *granary-restore*) echo 'event=error code=25' >&2; exit 25 ;; esac`);
    const { code, err } = await go("--yes", ...APP);
    expect(code).toBe(25);
    expect(told()).toHaveLength(2);
    expect(err).toContain("the shop's application is stopped: run this again, or start it on shop: docker start web");
  });

  it("run again after it had switched, it says so and switches nothing", async () => {
    const live = { ...RESULT, database: "mydb", switched: true, already: true, old: "mydb_old_20261123t180000z" };
    recordingHost(`case $last in *granary-restore*) echo '${JSON.stringify(live)}'; exit ;; esac`);
    const { code, out } = await go("--yes");
    expect([code, told().length]).toEqual([0, 1]);
    expect(out).toContain("an earlier run had put it in place: nothing was done");
  });

  it("--again does not take what an earlier run did for its own", async () => {
    recordingHost();
    expect((await go("--yes", "--again")).code).toBe(0);
    expect(told()).toHaveLength(2);
    expect(told().join()).not.toContain("--reuse");
  });

  it("is taken back by one command, without an identity", async () => {
    recordingHost();
    const { code, out } = await granary("shop", "orders", "--undo");
    expect([code, told()]).toEqual([0, ["'granary-restore' 'orders' '--undo'"]]);
    expect(out).toContain("mydb is as it was before the switch; what had its place is kept as mydb_undone");
  });
});
