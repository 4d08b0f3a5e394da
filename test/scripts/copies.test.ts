/** The real rclone against what the copies are: S3 with a lock, and an SFTP server without a shell. And: no secret shows. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { freePort } from "../free-port.js";
import { Cluster, Host, real } from "./harness.js";
import { S3Stub } from "./s3-stub.js";

let cluster: Cluster;
let host: Host;
let s3: S3Stub;

beforeAll(() => {
  cluster = new Cluster();
});
afterAll(() => cluster.close());
beforeEach(async () => {
  cluster.sql("postgres", "CREATE ROLE shop LOGIN PASSWORD 'x'; CREATE DATABASE shop OWNER shop");
  cluster.sql("shop", "CREATE TABLE orders AS SELECT g AS id, md5(g::text) AS note FROM generate_series(1, 5000) g");
  host = new Host(cluster);
  s3 = new S3Stub("archive", "ACCESSKEY1");
  host.writeEnv({
    GRANARY_COPIES: "r2",
    GRANARY_COPY_R2_ROOT: "archive",
    RCLONE_CONFIG_R2_TYPE: "s3",
    RCLONE_CONFIG_R2_PROVIDER: "Cloudflare",
    RCLONE_CONFIG_R2_REGION: "auto",
    RCLONE_CONFIG_R2_ACCESS_KEY_ID: "ACCESSKEY1",
    RCLONE_CONFIG_R2_SECRET_ACCESS_KEY: "PLANTED-S3-SECRET",
    RCLONE_CONFIG_R2_ENDPOINT: await s3.listen(),
  });
});
afterEach(() => {
  host.close();
  s3.close();
  for (const name of cluster
    .sql("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'shop%'")
    .split("\n")
    .filter(Boolean))
    cluster.sql("postgres", `DROP DATABASE "${name}" WITH (FORCE)`);
  cluster.sql("postgres", "DROP ROLE IF EXISTS shop");
});

it("S3 with an item-scoped key and a lock: to it, read back, restored from it", async () => {
  expect((await host.backup()).code).toBe(0);
  const stamp = host.manifest("local").created.replace(/[-:]/g, "");
  const names = ["daily", "monthly", "annual"].flatMap((tier) =>
    ["dump.zst.age", "globals.sql.zst.age", "json"].map((end) => `${tier}/shop/orders/${stamp}.${end}`),
  );
  expect([...s3.objects.keys()].sort()).toEqual([...names].sort());
  const puts = s3.requests.filter((request) => request.startsWith("PUT"));
  expect(puts[2]).toBe(`PUT /archive/${names[2] ?? ""}`);
  expect(puts.length).toBe(9);
  expect(s3.requests.filter((request) => /^(PUT|HEAD|DELETE) \/archive\/?$/.test(request))).toEqual([]);
  const verify = await host.run("granary-artifacts", ["orders", "--copy", "r2", "--verify"]);
  expect(JSON.parse(verify.stdout)).toMatchObject({ intact: true, copy: { name: "r2" } });
  const restore = await host.restore(["--copy", "r2", "--into", "shop_look"]);
  expect(restore.code, restore.stderr).toBe(0);
  expect(cluster.sql("shop_look", "SELECT count(*) FROM orders")).toBe("5000");
});

it("S3 with a wrong key: the copy fails by name", async () => {
  host.writeEnv({ RCLONE_CONFIG_R2_ACCESS_KEY_ID: "OTHERKEY" });
  const result = await host.backup();
  expect(result.code).toBe(22);
  expect(result.stderr).toMatch(/upload to copy r2 failed: .*InvalidAccessKeyId/);
  expect(s3.objects.size).toBe(0);
});

/** A server like the Storage Box: SFTP alone, no shell, a home of its own, a key that is pinned. */
async function startBox(): Promise<{ box: ChildProcess; port: number }> {
  const dir = join(host.root, "sshd");
  const port = await freePort();
  mkdirSync(join(dir, "home"), { recursive: true });
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(dir, "host_key")]);
  writeFileSync(join(dir, "authorized_keys"), (await host.run("host/client-key", ["box"])).stdout, { mode: 0o600 });
  const pinned = readFileSync(join(dir, "host_key.pub"), "utf8").split(" ").slice(0, 2).join(" ");
  writeFileSync(join(host.root, "etc/granary/known_hosts"), `[127.0.0.1]:${String(port)} ${pinned}\n`);
  if (process.getuid?.() === 0 && !existsSync("/run/sshd")) mkdirSync("/run/sshd");
  const options = {
    ListenAddress: `127.0.0.1:${String(port)}`,
    HostKey: join(dir, "host_key"),
    AuthorizedKeysFile: join(dir, "authorized_keys"),
    PidFile: "none",
    StrictModes: "no",
    UsePAM: "no",
    PasswordAuthentication: "no",
    PermitRootLogin: "prohibit-password",
    Subsystem: "sftp internal-sftp",
    ForceCommand: `internal-sftp -d ${dir}/home`,
  };
  writeFileSync(
    join(dir, "config"),
    Object.entries(options)
      .map(([key, value]) => `${key} ${value}\n`)
      .join(""),
  );
  const box = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", join(dir, "config")], { stdio: ["ignore", "ignore", "pipe"] });
  await new Promise((resolve) =>
    box.stderr.on("data", (text: Buffer) => (text.toString().includes("listening") ? resolve(0) : 0)),
  );
  return { box, port };
}

