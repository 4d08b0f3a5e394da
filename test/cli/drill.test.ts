/** `granary drill`: what it refuses before anything is made, and which server it never touches. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { main } from "../../cli/main.js";
import { databaseServers } from "../../cli/drill/databases.js";
import { assertNotLive } from "../../cli/drill/live.js";
import { drillSettings } from "../../cli/drill/staging.js";
import { engineFault } from "../../cli/engine.js";
import { parseSettings } from "../../settings/parse.js";
import type { BackupJob } from "../../settings/schema.js";
import { example, HOST_KEY } from "../settings/example.js";

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "drill-"))));
afterEach(() => rmSync(directory, { recursive: true }));

async function run(args: string[], raw: object = { ...example(), ssh: { publicKey: HOST_KEY } }) {
  const config = Object.fromEntries(Object.entries(raw).map(([key, value]) => [`granary:${key}`, value as unknown]));
  writeFileSync(join(directory, "Pulumi.prod.yaml"), stringify({ config }));
  let out = "";
  let err = "";
  const terminal = {
    out: (text: string) => (out += text),
    err: (text: string) => (err += text),
    color: false,
    directory,
  };
  return { code: await main(["drill", ...args], terminal), out, err };
}

describe("granary drill refuses", () => {
  const two = { ...example().hosts, web: { ...example().hosts.shop, address: "203.0.113.11" } };
  it.each<[string[], object | undefined, number, string]>([
    [[], undefined, 64, "--identity FILE is missing"],
    [["shop", "web", "--identity", "x"], undefined, 64, "name one host that owns data: shop"],
    [["web", "--identity", "x"], undefined, 64, "name one host that owns data: shop"],
    [["--identity", "x"], { ...example(), hosts: two }, 64, "name one host that owns data: shop, web"],
    [["--identity", "x", "--copy", "box"], undefined, 64, 'copy "box" is no bucket of the stack: use spaces, r2'],
    [["--identity", "x", "--stack", "../x"], undefined, 64, 'bad stack name "../x"'],
    [["--identity", "x"], example(), 1, "granary:ssh.publicKey is missing"],
    [["--identity", "/nonexistent"], undefined, 1, "cannot be read"],
  ])("%j", async (args, raw, code, message) => {
    const result = await run(args, raw);
    expect([result.code, result.out]).toEqual([code, ""]);
    expect(result.err).toContain(message);
  });
});

describe("a server that is live", () => {
  const staging = { target: { address: "203.0.113.13", hostKey: "ssh-ed25519 A", sshPort: 22 }, role: "drill" };
  const host = { address: "203.0.113.10", hostKey: "ssh-ed25519 B", sshPort: 22 };
  it("is none of the stack's hosts, by address and by key, and has the label", () => {
    expect(() => assertNotLive(staging, { shop: host })).not.toThrow();
    expect(() => assertNotLive(staging, { shop: { ...host, address: "203.0.113.13" } })).toThrow(/is host shop/);
    expect(() => assertNotLive(staging, { shop: { ...host, hostKey: "ssh-ed25519 A" } })).toThrow(/is host shop/);
    expect(() => assertNotLive({ ...staging, role: "" }, {})).toThrow(/has the role "" and not "drill"/);
  });
});

describe("what a drill starts", () => {
  const backup = (serverVersion: string) => ({
    ...{ created: "2026-11-25T03:00:00Z", artifacts: [], rows: {}, database: { name: "mydb", serverVersion } },
  });
  it("a database server of the backup's version for each container, or of the image that is set", () => {
    const settings = drillSettings(parseSettings(example()), "shop").hosts["shop"]!.jobs["orders"] as BackupJob;
    const one = { job: "orders", settings, backup: backup("15.18 (Debian)"), stamp: "20261125T030000Z" };
    expect(databaseServers([one], {})).toMatchObject([
      { container: "granary_drill_postgres", kind: "postgres", image: "postgres:15", jobs: [one] },
    ]);
    expect(databaseServers([one], { orders: "registry.example/pg:15" })[0]!.image).toBe("registry.example/pg:15");
    const log = { ...one, job: "log", settings: { ...settings, continuous: true } as BackupJob };
    expect(databaseServers([one, log], {})).toMatchObject([{ continuous: log, jobs: [one, log] }]);
    const maria = { ...one, settings: { ...settings, kind: "mariadb", container: "db" } as BackupJob };
    expect(databaseServers([{ ...maria, backup: backup("10.11.6-MariaDB") }], {})[0]!.image).toBe("mariadb:10.11");
  });

  it("an error of the engine is said in its own words", () => {
    const said = engineFault(
      new Error("code: 255\nstdout:\n  error: POST /servers: no\nerror: update failed\n  error: POST /servers: no\n"),
    );
    expect(said.message).toBe("error: POST /servers: no");
    expect(engineFault("no such thing\nmore").message).toBe("no such thing");
  });
});
