/** What the stand-ins decide without the engine: what they refuse, what they replace, and what they do when something is gone. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cloudflare } from "../../../lab/plugins/cloudflare/plugin.js";
import { command } from "../../../lab/plugins/command/plugin.js";
import { digitalocean } from "../../../lab/plugins/digitalocean/plugin.js";
import { hcloud } from "../../../lab/plugins/hcloud/plugin.js";
import { milliseconds } from "../../../lab/plugins/hcloud/client.js";
import { Provider, type Plugin } from "../../../lab/plugins/shared/provider.js";
import { HalfCreatedError } from "../../../lab/plugins/shared/resource.js";
import { UNKNOWN, unwrapAll, type Values } from "../../../lab/plugins/shared/values.js";

const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const providers: Record<string, { plugin: Plugin<never>; provider: Provider<never> }> = Object.fromEntries(
  [hcloud, digitalocean, cloudflare, command].map((plugin) => {
    const one = plugin as unknown as Plugin<never>;
    return [plugin.name, { plugin: one, provider: new Provider(one) }];
  }),
);

const urn = (token: string): string => `urn:pulumi:test::plugins::${token}::thing`;
function of(token: string): Provider<never> {
  const found = providers[token.split(":")[0] ?? ""];
  if (!found) throw new Error(`no plugin for ${token}`);
  return found.provider;
}

const SERVER = "hcloud:index/server:Server";
const BOX = "hcloud:index/storageBox:StorageBox";
const FIREWALL = "hcloud:index/firewall:Firewall";
const SUB = "hcloud:index/storageBoxSubaccount:StorageBoxSubaccount";
const BUCKET = "digitalocean:index/spacesBucket:SpacesBucket";
const KEY = "digitalocean:index/spacesKey:SpacesKey";
const R2 = "cloudflare:index/r2Bucket:R2Bucket";
const LIFECYCLE = "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle";
const LOCK = "cloudflare:index/r2BucketLock:R2BucketLock";
const TOKEN = "cloudflare:index/accountToken:AccountToken";
const RECORD = "cloudflare:index/dnsRecord:DnsRecord";
const REMOTE = "command:remote:Command";

/** Inputs that are right, one set a kind. */
const good: Record<string, Values> = {
  [SERVER]: {
    name: "s",
    serverType: "cx23",
    image: "debian-12",
    location: "nbg1",
    sshKeys: ["1"],
    userData: "#cloud-config\n",
  },
  [BOX]: { name: "b", storageBoxType: "bx11", location: "hel1", password: "pw", sshKeys: ["ssh-ed25519 AAAA"] },
  [FIREWALL]: { name: "f", rules: [{ direction: "in", protocol: "tcp", port: "22", sourceIps: ["0.0.0.0/0"] }] },
  [SUB]: { name: "u", storageBoxId: 4, homeDirectory: "shop", password: "pw" },
  [BUCKET]: { name: "bucket", region: "fra1", lifecycleRules: [{ enabled: true, expiration: { days: 30 } }] },
  [KEY]: { name: "k", grants: [{ bucket: "bucket", permission: "readwrite" }] },
  [R2]: { accountId: "a", name: "bucket", location: "weur" },
  [LIFECYCLE]: { accountId: "a", bucketName: "b", rules: [{ id: "x", enabled: true, conditions: { prefix: "" } }] },
  [LOCK]: {
    accountId: "a",
    bucketName: "b",
    rules: [{ id: "x", enabled: true, condition: { type: "Age", maxAgeSeconds: 1 } }],
  },
  [TOKEN]: {
    accountId: "a",
    name: "t",
    policies: [{ effect: "allow", permissionGroups: [{ id: "g" }], resources: "{}" }],
  },
  [RECORD]: { zoneId: "z", name: "www", type: "A", content: "203.0.113.1", ttl: 60 },
  [REMOTE]: { connection: { host: "h" }, create: "true" },
};

/** The good inputs of a kind with one property at a path like `rules.0.port` changed; undefined removes it. */
function but(token: string, path: string, value: unknown): Values {
  const inputs = structuredClone(good[token] ?? {});
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  const target = keys.reduce<Values>((at, key) => at[key] as Values, inputs);
  if (value === undefined) delete target[last];
  else target[last] = value as Values;
  return inputs;
}

