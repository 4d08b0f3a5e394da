/** The whole program, as `pulumi up` runs it, with a recorder in the engine's place. */
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it, vi } from "vitest";
import granary from "../index.js";
import { rawSettings } from "../settings/stack-file.js";
import { BOX_KEY, HOST_KEY as MADE_KEY, idle, key, listen, record, valueOf } from "./components/engine.js";
import { configure, find, rawStack, REMOTE, SSH_KEY } from "./components/fixtures.js";
import { HOST_KEY } from "./settings/example.js";

const production = () => rawSettings(readFileSync("Pulumi.prod.yaml", "utf8"), "Pulumi.prod.yaml");
const SECRETS = { sshPrivateKey: SSH_KEY };

beforeEach(() => vi.stubEnv("SSH_AUTH_SOCK", ""));

const COPIES = [
  "cloudflare:index/accountToken:AccountToken reader-of-r2",
  "digitalocean:index/spacesKey:SpacesKey reader-of-spaces",
  "command:local:Command reader-of-box-password",
  "hcloud:index/storageBoxSubaccount:StorageBoxSubaccount reader-of-box",
  "cloudflare:index/accountToken:AccountToken maintenance-of-r2",
  "digitalocean:index/spacesKey:SpacesKey maintenance-of-spaces",
  "cloudflare:index/r2Bucket:R2Bucket r2",
  "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle r2",
  "cloudflare:index/r2BucketLock:R2BucketLock r2",
  "command:local:Command box-password",
  "digitalocean:index/spacesBucket:SpacesBucket spaces",
  "granary:copies:R2 r2",
  "granary:copies:Spaces spaces",
  "granary:copies:StorageBox box",
  "hcloud:index/storageBox:StorageBox box",
];

const host = (name: string, job: string) => [
  `cloudflare:index/accountToken:AccountToken ${name}-to-r2`,
  `command:local:Command ${name}-to-box-password`,
  `command:remote:Command ${name}-box-key`,
  `command:remote:Command ${name}-install`,
  `command:remote:Command ${name}-${job}`,
  `command:remote:Command ${name}-to-box-authorized`,
  `command:remote:Command ${name}-to-box-authorized-directory`,
  `command:remote:CopyToRemote ${name}-scripts`,
  `digitalocean:index/spacesKey:SpacesKey ${name}-to-spaces`,
  `granary:hosts:Host ${name}`,
  `granary:hosts:Job ${name}-${job}`,
  `hcloud:index/storageBoxSubaccount:StorageBoxSubaccount ${name}-to-box`,
];

/** What the other jobs of the example add: a key for the Git remote; for files a password, an account on the box and a key. */
const OTHER_JOBS = [
  ...["code", "configs", "logs", "media"].flatMap((job) => [
    `command:remote:Command shop-${job}`,
    `granary:hosts:Job shop-${job}`,
  ]),
  "command:remote:Command shop-git-key",
  "command:local:Command shop-repositories",
  "command:local:Command shop-files-to-box-password",
  "command:remote:Command shop-files-to-box-authorized",
  "command:remote:Command shop-files-to-box-authorized-directory",
  "command:remote:Command shop-restic-media-key",
  "hcloud:index/storageBoxSubaccount:StorageBoxSubaccount shop-files-to-box",
];

/** With an SSH key in the settings, its owner maintains the box. */
const MAINTAINER = ["command:remote:Command maintenance-of-box", "command:remote:Command maintenance-of-box-directory"];

const SERVER = [
  "command:local:Command web-host-key",
  "command:remote:Command web-ready",
  "granary:hosts:Server web",
  "hcloud:index/firewall:Firewall web",
  "hcloud:index/server:Server web",
  "hcloud:index/sshKey:SshKey login",
];

