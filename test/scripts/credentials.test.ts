/** What a host says of its own credentials: that the new ones work, and that the old ones do not. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectFailure } from "./faults.js";
import { at, host, PASSWORD, repositoriesAreThere } from "./repository.js";
import { path } from "./harness.js";

const said = (text: string): object[] =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as object);

describe("credentials-check", () => {
  const check = () => host.run("host/credentials-check", []);

  it("writes, reads and removes in each copy, opens the repository, and leaves its password for a restore", async () => {
    repositoriesAreThere("a");
    const result = await check();
    expect(result.code, result.stderr).toBe(0);
    expect(said(result.stdout)).toEqual([
      { job: "orders", copy: "a", what: "written, read, removed" },
      { job: "orders", copy: "a", what: "repository opened, password kept beside it" },
      { job: "orders", copy: "b", what: "written, read, removed" },
      { job: "orders", copy: "b", what: "no repository yet" },
    ]);
    expect(existsSync(at("a/check")) ? readdirSync(at("a/check")) : []).toEqual([]);
    const identity = at("identity");
    writeFileSync(identity, host.keys.identity, { mode: 0o600 });
    const open = ["-d", "-i", identity, at("a/files/shop/orders.password.age")];
    expect(execFileSync("age", open, { encoding: "utf8", env: { PATH: path } }).trim()).toBe(PASSWORD);
    expect(result.stdout + result.stderr).not.toContain(PASSWORD);
  });

  it("tries once what two jobs share", async () => {
    const env = readFileSync(at("etc/granary/orders.env"), "utf8");
    const other = env.replace("GRANARY_JOB=orders", "GRANARY_JOB=configs").replace("KIND=files", "KIND=configs");
    writeFileSync(at("etc/granary/configs.env"), other, { mode: 0o600 });
    const result = await check();
    expect(result.code, result.stderr).toBe(0);
    expect(said(result.stdout)).toEqual([
      { job: "configs", copy: "a", what: "written, read, removed" },
      { job: "configs", copy: "b", what: "written, read, removed" },
      { job: "orders", copy: "a", what: "no repository yet" },
      { job: "orders", copy: "b", what: "no repository yet" },
    ]);
  });

  it("only lists the source of a replica, and writes beside the records of its target, where a lock may keep it", async () => {
    host.writeEnv({ GRANARY_KIND: "replica", GRANARY_REPLICA_RECORDS: ".granary/records" });
    host.fake("rclone", `printf '%s\\n' "$*" >>"$STATE"; exec "$REAL" "$@"`);
    expect(said((await check()).stdout)).toEqual([
      { job: "orders", copy: "a", what: "read" },
      { job: "orders", copy: "b", what: "written, read, removed" },
    ]);
    expect(readFileSync(join(host.root, "state.rclone"), "utf8")).not.toMatch(/rcat .*\/a\//);
    host.fake("rclone", `[[ " $* " != *" deletefile "* ]] || { echo "ObjectLocked" >&2; exit 1; }; exec "$REAL" "$@"`);
    // Twice: what is kept is not written over.
    for (const times of [1, 2]) {
      const result = await check();
      expect(said(result.stdout)).toContainEqual({ job: "orders", copy: "b", what: "written, read" });
      expect(readdirSync(at("b/.granary/records"))).toHaveLength(times);
    }
  });

  it("fails with a copy that takes nothing, or gives back something else", async () => {
    host.fake("rclone", `[[ " $* " != *" rcat "* ]] || { echo "403 Forbidden" >&2; exit 1; }; exec "$REAL" "$@"`);
    expectFailure(await check(), 22, "copy-failed", /copy a takes nothing: 403 Forbidden/);
    host.fake("rclone", `[[ " $* " != *" deletefile "* ]] || { echo "ObjectLocked" >&2; exit 1; }; exec "$REAL" "$@"`);
    expectFailure(await check(), 22, "copy-failed", /copy a keeps what was to go: ObjectLocked/);
    host.fake("rclone", `[[ " $* " != *" cat "* ]] || { echo other; exit 0; }; exec "$REAL" "$@"`);
    expectFailure(await check(), 22, "copy-failed", /copy a does not give back what was sent/);
  });

  it("fails with a repository that another password opens", async () => {
    repositoriesAreThere("a", "b");
    host.writeEnv({ GRANARY_RESTIC_PASSWORD: "another" });
    expectFailure(await check(), 37, "repository-key", /does not open the repository in copy a/);
  });

  it("waits for a run that began with other credentials, and says so when it does not end", async () => {
    mkdirSync(at("run/granary"), { recursive: true });
    const run = spawn("flock", [at("run/granary/orders.lock"), "sleep", "60"], { detached: true });
    try {
      await new Promise((resolve) => setTimeout(resolve, 300));
      host.fake("flock", `exec "$REAL" -w 1 "\${@: -1}"`);
      expectFailure(await check(), 12, "locked", /a run of orders does not end/);
    } finally {
      process.kill(-run.pid!);
    }
  });

  it("says so on a host without a job", async () => {
    execFileSync("rm", [at("etc/granary/orders.env")]);
    expectFailure(await check(), 11, "config", /no job is deployed here/);
  });
});

describe("retired-keys", () => {
  const KEYS = ["box", "box.2", "restic-orders", "restic-orders.2", "git"];
  /** A box that lets in the keys of generation 2 alone; `stubborn` ones, too. */
  const boxLetsIn = (...stubborn: string[]) => {
    const keys = ["box.2", "restic-orders.2", ...stubborn].map((name) => `*/${name}_ed25519*`).join("|");
    const words = `printf '%s\\n' "$*" >>"$STATE"; key=; for ((i = 1; i < $#; i++)); do [[ \${!i} != -i ]] || { j=$((i + 1)); key=\${!j}; }; done`;
    host.fake(
      "ssh",
      `${words}\ncase $key in ${keys}) exit 1 ;; *) echo "u1@box: Permission denied (publickey,password)." >&2; exit 255 ;; esac`,
    );
  };
  const prepare = () => {
    for (const name of KEYS) writeFileSync(at(`etc/granary/${name}_ed25519`), "PLANTED-KEY", { mode: 0o600 });
    writeFileSync(at("etc/granary/box_ed25519.pub"), "public");
    host.writeEnv({
      ...{ GRANARY_GENERATION: "2", GRANARY_COPIES: "box", GRANARY_COPY_BOX_ROOT: "", RCLONE_CONFIG_BOX_TYPE: "sftp" },
      ...{ RCLONE_CONFIG_BOX_HOST: "u1.box", RCLONE_CONFIG_BOX_PORT: "23", RCLONE_CONFIG_BOX_USER: "u1-sub1" },
      ...{ GRANARY_COPY_BOX_RESTIC: "append-only", GRANARY_COPY_BOX_RESTIC_LOGIN: "u1-sub2@u1-sub2.box" },
    });
  };
  const left = (): string[] =>
    readdirSync(at("etc/granary"))
      .filter((name) => name.includes("_ed25519"))
      .sort();

  it("are tried at the account that each was for, and refused", async () => {
    prepare();
    boxLetsIn();
    const result = await host.run("host/retired-keys", []);
    expect(result.code, result.stderr).toBe(0);
    expect(said(result.stdout)).toEqual([
      { key: "box", copy: "box", refused: true },
      { key: "restic-orders", copy: "box", refused: true },
    ]);
    const calls = readFileSync(join(host.root, "state.ssh"), "utf8");
    expect(calls).toMatch(/-i \S+\/box_ed25519 .* HostKeyAlias=\[u1\.box\]:23 u1-sub1@u1\.box ls\n/);
    expect(calls).toMatch(/-i \S+\/restic-orders_ed25519 .* u1-sub2@u1-sub2\.box ls\n/);
    expect(left()).toHaveLength(KEYS.length + 1);
  });

  it("are told when one is let in", async () => {
    prepare();
    boxLetsIn("restic-orders");
    expect(said((await host.run("host/retired-keys", [])).stdout)).toContainEqual({
      ...{ key: "restic-orders", copy: "box", refused: false },
    });
  });

  it("are not refused by a box that does not answer", async () => {
    prepare();
    host.fake("ssh", `echo "ssh: connect to host u1.box port 23: Connection refused" >&2; exit 255`);
    expectFailure(await host.run("host/retired-keys", []), 24, "fetch-failed", /the box of copy box does not answer/);
  });

  it("go, and what is in use stays", async () => {
    prepare();
    const result = await host.run("host/retired-keys", ["--remove"]);
    expect(result.code, result.stderr).toBe(0);
    expect(left()).toEqual(["box.2_ed25519", "restic-orders.2_ed25519"]);
    expect(said(result.stdout)).toContainEqual({ key: "git", removed: true });
  });

  it("takes no other argument", async () => {
    expectFailure(await host.run("host/retired-keys", ["all"]), 10, "usage", /only --remove is expected/);
  });
});

describe("a key of a later generation", () => {
  it("is made beside the first", async () => {
    const first = await host.run("host/client-key", ["box"]);
    const second = await host.run("host/client-key", ["box.2"]);
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(second.stdout).toMatch(/^ssh-ed25519 /);
    expect(second.stdout).not.toBe(first.stdout);
    expect(existsSync(at("etc/granary/box.2_ed25519"))).toBe(true);
    expectFailure(await host.run("host/client-key", ["box.0"]), 10, "usage", /box, git or restic-JOB/);
  });
});
