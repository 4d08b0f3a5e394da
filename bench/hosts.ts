/**
 * How long a preview and a look at the copies take with 1, 10, 50 and 200 hosts: the real engine and program, the stand-in
 * plugins, every copy a directory. No host is reached. Called by `npm run bench -- --part hosts`.
 *
 * Exit codes: 0 measured; 1 something failed.
 */
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { LocalWorkspace, PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { stringify } from "yaml";
import granary from "../index.js";
import { cacheDir, repository } from "../lab/config.js";
import { installStandIns } from "../lab/plugins/install.js";

const COUNTS = [1, 10, 50, 200];
/** Repetitions, of which the median counts. */
const ROUNDS = Number(process.argv[2] ?? 3);
const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPibeG7H2wsZfO4WCo2IH8XF0XTvNv5JdqL9XURfiUrj";
const ACCOUNT = "a".repeat(32);
/** What each host backs up. */
const JOBS = {
  orders: { kind: "postgres", database: "mydb" },
  configs: { kind: "configs", paths: ["/opt/configs"] },
};
const BUCKETS = { spaces: "kolonell-backups", r2: "kolonell-archive", box: "" };

function settings(count: number): Record<string, unknown> {
  const host = (i: number) => ({
    ...{ address: `10.0.${Math.floor(i / 250)}.${(i % 250) + 1}`, hostKey: HOST_KEY, provider: "ovh", country: "FR" },
    jobs: JOBS,
  });
  return {
    encryption: {
      recipients: ["age18h2hlj64c3gn4l06d70whev4z3gc99lcfu4n304xqdgrzlev7ejqx90e2d"],
    },
    copies: {
      spaces: { kind: "spaces", region: "fra1", bucket: BUCKETS.spaces },
      r2: { kind: "r2", accountId: ACCOUNT, bucket: BUCKETS.r2 },
      box: { kind: "storageBox" },
    },
    hosts: Object.fromEntries(Array.from({ length: count }, (_, i) => [`shop${i + 1}`, host(i)])),
  };
}

/** Cloudflare's names of permissions: all that a preview asks of a cloud. */
async function cloudflare(): Promise<{ url: string; close: () => void }> {
  const names = ["Workers R2 Storage Bucket Item Read", "Workers R2 Storage Bucket Item Write"];
  const result = names.map((name, i) => ({ id: `${i}`.repeat(32), name, scopes: [] }));
  const server = createServer((_, response) => response.end(JSON.stringify({ success: true, errors: [], result })));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

/** Seconds: the median of some. */
async function seconds(measured: () => Promise<unknown>): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const start = performance.now();
    await measured();
    all.push((performance.now() - start) / 1000);
  }
  return all.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
}

async function preview(work: string, count: number, url: string): Promise<number> {
  const home = join(work, "home");
  const state = join(work, `state-${count}`);
  await mkdir(state);
  const envVars = {
    ...{ PULUMI_HOME: home, PULUMI_BACKEND_URL: `file://${state}`, PULUMI_CONFIG_PASSPHRASE: "bench" },
    ...{ PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_IGNORE_AMBIENT_PLUGINS: "true" },
  };
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName: "bench", projectName: "granary", program: () => Promise.resolve(granary()) },
    { envVars, pulumiHome: home, pulumiCommand: await PulumiCommand.get({ root: cacheDir() }) },
  );
  const values = Object.entries(settings(count)).map(([key, value]) => [
    `granary:${key}`,
    { value: JSON.stringify(value) },
  ]);
  const token = { value: "token", secret: true };
  await stack.setAllConfig({
    ...(Object.fromEntries(values) as Record<string, { value: string }>),
    ...{ "granary:sshPrivateKey": token, "hcloud:token": token, "digitalocean:token": token },
    ...{ "digitalocean:spacesAccessId": token, "digitalocean:spacesSecretKey": token, "cloudflare:apiToken": token },
    "cloudflare:baseUrl": { value: url },
  });
  return seconds(() => stack.preview());
}