describe("check", () => {
  it.each(Object.keys(good))("accepts good inputs of %s, and unknown ones", (token) => {
    expect(of(token).check(urn(token), {}, good[token] ?? {}).failures).toEqual([]);
    const unknown = Object.fromEntries(Object.keys(good[token] ?? {}).map((key) => [key, UNKNOWN]));
    expect(of(token).check(urn(token), {}, unknown).failures).toEqual([]);
  });

  it.each([
    [SERVER, "serverTyp", "cx23", "serverTyp"],
    [SERVER, "image", undefined, "image"],
    [SERVER, "firewallIds", ["fw"], "firewallIds[0]"],
    [SERVER, "deleteProtection", true, "rebuildProtection"],
    [BOX, "location", undefined, "location"],
    [BOX, "snapshotPlan", { maxSnapshots: 10, hour: 24, minute: 0 }, "snapshotPlan.hour"],
    [BOX, "snapshotPlan", { maxSnapshots: 10, hour: 5 }, "snapshotPlan.minute"],
    [BOX, "accessSettings", { readonly: true }, "accessSettings.readonly"],
    [FIREWALL, "rules.0.protocol", "http", "rules[0].protocol"],
    [FIREWALL, "rules.0.port", undefined, "rules[0].port"],
    [FIREWALL, "rules.0.sourceIps", undefined, "rules[0].sourceIps"],
    [SUB, "storageBoxId", "box", "storageBoxId"],
    [BUCKET, "acl", "open", "acl"],
    [BUCKET, "lifecycleRules.0.expiration", { days: 1, date: "2027-01-01" }, "lifecycleRules[0].expiration"],
    [BUCKET, "lifecycleRules.0.expiration", undefined, "lifecycleRules[0]"],
    [BUCKET, "lifecycleRules.0.transition", {}, "lifecycleRules[0].transition"],
    [KEY, "grants.0.permission", "write", "grants[0].permission"],
    [
      KEY,
      "grants",
      [
        { bucket: "", permission: "fullaccess" },
        { bucket: "b", permission: "read" },
      ],
      "grants",
    ],
    [R2, "location", "eu", "location"],
    [R2, "jurisdiction", "de", "jurisdiction"],
    [LIFECYCLE, "rules.0.conditions", undefined, "rules[0].conditions"],
    [
      LIFECYCLE,
      "rules.0.storageClassTransitions",
      [{ condition: { type: "Age" }, storageClass: "Cold" }],
      "rules[0].storageClassTransitions[0].storageClass",
    ],
    [LOCK, "rules.0.condition", { type: "Forever" }, "rules[0].condition.type"],
    [LOCK, "rules.0.condition", { type: "Age", maxAge: 1 }, "rules[0].condition.maxAge"],
    [TOKEN, "policies.0.resources", "bucket", "policies[0].resources"],
    [TOKEN, "policies", undefined, "policies"],
    [RECORD, "ttl", "soon", "ttl"],
    [RECORD, "type", "ANY", "type"],
    [REMOTE, "connection", { user: "root" }, "connection.host"],
    [REMOTE, "connection", { host: "h", sudo: true }, "connection.sudo"],
    [REMOTE, "logging", "quiet", "logging"],
  ])("refuses %s with %s = %j, naming %s", (token, path, value, property) => {
    expect(
      of(token)
        .check(urn(token), {}, but(token, path, value))
        .failures.map((failure) => failure.property),
    ).toEqual([property]);
  });

  it("takes numbers and booleans that arrive as text", () => {
    expect(of(SUB).check(urn(SUB), {}, but(SUB, "storageBoxId", "4")).failures).toEqual([]);
    expect(of(BOX).check(urn(BOX), {}, but(BOX, "deleteProtection", "true")).failures).toEqual([]);
  });

  it("makes up a name once, and keeps it", () => {
    const first = of(SERVER).check(urn(SERVER), {}, but(SERVER, "name", undefined)).inputs;
    expect(first["name"]).toMatch(/^thing-[0-9a-f]{7}$/);
    expect(of(SERVER).check(urn(SERVER), first, but(SERVER, "name", undefined)).inputs["name"]).toBe(first["name"]);
  });

  it("makes declared secrets secret, even where the program did not", () => {
    expect(of(BOX).check(urn(BOX), {}, good[BOX] ?? {}).inputs["password"]).toEqual({ ...SECRET, value: "pw" });
    expect(of(REMOTE).check(urn(REMOTE), {}, good[REMOTE] ?? {}).inputs["connection"]).toMatchObject(SECRET);
  });

  it("refuses unknown provider configuration, and keeps its secrets secret", () => {
    const { inputs, failures } = of(SERVER).checkConfig({ token: "t", endpoit: "x", version: "1.41.0" });
    expect(failures.map(({ property }) => property)).toEqual(["endpoit"]);
    expect(inputs["token"]).toEqual({ ...SECRET, value: "t" });
  });
});

