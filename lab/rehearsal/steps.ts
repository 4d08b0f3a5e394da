import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { setConfig } from "../engine.js";
import {
  compareFingerprints,
  fingerprintSql,
  holdSnapshotScript,
  useSql,
  type Check,
  type Fingerprint,
} from "../shop/content.js";
import { hosts, type World } from "../world.js";
import { granary } from "./laptop.js";
import { CONTAINER, DATABASE, type ShopServer } from "./shop-server.js";

const SERVICE = "granary@orders.service";
/** Longer than the backup takes, so that orders come in before, during and after it. */
const LOAD_SECONDS = 12;

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
  ordersPlaced: number;
}

/** Runs the timer's own service while orders come in; a witness joins the dump's snapshot and hashes what is in it. */
export async function backUpUnderLoad(server: ShopServer): Promise<BackedUp> {
  let joined: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (joined = resolve));
  const psql = `docker exec -i ${CONTAINER} psql -U postgres -d ${DATABASE}`;
  const [fingerprint, ordersPlaced] = await Promise.all([
    server.run(holdSnapshotScript(psql, 120), "", (text) => {
      if (text.includes("waiting")) joined();
    }),
    server.load(LOAD_SECONDS),
    ready.then(() =>
      server.run(`systemctl start ${SERVICE} || { journalctl -u ${SERVICE} -n 40 -o cat >&2; exit 1; }`),
    ),
  ]);
  return { fingerprint: JSON.parse(fingerprint) as Fingerprint, ordersPlaced };
}

/** Reads every artifact of some jobs in a copy back in full and compares it with its manifest. */
export async function verifyCopy(
  server: ShopServer,
  copy: string,
  jobs: string[],
): Promise<{ artifacts: number; verified: boolean }> {
  const backups: { intact?: boolean }[] = [];
  for (const job of jobs) {
    const lines = (await server.run(`granary-artifacts ${job} --copy ${copy} --verify`))
      .trim()
      .split("\n")
      .filter(Boolean);
    if (lines.length === 0) return { artifacts: backups.length, verified: false };
    backups.push(...lines.map((line) => JSON.parse(line) as { intact?: boolean }));
  }
  return { artifacts: backups.length, verified: backups.every(({ intact }) => intact === true) };
}

/** Where the dump is restored to, beside the live database. */
const BESIDE = "mydb_dump";

/** `granary restore` of the database's dump, beside the live one. */
export async function restoreBeside(world: World, copy: string): Promise<void> {
  await granary(world, "restore", "shop", "orders", "--copy", copy, "--into", BESIDE);
}

/** The restored dump against the snapshot it was made of, by content. */
export async function compareContent(server: ShopServer, expected: Fingerprint): Promise<Check[]> {
  return compareFingerprints(expected, JSON.parse(await server.sql(fingerprintSql(), BESIDE)) as Fingerprint);
}

/** The live shop is used: an order, its view, its sequences, its role. */
export async function useShop(server: ShopServer): Promise<Check[]> {
  return JSON.parse(await server.sql(useSql())) as Check[];
}

/** A job goes out of the settings: its timer, unit settings and credentials leave the host, its backups stay. */
export async function removeJob(stack: Stack, server: ShopServer, onOutput: (text: string) => void): Promise<Check[]> {
  const job = "accounts";
  await server.run(`granary-backup ${job}`);
  const backups = await server.run(
    `granary-artifacts ${job} --copy r2 | wc -l; ls /var/backups/granary/${job} | wc -l`,
  );
  await setConfig("granary:hosts", JSON.stringify(hosts([job])), false);
  await stack.up({ onOutput });
  const left = await server.run(
    `ls /etc/granary /etc/systemd/system/timers.target.wants | grep -c ${job} || true
     systemctl is-enabled granary@${job}.timer || true
     ls /var/backups/granary/${job} | wc -l`,
  );
  const [inCopy, onHost] = backups.trim().split("\n");
  const expected = `0 disabled ${onHost}`;
  const actual = left.trim().replaceAll("\n", " ");
  return [
    { name: "the removed job had a backup in r2", ok: inCopy === "1", expected: "1", actual: inCopy! },
    { name: "a removed job leaves its backups and nothing else", ok: actual === expected, expected, actual },
  ];
}