describe("the example stack", () => {
  it("registers exactly these resources", async () => {
    configure(production(), SECRETS);
    const { resources } = await record(granary);
    expect(resources.map(key)).toEqual([...COPIES, ...host("shop", "orders"), ...OTHER_JOBS].sort());
  });

  it("puts out the proof and how to reach the hosts", async () => {
    configure(production(), SECRETS);
    const { result } = await record(granary);
    expect(Object.keys(result)).toEqual(["proof", "cost", "maintenance", "readers", "hosts"]);
    const proof = result["proof"] as { host: string; ok: boolean; legs: { rule: string; ok?: boolean }[] }[];
    expect(proof.map(({ host, ok, legs }) => [host, ok, legs.map((leg) => leg.ok)])).toEqual([
      ["shop", true, [true, true, true, true, undefined]],
    ]);
    const hosts = await valueOf(pulumi.output(result["hosts"]));
    expect(hosts).toEqual({ shop: { address: "203.0.113.10", hostKey: HOST_KEY, sshPort: 22, deployKey: BOX_KEY } });
  });
});

describe("a stack with a host that exists and one that is made", () => {
  const run = (secrets: Record<string, string> = SECRETS) => {
    configure(rawStack(), secrets);
    return record(granary);
  };

  it("registers exactly these resources", async () => {
    const { resources } = await run();
    const expected = [...COPIES, ...host("shop", "orders"), ...host("web", "stock"), ...SERVER, ...MAINTAINER];
    expect(resources.map(key)).toEqual(expected.sort());
  });

  it("puts out where the made one is", async () => {
    const hosts = await valueOf(pulumi.output((await run()).result["hosts"] as Record<string, unknown>));
    expect(hosts["web"]).toEqual({ address: "203.0.113.13", hostKey: MADE_KEY, sshPort: 22 });
  });

  it("puts out what reads each copy, as secrets", async () => {
    const readers = (await run()).result["readers"] as Record<string, pulumi.Output<object>>;
    expect(Object.keys(readers)).toEqual(["spaces", "r2", "box"]);
    for (const output of Object.values(readers))
      expect(await (output as unknown as { isSecret: Promise<boolean> }).isSecret).toBe(true);
    expect(await valueOf(readers["box"]!)).toMatchObject({ kind: "box", username: "u71-sub1" });
  });

  it("puts out the credentials of maintenance, as one secret", async () => {
    const { result } = await run();
    const maintenance = result["maintenance"] as pulumi.Output<{ copies: object }>;
    expect((await valueOf(maintenance)).copies).toEqual({
      spaces: { kind: "s3", accessKeyId: "AKSPACES", secretAccessKey: expect.any(String) as string },
      r2: { kind: "s3", accessKeyId: "r2-token-id", secretAccessKey: expect.any(String) as string },
      box: { kind: "box", server: "u71.your-storagebox.de", username: "u71" },
    });
    expect(await (maintenance as unknown as { isSecret: Promise<boolean> }).isSecret).toBe(true);
  });

  it("connects to nothing without a pinned host key", async () => {
    const remote = (await run()).resources.filter(({ type }) => type.startsWith("command:remote:"));
    expect(remote).toHaveLength(15);
    for (const { name, inputs } of remote) {
      const { secret } = inputs["connection"] as { secret: { hostKey?: string } };
      expect([name, secret.hostKey]).toEqual([name, expect.stringMatching(/^ssh-ed25519 [A-Za-z0-9+/]{60,}$/)]);
    }
  });

  it("writes no agent's socket into the state", async () => {
    vi.stubEnv("SSH_AUTH_SOCK", "/run/agent-of-today");
    expect(JSON.stringify((await run({})).resources)).not.toContain("agent");
  });

  it("takes one SSH key for all servers, since Hetzner refuses the same key twice", async () => {
    const raw = rawStack();
    const hosts = { ...raw.hosts, api: { server: {}, jobs: { stock: { kind: "postgres", database: "api" } } } };
    configure({ ...raw, hosts }, SECRETS);
    const { resources } = await record(granary);
    const keys = resources.filter(({ type }) => type === "hcloud:index/sshKey:SshKey");
    expect(keys).toEqual([
      { type: "hcloud:index/sshKey:SshKey", name: "login", inputs: { name: "granary", publicKey: HOST_KEY } },
    ]);
    for (const name of ["web", "api"])
      expect(find(resources, "hcloud:index/server:Server", name).inputs["sshKeys"]).toEqual(["11"]);
  });

  it("gives each job its own database password, in its standard input only", async () => {
    const { resources } = await run({ ...SECRETS, databasePasswords: '{"web/stock":"MARKED-PASSWORD"}' });
    const holders = resources.filter((resource) => JSON.stringify(resource).includes("MARKED-PASSWORD"));
    expect(holders.map(key)).toEqual([`${REMOTE} web-stock`]);
    const { stdin } = holders[0]!.inputs as { stdin: { secret: string } };
    expect(stdin.secret).toContain("GRANARY_PG_PASSWORD=MARKED-PASSWORD\n");
  });

  it("tells each job whom to tell, in its standard input only", async () => {
    const alertSecrets = '{"ping/web/stock":"https://hc.example/MARKED","webhook":"https://hooks.example/HOOK"}';
    const { resources } = await run({ ...SECRETS, alertSecrets });
    const holders = (text: string) => resources.filter((it) => JSON.stringify(it).includes(text)).map(key);
    expect(holders("MARKED")).toEqual([`${REMOTE} web-stock`]);
    expect(holders("HOOK")).toEqual([`${REMOTE} shop-orders`, `${REMOTE} web-stock`]);
    const { stdin } = find(resources, REMOTE, "web-stock").inputs as { stdin: { secret: string } };
    expect(stdin.secret).toContain("GRANARY_ALERT_PING=https://hc.example/MARKED\n");
  });

  it("has every secret marked as one", async () => {
    const { resources } = await run();
    const shown = JSON.stringify(resources, (name, value: unknown) => (name === "secret" ? "hidden" : value));
    expect(shown).not.toMatch(/PRIVATE KEY|the-laptop|spaces-secret|r2-token-value|Gr4-0123/);
  });

  it("protects what holds data, and nothing else", async () => {
    const held = (await run()).resources.filter(({ protect }) => protect).map(key);
    expect(held).toEqual([
      "cloudflare:index/r2Bucket:R2Bucket r2",
      "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle r2",
      "cloudflare:index/r2BucketLock:R2BucketLock r2",
      "digitalocean:index/spacesBucket:SpacesBucket spaces",
      "hcloud:index/server:Server web",
      "hcloud:index/storageBox:StorageBox box",
    ]);
  });
});

