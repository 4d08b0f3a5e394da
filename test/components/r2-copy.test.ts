import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { R2Copy } from "../../components/r2-copy.js";
import { ACCOUNT } from "../settings/example.js";
import { ANSWERS, BOX_KEY, record, valueOf } from "./engine.js";
import { find, own, parent, r2, settings } from "./fixtures.js";

const BUCKET = "cloudflare:index/r2Bucket:R2Bucket";
const LIFECYCLE = "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle";
const LOCK = "cloudflare:index/r2BucketLock:R2BucketLock";
const TOKEN = "cloudflare:index/accountToken:AccountToken";
const GROUPS = "cloudflare:index/getAccountApiTokenPermissionGroupsList:getAccountApiTokenPermissionGroupsList";
const DAY = 24 * 60 * 60;

function program(change: Partial<ReturnType<typeof r2>> = {}) {
  const repositories = [{ host: "shop", job: "media" }];
  const copy = new R2Copy("r2", { copy: { ...r2(), ...change }, retention: settings().retention, repositories });
  return {
    ...copy.grant({ host: "shop", generations: { used: 1 }, boxKeys: [BOX_KEY], repositoryKeys: {}, parent: parent() }),
    maintenance: copy.maintenance(),
    reader: copy.reader(),
  };
}

const common = { accountId: ACCOUNT, bucketName: "kolonell-archive", jurisdiction: "default" };
const ofBucket = { parent: "granary:copies:R2 r2", dependsOn: [`${BUCKET} r2`], protect: true };

const expiry = (tier: string, days: number) => ({
  id: tier,
  enabled: true,
  conditions: { prefix: `${tier}/` },
  deleteObjectsTransition: { condition: { type: "Age", maxAge: days * DAY } },
});
const cheaper = (tier: string) => ({
  id: `${tier}-infrequent-access`,
  enabled: true,
  conditions: { prefix: `${tier}/` },
  storageClassTransitions: [{ storageClass: "InfrequentAccess", condition: { type: "Age", maxAge: 30 * DAY } }],
});
const lock = (id: string, prefix = `${id}/`) => ({
  id,
  enabled: true,
  prefix,
  condition: { type: "Age", maxAgeSeconds: 30 * DAY },
});
const abort = {
  id: "abort-multipart",
  enabled: true,
  conditions: { prefix: "" },
  abortMultipartUploadsTransition: { condition: { type: "Age", maxAge: 7 * DAY } },
};

describe("an R2 copy", () => {
  it("is exactly these resources", async () => {
    const { resources, calls } = await record(program);
    expect(resources.map(own)).toEqual([
      {
        type: TOKEN,
        name: "maintenance-of-r2",
        inputs: {
          accountId: ACCOUNT,
          name: "granary-maintenance",
          policies: [
            {
              effect: "allow",
              permissionGroups: [{ id: "write-id" }],
              resources: `{"com.cloudflare.edge.r2.bucket.${ACCOUNT}_default_kolonell-archive":"*"}`,
            },
          ],
        },
        parent: "granary:copies:R2 r2",
        dependsOn: [`${BUCKET} r2`],
        additionalSecretOutputs: ["value"],
      },
      {
        type: TOKEN,
        name: "reader-of-r2",
        inputs: {
          accountId: ACCOUNT,
          name: "granary-reader",
          policies: [
            {
              effect: "allow",
              permissionGroups: [{ id: "read-id" }],
              resources: `{"com.cloudflare.edge.r2.bucket.${ACCOUNT}_default_kolonell-archive":"*"}`,
            },
          ],
        },
        parent: "granary:copies:R2 r2",
        dependsOn: [`${BUCKET} r2`],
        additionalSecretOutputs: ["value"],
      },
      {
        type: TOKEN,
        name: "shop-to-r2",
        inputs: {
          accountId: ACCOUNT,
          name: "granary-shop",
          policies: [
            {
              effect: "allow",
              permissionGroups: [{ id: "write-id" }],
              resources: `{"com.cloudflare.edge.r2.bucket.${ACCOUNT}_default_kolonell-archive":"*"}`,
            },
          ],
        },
        parent: "test:Parent shop",
        dependsOn: [`${BUCKET} r2`],
        additionalSecretOutputs: ["value"],
      },
      {
        type: BUCKET,
        name: "r2",
        inputs: {
          accountId: ACCOUNT,
          name: "kolonell-archive",
          location: "weur",
          jurisdiction: "default",
          storageClass: "Standard",
        },
        parent: "granary:copies:R2 r2",
        protect: true,
        replaceOnChanges: ["name", "jurisdiction", "location"],
      },
      {
        type: LIFECYCLE,
        name: "r2",
        inputs: {
          ...common,
          rules: [
            ...[expiry("daily", 30), expiry("monthly", 372), expiry("annual", 1830)],
            ...[expiry("base", 45), expiry("wal", 45), expiry("replication", 30)],
            ...[cheaper("monthly"), cheaper("annual"), abort],
          ],
        },
        ...ofBucket,
      },
      {
        type: LOCK,
        name: "r2",
        inputs: {
          ...common,
          rules: [
            ...["daily", "monthly", "annual", "base", "wal"].map((tier) => lock(tier)),
            lock("files shop media data", "files/shop/media/data/"),
            lock("files shop media snapshots", "files/shop/media/snapshots/"),
            lock("files shop media keys", "files/shop/media/keys/"),
            lock("files shop media config", "files/shop/media/config"),
          ],
        },
        ...ofBucket,
      },
      { type: "granary:copies:R2", name: "r2", inputs: {} },
      { type: "test:Parent", name: "shop", inputs: {} },
    ]);
    const call = `${GROUPS} {"accountId":"${ACCOUNT}"}`;
    expect(calls).toEqual([call, call, call]);
  });

  it("gives a host its key, as a secret", async () => {
    const { access, ready } = (await record(program)).result;
    expect(await valueOf(access)).toMatchObject({ kind: "s3", accessKeyId: "r2-token-id" });
    expect(await (access as unknown as { isSecret: Promise<boolean> }).isSecret).toBe(true);
    expect(await Promise.all(ready.map((resource) => valueOf(resource.urn)))).toEqual([
      expect.stringMatching(/AccountToken::shop-to-r2$/),
    ]);
  });
});

