import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { cacheDir, repository } from "../config.js";
import { engineEnvironment, projectDir, setConfig, STACK } from "../engine.js";
import {
  compareFingerprints,
  fingerprintSql,
  holdSnapshotScript,
  useSql,
  type Check,
  type Fingerprint,
} from "../shop/content.js";
import { hosts, type World } from "../world.js";
import { CONTAINER, DATABASE, ShopServer, type Target } from "./shop-server.js";

const SERVICE = "granary@orders.service";
/** Longer than the backup takes, so that orders come in before, during and after it. */
const LOAD_SECONDS = 12;

/** The server the stack says is there now. */
export async function shopServer(stack: Stack, world: World): Promise<ShopServer> {
  const outputs = await stack.outputs();
  const hosts = outputs["hosts"]?.value as Record<string, Target>;
  return ShopServer.at(world.laptop, hosts["shop"]!);
}

/** `preview` again: the program must find nothing to change. @returns what it would do, by resource */
export async function previewChanges(stack: Stack): Promise<string> {
  const changes: string[] = [];
  await stack.preview({
    onEvent: ({ resourcePreEvent }) => {
      if (resourcePreEvent === undefined || resourcePreEvent.metadata.op === "same") return;
      const { op, urn, diffs } = resourcePreEvent.metadata;
      changes.push(`${op} ${urn.split("::").at(-1)} (${diffs?.join(", ") ?? ""})`);
    },
  });
  return changes.join("; ") || "no change";
}

export interface BackedUp {
  /** What was in the database in the very snapshot that was dumped. */
  fingerprint: Fingerprint;
  /** When the dump's snapshot was taken, milliseconds since the epoch. */
  at: number;
  ordersPlaced: number;
}

/** Runs the timer's own service while orders come in; a witness joins the dump's snapshot and hashes what is in it. */
export async function backUpUnderLoad(server: ShopServer): Promise<BackedUp> {
  let at = 0;
  let joined: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (joined = resolve));
  const psql = `docker exec -i ${CONTAINER} psql -U postgres -d ${DATABASE}`;
  const [fingerprint, ordersPlaced] = await Promise.all([
    server.run(holdSnapshotScript(psql, 120), "", (text) => {
      if (text.includes("waiting")) joined();
      if (text.includes("snapshot")) at = Date.now();
    }),
    server.load(LOAD_SECONDS),
    ready.then(() =>
      server.run(`systemctl start ${SERVICE} || { journalctl -u ${SERVICE} -n 40 -o cat >&2; exit 1; }`),
    ),
  ]);
  return { fingerprint: JSON.parse(fingerprint) as Fingerprint, at, ordersPlaced };
}

/** Reads every artifact of a copy back in full and compares it with its manifest. */
export async function verifyCopy(server: ShopServer, copy: string): Promise<{ artifacts: number; verified: boolean }> {
  const lines = (await server.run(`granary-artifacts orders --copy ${copy} --verify`))
    .trim()
    .split("\n")
    .filter(Boolean);
  const backups = lines.map((line) => JSON.parse(line) as { intact?: boolean });
  return { artifacts: backups.length, verified: backups.length > 0 && backups.every(({ intact }) => intact === true) };
}

/** `granary restore`, as the owner types it. @returns its JSON */
export async function restore(world: World, copy: string): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      ...[join(repository, "cli/granary.js"), "restore", "shop", "orders", "--copy", copy, "--stack", STACK],
      ...["--identity", world.laptop.identity, "--ssh-key", world.laptop.sshKey, "--json"],
    ],
    {
      cwd: projectDir(),
      env: { ...process.env, ...engineEnvironment(), PATH: `${join(cacheDir(), "bin")}:${process.env["PATH"]}` },
      maxBuffer: 1 << 24,
    },
  );
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** The restored database against the dump's snapshot, by content; then the shop is used. */
export async function compareContent(server: ShopServer, expected: Fingerprint): Promise<Check[]> {
  const actual = JSON.parse(await server.sql(fingerprintSql())) as Fingerprint;
  const used = JSON.parse(await server.sql(useSql())) as Check[];
  return [...compareFingerprints(expected, actual), ...used];
}

/** A job goes out of the settings: its timer, unit settings and credentials leave the host, its backups stay. */
export async function removeJob(stack: Stack, server: ShopServer, onOutput: (text: string) => void): Promise<Check[]> {
  const job = "accounts";
  await server.run(`granary-backup ${job}`);
  const backups = await server.run(
    `granary-artifacts ${job} --copy r2 | wc -l; ls /var/backups/granary/${job} | wc -l`,
  );
  await setConfig("granary:hosts", JSON.stringify(hosts(["orders"])), false);
  await stack.up({ onOutput });
  const units = "ls /etc/systemd/system/timers.target.wants | grep granary";
  const left = await server.run(`${units}; ls /etc/granary; ls /var/backups/granary/${job} | wc -l`);
  const [inCopy, onHost] = backups.trim().split("\n");
  const expected = ["granary@orders.timer", "box_ed25519", "box_ed25519.pub", "known_hosts", "orders.env", onHost].join(
    " ",
  );
  const actual = left.trim().replaceAll("\n", " ");
  return [
    { name: "the removed job had a backup in r2", ok: inCopy === "1", expected: "1", actual: inCopy! },
    { name: "a removed job leaves its backups and nothing else", ok: actual === expected, expected, actual },
  ];
}