describe("nothing is registered", () => {
  const refused = async (raw: Record<string, unknown>, secrets: Record<string, string>, message: string) => {
    configure(raw, secrets);
    const { resources, calls } = await listen();
    expect(granary).toThrow(message);
    await idle();
    expect(resources).toEqual([]);
    expect(calls).toEqual([]);
  };
  const without = (...names: string[]) =>
    Object.fromEntries(Object.entries(rawStack().copies).filter(([name]) => !names.includes(name)));

  it.each<[string, Record<string, unknown>, string]>([
    ["a bad setting", { retention: { dailyDays: 0 } }, "retention.dailyDays"],
    ["an unknown top-level key", { retentoin: {} }, "retentoin: unknown setting"],
    ["an unknown key below", { encryption: { recipients: [], recipient: "age1" } }, "encryption.recipient: unknown"],
    ["no copies", { copies: {} }, '"3 copies" is missing'],
    ["copies that the host can destroy", { copies: without("r2", "box") }, `"1 out of the host's reach" is missing`],
  ])("with %s", (_what, change, message) => refused({ ...rawStack(), ...change }, SECRETS, message));

  it("without settings", () => refused({}, SECRETS, "problems in the settings"));

  it.each([
    ["for no job", '{"ping/web/stok":"https://a.b/MARKED"}', '"ping/web/stok" is of no job'],
    ["that is no map", "MARKED", "granary:alertSecrets is no map (value not shown)"],
  ])("with an alert %s", async (_what, alertSecrets, message) => {
    await refused(rawStack(), { ...SECRETS, alertSecrets }, message);
    expect(granary).not.toThrow(/MARKED/);
  });

  it.each([
    ["for no job", '{"web/stok":"MARKED"}', 'a password for "web/stok", which is no job (there are: '],
    ["that is no map", "MARKED", "granary:databasePasswords is no map (value not shown)"],
  ])("with a database password %s", async (_what, databasePasswords, message) => {
    await refused(rawStack(), { ...SECRETS, databasePasswords }, message);
    expect(granary).not.toThrow(/MARKED/);
  });

  it("without an SSH key", () => refused(rawStack(), {}, "no SSH key to reach the hosts with"));
});