describe("maintenance of an R2 copy", () => {
  it("has a token of its own, as a secret", async () => {
    const { maintenance } = (await record(program)).result;
    expect(await valueOf(maintenance)).toMatchObject({ kind: "s3", accessKeyId: "r2-token-id" });
    expect(await (maintenance as unknown as { isSecret: Promise<boolean> }).isSecret).toBe(true);
  });
});

describe("pitfalls of R2", () => {
  const resource = async (type: string) => find((await record(program)).resources, type, "r2");

  it("maxAge of a lifecycle rule is in seconds", async () => {
    const { rules } = (await resource(LIFECYCLE)).inputs as { rules: unknown[] };
    expect(rules[0]).toMatchObject({ deleteObjectsTransition: { condition: { maxAge: 2_592_000 } } });
  });

  it("maxAgeSeconds of a lock follows lockDays", async () => {
    const { resources } = await record(() => program({ lockDays: 14 }));
    const { rules } = find(resources, LOCK, "r2").inputs as { rules: unknown[] };
    expect(rules[0]).toMatchObject({ condition: { type: "Age", maxAgeSeconds: 1_209_600 } });
  });

  it("restic deletes its own locks, and a prune its indexes: no lock rule covers either", async () => {
    const { rules } = (await resource(LOCK)).inputs as { rules: { prefix: string }[] };
    for (const key of ["files/shop/media/locks/ab", "files/shop/media/index/ab", "maintenance/r2.json"])
      expect(rules.filter(({ prefix }) => key.startsWith(prefix))).toEqual([]);
  });

  it("our rules replace the rule of a new bucket that drops unfinished uploads: it is declared again", async () => {
    const { rules } = (await resource(LIFECYCLE)).inputs as { rules: unknown[] };
    expect(rules).toContainEqual(abort);
  });

  it("a changed location is ignored and a changed jurisdiction mishandled: both are refused", async () => {
    const { protect, replaceOnChanges } = await resource(BUCKET);
    expect(protect).toBe(true);
    expect(replaceOnChanges).toEqual(["name", "jurisdiction", "location"]);
  });

  it("deleting rules and locks does nothing: they are protected, so that it is not believed", async () => {
    expect((await resource(LIFECYCLE)).protect).toBe(true);
    expect((await resource(LOCK)).protect).toBe(true);
  });

  it("a changed storage class may be refused: the bucket is Standard, objects move by rule", async () => {
    expect((await resource(BUCKET)).inputs["storageClass"]).toBe("Standard");
  });

  it("the S3 secret is the SHA-256 of the token's value, in hexadecimal", async () => {
    const access = await valueOf((await record(program)).result.access);
    expect(access).toEqual({
      kind: "s3",
      accessKeyId: "r2-token-id",
      secretAccessKey: createHash("sha256").update("r2-token-value").digest("hex"),
    });
  });

  it("a token's resource names the jurisdiction, and the lifecycle and lock do too", async () => {
    const { resources } = await record(() => program({ jurisdiction: "eu" }));
    const { policies } = find(resources, TOKEN, "shop-to-r2").inputs as { policies: { resources: string }[] };
    expect(policies[0]?.resources).toBe(`{"com.cloudflare.edge.r2.bucket.${ACCOUNT}_eu_kolonell-archive":"*"}`);
    for (const type of [BUCKET, LIFECYCLE, LOCK]) expect(find(resources, type, "r2").inputs["jurisdiction"]).toBe("eu");
  });

  it("the permission group is looked up by name, and only the one for items is given", async () => {
    const { resources } = await record(program);
    const { policies } = find(resources, TOKEN, "shop-to-r2").inputs as { policies: object[] };
    expect(policies).toMatchObject([{ effect: "allow", permissionGroups: [{ id: "write-id" }] }]);
    expect(ANSWERS[GROUPS]?.["results"]).toHaveLength(3);
  });
});
