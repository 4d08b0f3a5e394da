/** Each rule passes what the program registers, and refuses the same with one thing broken. */
import { beforeAll, describe, expect, it } from "vitest";
import granary from "../../index.js";
import { RULES, type Resource } from "../../policy/rules.js";
import { record } from "../components/engine.js";
import { configure, rawStack, SSH_KEY } from "../components/fixtures.js";

const SPACES = "digitalocean:index/spacesBucket:SpacesBucket";
const R2 = "cloudflare:index/r2Bucket:R2Bucket";
const LOCK = "cloudflare:index/r2BucketLock:R2BucketLock";
const LIFECYCLE = "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle";
const BOX = "hcloud:index/storageBox:StorageBox";
const SUBACCOUNT = "hcloud:index/storageBoxSubaccount:StorageBoxSubaccount";
const SERVER = "hcloud:index/server:Server";
const REMOTE = "command:remote:Command";
const LOCAL = "command:local:Command";

/** What the program registers for every kind of copy, replicas, uploads, a status page and both kinds of host. */
let resources: Resource[];
beforeAll(async () => {
  const { copies, ...raw } = rawStack();
  const spaces = { ...copies.spaces, replica: { region: "ams3", on: "web" } };
  const r2 = { ...copies.r2, replica: { location: "enam", on: "web" } };
  const images = { ...copies.r2, bucket: "kolonell-images" };
  const uploads = {
    images: { ...images, replica: { ...images, bucket: "kolonell-images-copy", location: "enam", on: "web" } },
  };
  const statusPage = { ...copies.r2, bucket: "kolonell-status" };
  configure({ ...raw, copies: { ...copies, spaces, r2 }, uploads, statusPage }, { sshPrivateKey: SSH_KEY });
  const { resources: all } = await record(granary);
  resources = all.map(({ type, name, inputs, parent, protect }) => ({
    ...{ type, name, props: bare(inputs) as Resource["props"], opts: { protect: protect === true } },
    urn: `urn:pulumi:prod::granary::${parent?.split(" ")[0] ?? ""}$${type}::${name}`,
  }));
});

/** As the policy sees it: secrets are open. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== "object" || value === null) return value;
  if ("secret" in value) return bare(value.secret);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, bare(item)]));
}

/** Every violation, as `rule: message`. */
function violations(all: Resource[]): string[] {
  return RULES.flatMap(({ name, validateResource, validateStack }) => {
    const found: string[] = [];
    const report = (message: string): void => void found.push(`${name}: ${message}`);
    for (const resource of all) validateResource?.(resource, report);
    validateStack?.({ resources: all }, report);
    return found;
  });
}

/** The resources with one changed; properties by dotted path, `undefined` takes one away. */
function broken(type: string, name: string, props: Record<string, unknown>, opts?: Resource["opts"]): Resource[] {
  const one = resources.find((resource) => resource.type === type && resource.name === name);
  if (one === undefined)
    throw new Error(`no ${type} ${name} among ${resources.map((r) => `${r.type} ${r.name}`).join(", ")}`);
  const changed = structuredClone(one);
  for (const [path, value] of Object.entries(props)) {
    const keys = path.split(".");
    const last = keys.pop()!;
    const at = keys.reduce<Record<string, unknown>>((map, key) => map[key] as Record<string, unknown>, changed.props);
    at[last] = value;
  }
  return resources.map((resource) => (resource === one ? { ...changed, opts: opts ?? changed.opts } : resource));
}

const stray = (type: string, props: Resource["props"] = {}): Resource[] => [
  ...resources,
  { type, name: "stray", props, opts: { protect: true }, urn: `urn:pulumi:prod::granary::${type}::stray` },
];

it("holds for all that the program registers", () => {
  const types = new Set(resources.map(({ type }) => type));
  for (const type of [SPACES, R2, LOCK, LIFECYCLE, BOX, SUBACCOUNT, SERVER, REMOTE, LOCAL])
    expect(types).toContain(type);
  expect(resources.filter(({ type }) => type === R2).map(({ name }) => name)).toHaveLength(5);
  expect(violations(resources)).toEqual([]);
});

