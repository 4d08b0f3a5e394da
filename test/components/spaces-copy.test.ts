import { describe, expect, it } from "vitest";
import { SpacesCopy } from "../../components/spaces-copy.js";
import { BOX_KEY, record, valueOf } from "./engine.js";
import { find, own, parent, settings, spaces } from "./fixtures.js";

const BUCKET = "digitalocean:index/spacesBucket:SpacesBucket";
const KEY = "digitalocean:index/spacesKey:SpacesKey";

function program() {
  const copy = new SpacesCopy("spaces", { copy: spaces(), retention: settings().retention });
  return {
    copy,
    grant: copy.grant({
      host: "shop",
      generations: { used: 1 },
      boxKeys: [BOX_KEY],
      repositoryKeys: {},
      parent: parent(),
    }),
    maintenance: copy.maintenance(),
    reader: copy.reader(),
  };
}

const below = (id: string) => ({
  id,
  enabled: true,
  prefix: `${id}/`,
  noncurrentVersionExpiration: { days: 30 },
  abortIncompleteMultipartUploadDays: 7,
});
const tier = (id: string, days: number) => ({ ...below(id), expiration: { days } });

describe("a Spaces copy", () => {
  it("is exactly these resources", async () => {
    const { resources } = await record(program);
    expect(resources.map(own)).toEqual([
      {
        type: BUCKET,
        name: "spaces",
        inputs: {
          name: "kolonell-backups",
          region: "fra1",
          acl: "private",
          versioning: { enabled: true },
          forceDestroy: false,
          lifecycleRules: [
            tier("daily", 30),
            tier("monthly", 372),
            tier("annual", 1830),
            tier("base", 45),
            tier("wal", 45),
            tier("replication", 30),
            below("files"),
            { id: "delete-markers", enabled: true, expiration: { expiredObjectDeleteMarker: true } },
          ],
        },
        parent: "granary:copies:Spaces spaces",
        protect: true,
        replaceOnChanges: ["name"],
      },
      {
        type: KEY,
        name: "maintenance-of-spaces",
        inputs: { name: "granary-maintenance", grants: [{ bucket: "kolonell-backups", permission: "readwrite" }] },
        parent: "granary:copies:Spaces spaces",
        dependsOn: [`${BUCKET} spaces`],
        additionalSecretOutputs: ["secretKey"],
      },
      {
        type: KEY,
        name: "reader-of-spaces",
        inputs: { name: "granary-reader", grants: [{ bucket: "kolonell-backups", permission: "read" }] },
        parent: "granary:copies:Spaces spaces",
        dependsOn: [`${BUCKET} spaces`],
        additionalSecretOutputs: ["secretKey"],
      },
      {
        type: KEY,
        name: "shop-to-spaces",
        inputs: { name: "granary-shop", grants: [{ bucket: "kolonell-backups", permission: "readwrite" }] },
        parent: "test:Parent shop",
        dependsOn: [`${BUCKET} spaces`],
        additionalSecretOutputs: ["secretKey"],
      },
      { type: "granary:copies:Spaces", name: "spaces", inputs: {} },
      { type: "test:Parent", name: "shop", inputs: {} },
    ]);
  });

  it("gives a host its key, as a secret", async () => {
    const { result } = await record(program);
    const { access, ready } = result.grant;
    expect(await valueOf(access)).toEqual({
      kind: "s3",
      accessKeyId: "AKSPACES",
      secretAccessKey: "spaces-secret",
    });
    expect(await (access as unknown as { isSecret: Promise<boolean> }).isSecret).toBe(true);
    expect(await Promise.all(ready.map((resource) => valueOf(resource.urn)))).toEqual([
      expect.stringMatching(/SpacesKey::shop-to-spaces$/),
    ]);
  });
});

describe("maintenance of a Spaces copy", () => {
  it("has a key of its own, as a secret", async () => {
    const { maintenance } = (await record(program)).result;
    const key = { kind: "s3", accessKeyId: "AKSPACES", secretAccessKey: "spaces-secret" };
    expect(await valueOf(maintenance)).toEqual(key);
    expect(await (maintenance as unknown as { isSecret: Promise<boolean> }).isSecret).toBe(true);
  });
});

describe("pitfalls of Spaces", () => {
  const bucket = async () => find((await record(program)).resources, BUCKET, "spaces");
  interface Rule {
    expiration?: Record<string, unknown>;
    noncurrentVersionExpiration?: { days: number };
  }
  const rules = async () => (await bucket()).inputs["lifecycleRules"] as Rule[];

  it("a rename would only happen in the state: it is a replacement, and that is refused", async () => {
    expect(await bucket()).toMatchObject({ protect: true, replaceOnChanges: ["name"] });
  });

  it("forceDestroy ignores errors: never", async () => {
    expect((await bucket()).inputs["forceDestroy"]).toBe(false);
  });

  it("a versioning block that is dropped changes nothing: it is always there", async () => {
    expect((await bucket()).inputs["versioning"]).toEqual({ enabled: true });
  });

  it("a versioned bucket without noncurrent expiry grows for ever: each tier has one", async () => {
    const withPrefix = (await rules()).filter((rule) => "prefix" in rule);
    expect(withPrefix.map((rule) => rule.noncurrentVersionExpiration?.days)).toEqual(
      Array.from({ length: 7 }, () => 30),
    );
  });

  it("what is in a restic repository never expires: only versions that were deleted there do", async () => {
    expect(await rules()).toContainEqual(below("files"));
  });

  it("an expiration has one field, and days of 0 are dropped", async () => {
    for (const { expiration } of await rules()) {
      if (expiration === undefined) continue;
      expect(Object.keys(expiration)).toHaveLength(1);
      expect(Object.values(expiration)).not.toContain(0);
    }
  });

  it("the delete-marker rule stands alone", async () => {
    const markers = (await rules()).filter((rule) => "expiredObjectDeleteMarker" in (rule.expiration ?? {}));
    expect(markers).toEqual([{ id: "delete-markers", enabled: true, expiration: { expiredObjectDeleteMarker: true } }]);
  });

  it("there are no transitions", async () => {
    expect(JSON.stringify(await rules())).not.toMatch(/transition/i);
  });

  it("a host's key is readwrite on this one bucket, never fullaccess", async () => {
    const { resources } = await record(program);
    const grants = find(resources, KEY, "shop-to-spaces").inputs["grants"];
    expect(grants).toEqual([{ bucket: "kolonell-backups", permission: "readwrite" }]);
  });
});