it("an SFTP box without a shell: directories made, read back, restored from; another host key is refused", async () => {
  const { box, port } = await startBox();
  try {
    host.writeEnv({
      GRANARY_COPIES: "box",
      GRANARY_COPY_BOX_ROOT: "",
      RCLONE_CONFIG_BOX_TYPE: "sftp",
      RCLONE_CONFIG_BOX_HOST: "127.0.0.1",
      RCLONE_CONFIG_BOX_PORT: String(port),
      RCLONE_CONFIG_BOX_USER: userInfo().username,
      RCLONE_CONFIG_BOX_SHELL_TYPE: "none",
      RCLONE_CONFIG_BOX_KEY_FILE: join(host.root, "etc/granary/box_ed25519"),
      RCLONE_CONFIG_BOX_KNOWN_HOSTS_FILE: join(host.root, "etc/granary/known_hosts"),
    });
    const result = await host.backup();
    expect(result.code, result.stderr).toBe(0);
    expect(readdirSync(join(host.root, "sshd/home/daily/shop/orders")).sort()).toEqual(host.files("local"));
    const restore = await host.restore(["--copy", "box", "--into", "shop_look"]);
    expect(restore.code, restore.stderr).toBe(0);
    expect(cluster.sql("shop_look", "SELECT count(*) FROM orders")).toBe("5000");
    const other = join(host.root, "etc/granary/box_ed25519.pub");
    const pinned = readFileSync(other, "utf8").split(" ").slice(0, 2).join(" ");
    writeFileSync(join(host.root, "etc/granary/known_hosts"), `[127.0.0.1]:${String(port)} ${pinned}\n`);
    const refused = await host.backup();
    expect(refused.code).toBe(22);
    expect(refused.stderr).toMatch(/upload to copy box failed: .*knownhosts: key mismatch/);
  } finally {
    box.kill();
  }
});

it("no secret is in any argument, message or file where it need not be", async () => {
  const log = join(host.root, "argv");
  writeFileSync(log, "");
  chmodSync(log, 0o666);
  const programs =
    "psql pg_dump pg_dumpall pg_restore vacuumdb age zstd rclone openssl jq sed awk tee stat cat grep date mv cp rm mktemp sync df head tail wc sort shred install basename dirname mkfifo chown chmod nproc flock id uname setpriv sh".split(
      " ",
    );
  // The recorder is bash alone: the wrapped programs must not be called by it.
  for (const program of programs)
    host.fake(program, `printf '%q ' ${program} "$@" >>${log}; echo >>${log}\nexec ${real(program)} "$@"`);
  host.fakeDocker();
  host.fake(
    "docker",
    `printf '%q ' docker "$@" >>${log}; echo >>${log}\n${readFileSync(join(host.bin, "docker"), "utf8").split("\n").slice(3).join("\n")}`,
  );
  host.writeEnv({ GRANARY_PG_PASSWORD: "PLANTED-DB-PASSWORD" });
  cluster.sql(
    "postgres",
    "ALTER ROLE shop PASSWORD 'PLANTED-ROLE'; ALTER DATABASE shop SET app.secret = 'PLANTED-SETTING'",
  );
  const backup = await host.backup();
  expect(backup.code, backup.stderr).toBe(0);
  const restore = await host.restore(["--copy", "r2"]);
  expect(restore.code, restore.stderr).toBe(0);
  const identity = /AGE-SECRET-KEY-1\w+/.exec(host.keys.identity)?.[0] ?? "none";
  const argv = readFileSync(log, "utf8");
  for (const program of ["docker", "psql", "pg_dump", "rclone", "age", "pg_restore"])
    expect(argv).toMatch(new RegExp(`^${program} `, "m"));
  const said = argv + backup.stdout + backup.stderr + restore.stdout + restore.stderr;
  for (const secret of ["PLANTED", "SCRAM-SHA", identity]) expect(said).not.toContain(secret);
  const grep = `grep -rlE 'PLANTED|SCRAM-SHA|${identity}' "$0" || true`;
  expect(execFileSync("bash", ["-c", grep, host.root], { encoding: "utf8" }).trim()).toBe(
    join(host.root, "etc/granary/orders.env"),
  );
  for (const object of s3.objects.values()) expect(object.toString("latin1")).not.toContain("PLANTED");
});