describe("private", () => {
  it.each<[string, () => Resource[], string[]]>([
    [
      "a public bucket",
      () => broken(SPACES, "spaces", { acl: "public-read" }),
      ['private: spaces is not private: set acl: "private"'],
    ],
    [
      "an access list that is left to the provider",
      () => broken(SPACES, "spaces", { acl: undefined }),
      ['private: spaces is not private: set acl: "private"'],
    ],
    [
      "a box with SMB",
      () => broken(BOX, "box", { "accessSettings.sambaEnabled": true }),
      ["private: box has a door beside SSH: set accessSettings.sambaEnabled: false"],
    ],
    [
      "an account with WebDAV",
      () => broken(SUBACCOUNT, "shop-to-box", { "accessSettings.webdavEnabled": true }),
      ["private: shop-to-box has a door beside SSH: set accessSettings.webdavEnabled: false"],
    ],
    [
      "a box that says nothing of its doors",
      () => broken(BOX, "box", { accessSettings: undefined }),
      [
        "private: box has a door beside SSH: set accessSettings.sambaEnabled: false",
        "private: box has a door beside SSH: set accessSettings.webdavEnabled: false",
      ],
    ],
    [
      "a public address for a bucket",
      () => stray("cloudflare:index/r2ManagedDomain:R2ManagedDomain"),
      ["private: stray opens a bucket to people without a key: take it away"],
    ],
    [
      "a bucket policy",
      () => stray("digitalocean:index/spacesBucketPolicy:SpacesBucketPolicy"),
      ["private: stray opens a bucket to people without a key: take it away"],
    ],
  ])("refuses %s", (_name, all, expected) => expect(violations(all())).toEqual(expected));
});

describe("versioned or locked", () => {
  it.each<[string, () => Resource[], string[]]>([
    [
      "a bucket without versions",
      () => broken(SPACES, "spaces", { versioning: { enabled: false } }),
      ["versioned-or-locked: spaces keeps no versions: set versioning: { enabled: true }"],
    ],
    [
      "a lock whose rules are off",
      () => broken(LOCK, "r2", { rules: [{ enabled: false, condition: { type: "Age", maxAgeSeconds: 60 } }] }),
      ["versioned-or-locked: r2 locks nothing: give it an enabled rule with an age"],
    ],
    [
      "a lock of no time",
      () => broken(LOCK, "r2", { rules: [{ enabled: true, condition: { type: "Age", maxAgeSeconds: 0 } }] }),
      ["versioned-or-locked: r2 locks nothing: give it an enabled rule with an age"],
    ],
    [
      "a box without snapshots",
      () => broken(BOX, "box", { snapshotPlan: undefined }),
      ["versioned-or-locked: box makes no snapshots: set snapshotPlan.maxSnapshots"],
    ],
    [
      "a box that may be deleted",
      () => broken(BOX, "box", { deleteProtection: false }),
      ["versioned-or-locked: box may be deleted: set deleteProtection: true"],
    ],
    [
      "a bucket at R2 without its lock",
      () => resources.filter(({ type, name }) => type !== LOCK || name !== "r2"),
      ["versioned-or-locked: r2 has no lock: add a R2BucketLock for it"],
    ],
    [
      "a lock for another bucket",
      () => broken(LOCK, "r2", { bucketName: "another" }),
      ["versioned-or-locked: r2 has no lock: add a R2BucketLock for it"],
    ],
  ])("refuses %s", (_name, all, expected) => expect(violations(all())).toEqual(expected));

  it("takes a lock without an end", () => {
    expect(violations(broken(LOCK, "r2", { rules: [{ enabled: true, condition: { type: "Indefinite" } }] }))).toEqual(
      [],
    );
  });
});

