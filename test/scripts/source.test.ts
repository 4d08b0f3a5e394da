/** Source code: pushed to a remote, and a bundle in the copies that needs no remote. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { expectFailure } from "./faults.js";
import { fileHost, type Host } from "./harness.js";

let host: Host;
let app: string;
let remote: string;

const git = (dir: string, ...args: string[]): string =>
  execFileSync("git", ["-c", "user.name=Shop", "-c", "user.email=shop@shop.example", "-C", dir, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();
const refs = (dir: string): string =>
  git(dir, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags");

function commit(text: string): void {
  writeFileSync(join(app, "index.html"), text);
  git(app, "add", "index.html");
  git(app, "commit", "-q", "-m", text);
}

/** A remote behind an ssh that runs what it is told here, and notes how it was called. */
const SSH = `printf '%s\\n' "$*" >>"$STATE"; while [[ $1 != git@* ]]; do shift; done; shift; exec bash -c "$*"`;

beforeEach(() => {
  host = fileHost("source");
  app = join(host.root, "opt/app");
  remote = join(host.root, "remote.git");
  mkdirSync(app, { recursive: true });
  execFileSync("git", ["init", "-q", "--bare", remote]);
  execFileSync("git", ["init", "-q", "-b", "main", app]);
  commit("one");
  git(app, "tag", "v1");
  git(app, "checkout", "-q", "-b", "feature");
  commit("two");
  host.fake("ssh", SSH);
  host.writeEnv({
    GRANARY_SOURCE_PATH: "/opt/app",
    GRANARY_SOURCE_REMOTE: `git@git.example:${remote}`,
    GRANARY_SOURCE_KNOWN_HOST: "git.example ssh-ed25519 AAAA",
  });
});
afterEach(() => host.close());

it("pushes every branch and tag, and keeps a bundle that brings all of it back", async () => {
  const result = await host.backup();
  expect(result.code, result.stderr).toBe(0);
  expect(refs(remote)).toBe(refs(app));
  expect(readFileSync(join(host.root, "state.ssh"), "utf8")).toMatch(
    /StrictHostKeyChecking=yes -o UserKnownHostsFile=\S+\/orders\.known_hosts/,
  );
  execFileSync("rm", ["-rf", remote]);
  const to = join(host.root, "restored");
  const restore = await host.restore(["--copy", "a", "--into", to]);
  expect(restore.code, restore.stderr).toBe(0);
  expect(JSON.parse(restore.stdout)).toMatchObject({ directory: to, compared: { refs: 3 } });
  expect(refs(to)).toBe(refs(app));
  expect(git(to, "status", "--porcelain", "--branch")).toBe("## feature");
  expect(readFileSync(join(to, "index.html"), "utf8")).toBe("two");
});

it("needs no remote", async () => {
  host.writeEnv({ GRANARY_SOURCE_REMOTE: undefined, GRANARY_SOURCE_KNOWN_HOST: undefined });
  expect((await host.backup()).code).toBe(0);
  expect(host.manifest("a")).toMatchObject({ kind: "source", head: git(app, "rev-parse", "HEAD") });
});

it("a branch that was rewritten is not forced: the run fails, the copies have the bundle, the remote keeps its own", async () => {
  expect((await host.backup()).code).toBe(0);
  const before = refs(remote);
  git(app, "commit", "-q", "--amend", "-m", "rewritten");
  expectFailure(await host.backup(), 29, "push-failed", /did not take every ref: .*rejected.*feature/);
  expect(refs(remote)).toBe(before);
  expect(host.files("a").filter((name) => name.endsWith(".json")).length).toBe(2);
});

it("a branch deleted here stays at the remote", async () => {
  expect((await host.backup()).code).toBe(0);
  git(app, "checkout", "-q", "main");
  git(app, "branch", "-q", "-D", "feature");
  expect((await host.backup()).code).toBe(0);
  expect(refs(remote)).toContain("refs/heads/feature");
});

it("runs none of the repository's hooks", async () => {
  const hook = join(app, ".git/hooks/pre-push");
  writeFileSync(hook, `#!/bin/sh\ntouch ${host.root}/hooked\n`);
  chmodSync(hook, 0o755);
  expect((await host.backup()).code).toBe(0);
  expect(execFileSync("ls", [host.root], { encoding: "utf8" })).not.toContain("hooked");
});

it.each([
  ["no repository", () => execFileSync("rm", ["-rf", join(app, ".git")]), /is no Git repository/],
  ["no commit", () => execFileSync("bash", ["-c", `rm -rf "$0/.git" && git init -q "$0"`, app]), /has no commit yet/],
])("%s is a failure before anything is made", async (_, change, message) => {
  change();
  expectFailure(await host.backup(), 28, "source-missing", message);
  expect(host.files("local")).toEqual([]);
});
