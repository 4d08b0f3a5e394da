/** The commands of docs/continuous.md bring a database back without anything of Granary. */
import { execFileSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { path, real } from "./harness.js";
import { Continuous, server, shopCluster } from "./wal.js";

it("by hand, as the document says", async () => {
  const text = readFileSync(join(import.meta.dirname, "../../docs/continuous.md"), "utf8");
  const [, commands = ""] = /## By hand[\s\S]*?```sh\n([\s\S]*?)```/.exec(text) ?? [];
  expect(commands).toContain("pg_ctl -D data");
  const cluster = shopCluster();
  const host = new Continuous(cluster);
  try {
    host.startService();
    await host.stateIs((state) => state.ok);
    cluster.sql("shop", "INSERT INTO orders (note) SELECT 'x' FROM generate_series(1, 5000); SELECT pg_switch_wal()");
    cluster.sql("shop", "INSERT INTO orders (note) SELECT 'y' FROM generate_series(1, 5000)");
    await host.shipped();
    await host.stopService();
    const dir = join(host.root, "by-hand");
    cpSync(host.chainDir("a"), join(dir, "wal"), { recursive: true });
    cpSync(host.chainDir("a", "base"), join(dir, "base"), { recursive: true });
    writeFileSync(join(dir, "identity.txt"), host.keys.identity);
    execFileSync("chown", ["-R", "postgres", dir]);
    const socket = `cd "$0"; set -Eeuo pipefail; export PGPORT=5433\n${commands.replace("-w -l", `-o "-c unix_socket_directories='$PWD' -c listen_addresses= -c fsync=off" -w -l`)}`;
    server("bash", "-c", socket, dir);
    try {
      const args = [
        "-h",
        dir,
        "-p",
        "5433",
        "-U",
        "postgres",
        "-d",
        "shop",
        "-XqAtc",
        "SELECT count(*), max(id) FROM orders",
      ];
      expect(execFileSync(real("psql"), args, { encoding: "utf8", env: { PATH: path } })).toBe("10000|10000\n");
      expect(readdirSync(join(dir, "segments")).length).toBeGreaterThan(1);
    } finally {
      server("pg_ctl", "-D", join(dir, "data"), "-m", "immediate", "stop");
    }
  } finally {
    await host.stopService();
    host.close();
    cluster.close();
  }
});