describe("lifecycle", () => {
  it.each<[string, () => Resource[], string[]]>([
    [
      "a bucket without rules",
      () => broken(SPACES, "spaces", { lifecycleRules: undefined }),
      [
        "lifecycle: spaces keeps old versions for ever: add a lifecycle rule with noncurrentVersionExpiration",
        "lifecycle: spaces keeps half uploads for ever: add a lifecycle rule with abortIncompleteMultipartUploadDays",
      ],
    ],
    [
      "rules that are off",
      () =>
        broken(SPACES, "spaces", {
          lifecycleRules: [
            { enabled: false, noncurrentVersionExpiration: { days: 1 }, abortIncompleteMultipartUploadDays: 1 },
          ],
        }),
      [
        "lifecycle: spaces keeps old versions for ever: add a lifecycle rule with noncurrentVersionExpiration",
        "lifecycle: spaces keeps half uploads for ever: add a lifecycle rule with abortIncompleteMultipartUploadDays",
      ],
    ],
    [
      "a bucket at R2 without its rules",
      () => resources.filter(({ type, name }) => type !== LIFECYCLE || name !== "r2"),
      ["lifecycle: r2 has no lifecycle: add a R2BucketLifecycle for it"],
    ],
  ])("refuses %s", (_name, all, expected) => expect(violations(all())).toEqual(expected));
});

describe("no force-destroy, and protected", () => {
  it("refuses a bucket that goes with what is in it", () => {
    expect(violations(broken(SPACES, "spaces", { forceDestroy: true }))).toEqual([
      "no-force-destroy: spaces may be deleted with all that is in it: set forceDestroy: false",
    ]);
  });

  it.each([
    [SPACES, "spaces"],
    [R2, "r2"],
    [LOCK, "r2"],
    [LIFECYCLE, "r2"],
    [BOX, "box"],
    [SERVER, "web"],
  ])("refuses %s %s without protection", (type, name) => {
    expect(violations(broken(type, name, {}, { protect: false }))).toEqual([
      `protected: ${name} is not protected: give it the option protect: true`,
    ]);
  });

  it("lets a drill's server go", () => {
    expect(violations(broken(SERVER, "web", { "labels.granary-role": "drill" }, { protect: false }))).toEqual([]);
  });
});

describe("pinned host keys", () => {
  const any = "pinned-host-keys: shop-install takes any host key";
  it.each<[string, () => Resource[], string[]]>([
    [
      "a connection without a key",
      () => broken(REMOTE, "shop-install", { "connection.hostKey": undefined }),
      [`${any}: set connection.hostKey`],
    ],
    [
      "something else in its place",
      () => broken(REMOTE, "shop-install", { "connection.hostKey": "" }),
      [`${any}: set connection.hostKey`],
    ],
    [
      "an upload without a connection",
      () => broken("command:remote:CopyToRemote", "shop-scripts", { connection: undefined }),
      ["pinned-host-keys: shop-scripts takes any host key: set connection.hostKey"],
    ],
    [
      "a proxy without a key",
      () => broken(REMOTE, "shop-install", { "connection.proxy": { host: "jump" } }),
      [`${any} of its proxy: set connection.proxy.hostKey`],
    ],
    [
      "ssh that takes what answers",
      () => stray(LOCAL, { create: "ssh -o StrictHostKeyChecking=accept-new root@203.0.113.10 true" }),
      ["pinned-host-keys: stray takes any host key in its create: pin the key"],
    ],
    [
      "ssh that forgets what answered",
      () => stray(LOCAL, { delete: "ssh -oUserKnownHostsFile=/dev/null host true" }),
      ["pinned-host-keys: stray takes any host key in its delete: pin the key"],
    ],
  ])("refuses %s", (_name, all, expected) => expect(violations(all())).toEqual(expected));

  it("takes a proxy whose key is known", () => {
    const proxy = { host: "jump", hostKey: "ssh-ed25519 AAAA" };
    expect(violations(broken(REMOTE, "shop-install", { "connection.proxy": proxy }))).toEqual([]);
  });
});