/** A copy of each host's last nights in directories, found by the real rclone. */
async function status(work: string, count: number): Promise<number> {
  const directory = join(work, `status-${count}`);
  const readers: Record<string, object> = { box: { kind: "box", server: "u1.box", username: "u1", password: "p" } };
  const lines: string[] = [];
  for (const [copy, bucket] of Object.entries(BUCKETS)) {
    if (copy !== "box") readers[copy] = { kind: "s3", accessKeyId: "A", secretAccessKey: "S" };
    const remote = `RCLONE_CONFIG_${copy.toUpperCase()}`;
    lines.push(`export ${remote}_TYPE=alias ${remote}_REMOTE='${directory}/${copy}'`);
    for (let i = 1; i <= count; i++) await backups(join(directory, copy, bucket), copy, `shop${i}`);
  }
  const config = Object.fromEntries(Object.entries(settings(count)).map(([key, value]) => [`granary:${key}`, value]));
  await writeFile(join(directory, "Pulumi.prod.yaml"), stringify({ config }));
  const rclone = (await promisify(execFile)("sh", ["-c", "command -v rclone"])).stdout.trim();
  await script(join(directory, "rclone"), `${lines.join("\n")}\nexec ${rclone} "$@"`);
  await script(join(directory, "pulumi"), `echo '${JSON.stringify({ readers })}'`);
  const env = { ...process.env, PATH: `${directory}:${process.env["PATH"]}` };
  const look = [join(repository, "cli/granary.js"), "status", "--json"];
  // Red, since these backups are of the past: what counts is that it was all read.
  return seconds(async () => {
    const { stdout } = await promisify(execFile)(process.execPath, look, {
      cwd: directory,
      env,
      maxBuffer: 1 << 26,
    }).catch((error: { stdout: string }) => error);
    const rows = (JSON.parse(stdout) as { hosts: { rows: { last?: string }[] }[] }).hosts.flatMap((host) => host.rows);
    const read = rows.filter(({ last }) => last !== undefined).length;
    if (read !== count * 6) throw new Error(`${read} of ${count * 6} were read: ${stdout.slice(0, 900)}`);
  });
}

async function script(file: string, body: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
}

/** A month of them. */
async function backups(root: string, copy: string, host: string): Promise<void> {
  for (const job of Object.keys(JOBS))
    for (let day = 1; day <= 30; day++) {
      const stamp = `202610${String(day).padStart(2, "0")}T030000Z`;
      const file = join(root, copy === "box" ? host : "", "daily", host, job, stamp);
      await mkdir(dirname(file), { recursive: true });
      const created = `2026-10-${String(day).padStart(2, "0")}T03:00:00Z`;
      const artifacts = [{ name: `${stamp}.age`, encrypted: { bytes: 8 } }];
      const manifest = { schema: 1, host, job, created, artifacts, copy: { name: copy, verified: true } };
      await writeFile(`${file}.age`, "artifact");
      await writeFile(`${file}.json`, JSON.stringify(manifest));
    }
}

const row = (...cells: (string | number)[]): void =>
  console.log(cells.map((cell, i) => (i === 0 ? String(cell).padEnd(10) : String(cell).padStart(10))).join(""));

const work = await mkdtemp(join(process.env["TMPDIR"] ?? tmpdir(), "granary-bench-hosts-"));
const cloud = await cloudflare();
try {
  await installStandIns(join(work, "home"));
  for (const [name, measure] of [
    ["preview", (count: number) => preview(work, count, cloud.url)],
    ["status", (count: number) => status(work, count)],
  ] as const) {
    row(name, "hosts", "seconds", "a host");
    for (const count of COUNTS) {
      const took = await measure(count);
      row("", count, took.toFixed(2), (took / count).toFixed(3));
    }
  }
} finally {
  cloud.close();
  await rm(work, { recursive: true, force: true });
}
