/**
 * A storage box: restic through the account for files, whose key may run rclone for one repository and nothing else; the
 * manifest and the escrow through the account for artifacts.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freePort } from "../free-port.js";
import { repositoryKeyLine } from "../../plan/box-homes.js";
import { expectFailure } from "./faults.js";
import { at, host, listing, PASSWORD, uploads } from "./repository.js";
import { path } from "./harness.js";

let doors: Door[];

/** One account of a box: an sshd of its own, with a home, a key and a host key that all accounts share. */
interface Door {
  process: ChildProcess;
  port: number;
  home: string;
}

/** @param inside what an account's session begins with, before the command it asked for or was given */
async function openDoor(name: string, keys: string, force: string): Promise<Door> {
  const home = at(`box/${name}`);
  const port = await freePort();
  mkdirSync(home, { recursive: true });
  writeFileSync(`${home}.keys`, keys, { mode: 0o600 });
  if (process.getuid?.() === 0 && !existsSync("/run/sshd")) mkdirSync("/run/sshd");
  const lines = [
    `ListenAddress 127.0.0.1:${String(port)}`,
    `HostKey ${at("box/host_key")}`,
    `AuthorizedKeysFile ${home}.keys`,
    "PidFile none",
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "PermitRootLogin prohibit-password",
    "Subsystem sftp internal-sftp",
    force,
  ];
  writeFileSync(`${home}.config`, lines.join("\n"));
  const child = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", `${home}.config`], { stdio: ["ignore", "ignore", "pipe"] });
  await new Promise<void>((resolve) => {
    child.stderr.on("data", (text: Buffer) => (text.toString().includes("listening") ? resolve() : undefined));
  });
  return { process: child, port, home };
}

beforeEach(async () => {
  mkdirSync(at("box"));
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at("box/host_key")]);
  const box = (await host.run("host/client-key", ["box"])).stdout;
  const repository = (await host.run("host/client-key", ["restic-orders"])).stdout;
  const artifacts = await openDoor("shop", box, `ForceCommand internal-sftp -d ${at("box/shop")}`);
  // A key's own command is run where the account is at home.
  const line = repositoryKeyLine("shop", "orders", repository).replace(
    'command="',
    `command="cd ${at("box/shop.files")} && `,
  );
  const files = await openDoor("shop.files", `${line}\n`, "");
  doors = [artifacts, files];
  const pinned = readFileSync(at("box/host_key.pub"), "utf8").split(" ").slice(0, 2).join(" ");
  const names = doors.map(({ port }) => `[127.0.0.1]:${String(port)} ${pinned}\n`);
  writeFileSync(at("etc/granary/known_hosts"), names[0]! + names[1]!);
  host.fake(
    "ssh",
    `args=("$@"); for i in "\${!args[@]}"; do [[ \${args[i]} != -p ]] || args[i+1]=${String(files.port)}; done; exec "$REAL" "\${args[@]}"`,
  );
  host.writeEnv({
    GRANARY_COPIES: "box",
    GRANARY_COPY_BOX_ROOT: "",
    RCLONE_CONFIG_BOX_TYPE: "sftp",
    RCLONE_CONFIG_BOX_HOST: "127.0.0.1",
    RCLONE_CONFIG_BOX_PORT: String(artifacts.port),
    RCLONE_CONFIG_BOX_USER: userInfo().username,
    RCLONE_CONFIG_BOX_SHELL_TYPE: "none",
    RCLONE_CONFIG_BOX_KEY_FILE: at("etc/granary/box_ed25519"),
    RCLONE_CONFIG_BOX_KNOWN_HOSTS_FILE: at("etc/granary/known_hosts"),
    GRANARY_COPY_BOX_RESTIC: "append-only",
    GRANARY_COPY_BOX_RESTIC_LOGIN: `${userInfo().username}@127.0.0.1`,
  });
});
afterEach(() => doors.forEach((door) => door.process.kill()));

const repository = (): string => at("box/shop.files/files/shop/orders");
const files = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .sort();

it("saves, verifies and restores; the repository and the rest are in two accounts", async () => {
  const result = await host.backup();
  expect(result.code, result.stderr).toBe(0);
  const names = files(at("box/shop"));
  expect(names).toEqual([
    expect.stringMatching(/^daily\/shop\/orders\/\d+T\d+Z\.json$/),
    "files/shop/orders.password.age",
  ]);
  expect(JSON.parse(readFileSync(at(`box/shop/${names[0] ?? ""}`), "utf8"))).toMatchObject({
    files: 4,
    copy: { name: "box" },
  });
  expect(existsSync(join(repository(), "config"))).toBe(true);
  const again = await host.backup();
  expect(again.code, again.stderr).toBe(0);
  expect(files(join(repository(), "locks"))).toEqual([]);
  const restore = await host.restore(["--copy", "box", "--into", at("restored")]);
  expect(restore.code, restore.stderr).toBe(0);
  expect(listing(join(at("restored"), uploads()))).toBe(listing(uploads()));
});

describe("the key of the job", () => {
  const ssh = (): string[] => [
    ...["-F", "/dev/null", "-T", "-p", String(doors[1]!.port), "-i", at("etc/granary/restic-orders_ed25519")],
    ...["-o", `UserKnownHostsFile=${at("etc/granary/known_hosts")}`, `${userInfo().username}@127.0.0.1`],
  ];
  /** What an intruder on the host can do with restic. */
  const asHost = (...args: string[]) =>
    spawnSync(
      "restic",
      [
        "-r",
        "rclone:files",
        "-o",
        `rclone.program=ssh ${ssh().join(" ")}`,
        "-o",
        "rclone.args=",
        "--no-cache",
        ...args,
      ],
      {
        env: { PATH: path, HOME: host.root, RESTIC_PASSWORD: PASSWORD },
        encoding: "utf8",
        timeout: 5000, // what is refused it would try for a minute
      },
    );

  it("adds, and can neither take away nor change what is there", async () => {
    expect((await host.backup()).code).toBe(0);
    const before = files(repository());
    const contents = before.map((name) => readFileSync(join(repository(), name)));
    const [snapshot] = JSON.parse(asHost("snapshots", "--json").stdout) as { id: string }[];
    expect(asHost("forget", snapshot!.id, "--prune").stderr).toMatch(/403 Forbidden/);
    expect(asHost("init").status).not.toBe(0);
    expect(spawnSync("ssh", [...ssh(), "rm", "-rf", "files"], { input: "", encoding: "utf8" }).stdout).not.toContain(
      "rm",
    );
    for (const [i, name] of before.entries())
      if (!name.startsWith("locks/")) expect(readFileSync(join(repository(), name))).toEqual(contents[i]);
    const restore = await host.restore(["--copy", "box", "--into", at("restored")]);
    expect(restore.code, restore.stderr).toBe(0);
  });
});

it("a pack that is lost or cut short on the box is found by the next run that adds something", async () => {
  expect((await host.backup()).code).toBe(0);
  const pack = join(repository(), files(repository()).find((name) => name.startsWith("data/")) ?? "");
  writeFileSync(pack, readFileSync(pack).subarray(0, 100));
  writeFileSync(at("opt/uploads/new"), "new");
  expectFailure(await host.backup(), 22, "copy-failed", /restic failed with copy box: .*|no verified artifact in: box/);
});

it("another host key, and a box that is away, fail by the name of the copy", async () => {
  expect((await host.backup()).code).toBe(0);
  doors[1]!.process.kill();
  expectFailure(
    await host.backup(),
    22,
    "copy-failed",
    /restic failed with copy box: .*(Connection refused|error talking HTTP)/,
  );
});