describe("diff", () => {
  it.each([
    [SERVER, "image", "debian-13", true],
    [SERVER, "location", "fsn1", true],
    [SERVER, "sshKeys", ["2"], true],
    [SERVER, "userData", "#cloud-config\n#\n", true],
    [SERVER, "labels", { a: "b" }, false],
    [BOX, "location", "fsn1", true],
    [BOX, "sshKeys", ["ssh-ed25519 BBBB"], true],
    [BOX, "password", "other", false],
    [SUB, "storageBoxId", 5, true],
    [SUB, "homeDirectory", "other", false],
    [BUCKET, "region", "ams3", true],
    [BUCKET, "name", "other", false],
    [R2, "name", "other", true],
    [R2, "jurisdiction", "eu", false],
    [LIFECYCLE, "bucketName", "other", true],
    [LIFECYCLE, "rules", [], false],
    [LOCK, "bucketName", "other", true],
    [TOKEN, "accountId", "b", true],
    [TOKEN, "name", "other", false],
    [RECORD, "zoneId", "y", true],
    [RECORD, "content", "203.0.113.2", false],
    [REMOTE, "triggers", ["x"], true],
  ])("of %s: a new %s (%j) replaces: %s", (token, key, value, replaces) => {
    const found = of(token).diff(urn(token), good[token] ?? {}, but(token, key, value));
    expect(Object.keys(found.changes)).toEqual([key]);
    expect(found.replaces).toEqual(replaces ? [key] : []);
  });

  it("takes an unknown value for a change, and a left-out choice of the provider for none", () => {
    expect(of(SERVER).diff(urn(SERVER), good[SERVER] ?? {}, but(SERVER, "sshKeys", [UNKNOWN])).replaces).toEqual([
      "sshKeys",
    ]);
    expect(of(SERVER).diff(urn(SERVER), good[SERVER] ?? {}, but(SERVER, "location", undefined)).changes).toEqual({});
  });

  it("deletes first where the name is the program's own, like the official bridge", () => {
    const [named, madeUp] = [[], ["name"]].map((list) => ({ ...good[SERVER], __defaults: list }));
    expect(of(SERVER).diff(urn(SERVER), named ?? {}, { ...named, image: "x" }).deleteBeforeReplace).toBe(true);
    expect(of(SERVER).diff(urn(SERVER), madeUp ?? {}, { ...madeUp, image: "x" }).deleteBeforeReplace).toBe(false);
  });
});

describe("previews", () => {
  it("know what the program gave, and nothing of what the vendor will say", async () => {
    const { outs } = await of(BOX).create(urn(BOX), but(BOX, "name", UNKNOWN), true);
    expect(outs).toMatchObject({ name: UNKNOWN, location: "hel1", server: UNKNOWN, username: UNKNOWN });
    expect(outs["password"]).toEqual({ ...SECRET, value: "pw" });
  });
});

describe("a vendor that answers", () => {
  let server: Server;
  let requests: string[] = [];
  let answer: (request: string) => [number, unknown] = () => [404, {}];

  beforeEach(async () => {
    requests = [];
    server = createServer((request, response) => {
      const line = `${request.method} ${request.url}`;
      requests.push(line);
      const [status, body] = answer(line);
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    of(SERVER).configure({ token: "t", endpoint: base, pollInterval: "1ms" });
    of(KEY).configure({ token: "t", apiEndpoint: base });
    of(R2).configure({ apiToken: "t", baseUrl: base });
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const state: Values = {
    accountId: "a",
    bucketName: "b",
    zoneId: "z",
    storageBoxId: 4,
    jurisdiction: "default",
    region: "fra1",
  };

  it.each([SERVER, BOX, FIREWALL, SUB, KEY, R2, LIFECYCLE, LOCK, TOKEN, RECORD])(
    "404: %s is gone for a refresh, and deleted for a destroy",
    async (token) => {
      answer = () => [404, { error: { code: "not_found", message: "not found" } }];
      expect(await of(token).read("1", urn(token), good[token] ?? {}, state)).toBeUndefined();
      await of(token).delete("1", urn(token), state);
    },
  );

  it("sends nothing to delete a lifecycle or a lock", async () => {
    await of(LIFECYCLE).delete("b", urn(LIFECYCLE), state);
    await of(LOCK).delete("b", urn(LOCK), state);
    expect(requests).toEqual([]);
  });

  it("any other error stops a refresh and a destroy, with the vendor's words", async () => {
    answer = () => [423, { error: { code: "locked", message: "server is locked" } }];
    await expect(of(SERVER).read("1", urn(SERVER), {}, {})).rejects.toThrow(
      "GET /servers/1: 423 server is locked (locked)",
    );
    await expect(of(SERVER).delete("1", urn(SERVER), {})).rejects.toThrow("server is locked");
  });

  it("keeps a box whose creation failed half-way, and finishes it by an update", async () => {
    const real = {
      id: 7,
      name: "b",
      storage_box_type: { name: "bx11" },
      location: { name: "hel1" },
      protection: { delete: false },
    };
    const inputs = but(BOX, "deleteProtection", true);
    answer = (line) =>
      line === "POST /storage_boxes"
        ? [201, { storage_box: real }]
        : [503, { error: { code: "down", message: "down" } }];
    const failed = await of(BOX)
      .create(urn(BOX), inputs, false)
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(HalfCreatedError);
    const { id, outs } = failed as HalfCreatedError;
    expect(id).toBe("7");
    expect(outs["password"]).toEqual({ ...SECRET, value: "pw" });
    requests = [];
    answer = (line) => [200, line.startsWith("PUT") ? { storage_box: real } : { action: { id: 1, status: "success" } }];
    await of(BOX).update(id, urn(BOX), { inputs, state: outs }, inputs, false);
    expect(requests).toEqual(["POST /storage_boxes/7/actions/change_protection", "PUT /storage_boxes/7"]);
  });

  it("reports an action that fails, and one that the vendor does not know", async () => {
    const running = { id: 5, command: "delete_server", status: "running" };
    const end = { ...running, status: "error", error: { code: "boom", message: "no luck" } };
    answer = (line) => [200, line.startsWith("DELETE") ? { action: running } : { actions: [end] }];
    await expect(of(SERVER).delete("1", urn(SERVER), {})).rejects.toThrow("delete_server failed: no luck (boom)");
    answer = (line) => [200, line.startsWith("DELETE") ? { action: running } : { actions: [] }];
    await expect(of(SERVER).delete("1", urn(SERVER), {})).rejects.toThrow("actions not found: [5]");
  });

  it("shows drift in state and inputs, and leaves alone what the program never gave", async () => {
    const record = { id: "r", name: "www", type: "A", content: "203.0.113.99", ttl: 60, proxied: false, tags: ["x"] };
    answer = () => [200, { result: record }];
    const inputs = good[RECORD] ?? {};
    const real = await of(RECORD).read("r", urn(RECORD), inputs, { ...inputs, proxied: false });
    expect(real?.inputs).toEqual({ ...inputs, content: "203.0.113.99" });
    expect(Object.keys(of(RECORD).diff(urn(RECORD), real?.inputs ?? {}, inputs).changes)).toEqual(["content"]);
  });

  it("takes another order of the same members for no drift", async () => {
    const real = {
      name: "f",
      rules: [{ direction: "in", protocol: "tcp", port: "22", source_ips: ["::/0", "0.0.0.0/0"] }],
    };
    answer = () => [200, { firewall: real }];
    const inputs = but(FIREWALL, "rules.0.sourceIps", ["0.0.0.0/0", "::/0"]);
    expect((await of(FIREWALL).read("1", urn(FIREWALL), inputs, inputs))?.inputs).toEqual(inputs);
  });

  it("keeps a secret that is told only once", async () => {
    answer = () => [200, { key: { name: "k", access_key: "AK", grants: [], created_at: "now" } }];
    const old = { accessKey: "AK", secretKey: { ...SECRET, value: "once" } };
    const real = await of(KEY).read("AK", urn(KEY), good[KEY] ?? {}, old);
    expect(real?.state["secretKey"]).toEqual({ ...SECRET, value: "once" });
    expect(
      unwrapAll(await of(KEY).update("AK", urn(KEY), { inputs: {}, state: old }, good[KEY] ?? {}, false))["secretKey"],
    ).toBe("once");
  });

  it("stops without a token, with the remedy", () => {
    delete process.env["HCLOUD_TOKEN"];
    expect(() => of(SERVER).configure({})).toThrow("pulumi config set --secret hcloud:token");
  });
});

describe("poll intervals", () => {
  it.each([
    ["500ms", 500],
    ["2s", 2000],
    ["1m30s", 90_000],
  ])("%s is %d ms", (text, expected) => expect(milliseconds(text)).toBe(expected));
  it("refuses other texts", () => expect(() => milliseconds("5")).toThrow('got "5"'));
});
