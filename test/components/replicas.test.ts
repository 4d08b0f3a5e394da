import { describe, expect, it } from "vitest";
import granary from "../../index.js";
import { jobEnv } from "../../plan/job-env.js";
import { parseSettings } from "../../settings/parse.js";
import { ACCOUNT, HOST_KEY } from "../settings/example.js";
import { record, type Registered } from "./engine.js";
import { configure, find, own, rawStack, REMOTE, SSH_KEY } from "./fixtures.js";

const BUCKET = "digitalocean:index/spacesBucket:SpacesBucket";
const KEY = "digitalocean:index/spacesKey:SpacesKey";
const R2_BUCKET = "cloudflare:index/r2Bucket:R2Bucket";
const LIFECYCLE = "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle";
const LOCK = "cloudflare:index/r2BucketLock:R2BucketLock";
const TOKEN = "cloudflare:index/accountToken:AccountToken";
const REPLICA = "granary:copies:Replica";
const RUNNER = "granary:hosts:Host runner";
const DAY = 86_400;

/** Two replicas of copies and two of uploads, all filled by a host that owns nothing. */
function raw(create = true) {
  const stack = rawStack();
  const on = "runner";
  const jobs = { ...stack.hosts.shop.jobs, media: { kind: "files", paths: ["/opt/uploads"] } };
  return {
    ...stack,
    copies: {
      ...stack.copies,
      spaces: { ...stack.copies.spaces, replica: { region: "ams3", on } },
      r2: { ...stack.copies.r2, replica: { location: "eeur", on } },
    },
    hosts: {
      shop: { ...stack.hosts.shop, jobs },
      runner: { address: "203.0.113.30", hostKey: HOST_KEY, provider: "ovh", country: "FR", jobs: {} },
    },
    uploads: {
      images: {
        ...{ kind: "spaces", region: "fra1", bucket: "shop-images", create },
        replica: { kind: "r2", accountId: ACCOUNT, bucket: "shop-images-copy", lockDays: 40, on },
      },
      pdfs: {
        ...{ kind: "r2", accountId: ACCOUNT, bucket: "shop-pdfs", lockDays: 9, create },
        replica: { kind: "spaces", region: "ams3", bucket: "shop-pdfs-copy", on },
      },
    },
  };
}

async function made(create = true): Promise<Registered[]> {
  configure(raw(create), { sshPrivateKey: SSH_KEY });
  return (await record(granary)).resources;
}

const age = (days: number) => ({ type: "Age", maxAge: days * DAY });
const locked = (id: string, prefix: string, days = 30) => ({
  ...{ id, enabled: true, prefix },
  condition: { type: "Age", maxAgeSeconds: days * DAY },
});
const versions = { noncurrentVersionExpiration: { days: 30 }, abortIncompleteMultipartUploadDays: 7 };
const markers = { id: "delete-markers", enabled: true, expiration: { expiredObjectDeleteMarker: true } };
const abort = {
  ...{ id: "abort-multipart", enabled: true, conditions: { prefix: "" } },
  abortMultipartUploadsTransition: { condition: age(7) },
};

/** A Spaces bucket as it must be, whatever it holds. */
const bucket = (name: string, parent: string, place: object, lifecycleRules: unknown) => ({
  type: BUCKET,
  name,
  inputs: { ...place, acl: "private", versioning: { enabled: true }, forceDestroy: false, lifecycleRules },
  parent,
  protect: true,
  replaceOnChanges: ["name"],
});

describe("the replica of a Spaces copy", () => {
  it("is a bucket elsewhere, protected, versioned and expired as its source", async () => {
    const resources = await made();
    const source = find(resources, BUCKET, "spaces");
    const place = { name: "kolonell-backups-replica", region: "ams3" };
    expect(find(resources, BUCKET, "spaces-replica")).toEqual(
      bucket("spaces-replica", `${REPLICA} spaces-replica`, place, source.inputs["lifecycleRules"]),
    );
  });

  it("is looked at with a key that only reads it", async () => {
    const resources = await made();
    expect(find(resources, KEY, "reader-of-spaces-replica").inputs).toEqual({
      name: "granary-reader-of-spaces-replica",
      grants: [{ bucket: "kolonell-backups-replica", permission: "read" }],
    });
    expect(find(resources, TOKEN, "reader-of-r2-replica").inputs["name"]).toBe("granary-reader-of-r2-replica");
  });

  it("is filled with two keys: one only reads the source, one is bound to the replica", async () => {
    const resources = await made();
    const key = (name: string, label: string, named: string, permission: string, after: string) => ({
      type: KEY,
      name,
      inputs: { name: label, grants: [{ bucket: named, permission }] },
      parent: RUNNER,
      dependsOn: [`${BUCKET} ${after}`],
      additionalSecretOutputs: ["secretKey"],
    });
    expect(find(resources, KEY, "runner-from-source-of-spaces-replica")).toEqual(
      key(
        "runner-from-source-of-spaces-replica",
        "granary-runner-spaces-replica-source",
        "kolonell-backups",
        "read",
        "spaces",
      ),
    );
    expect(find(resources, KEY, "runner-to-spaces-replica")).toEqual(
      key(
        "runner-to-spaces-replica",
        "granary-runner-spaces-replica",
        "kolonell-backups-replica",
        "readwrite",
        "spaces-replica",
      ),
    );
  });
});

describe("the replica of an R2 copy", () => {
  it("has the lifecycle and the locks of its source, repositories included", async () => {
    const resources = await made();
    expect(find(resources, R2_BUCKET, "r2-replica")).toMatchObject({
      inputs: { name: "kolonell-archive-replica", location: "eeur", jurisdiction: "default", accountId: ACCOUNT },
      parent: `${REPLICA} r2-replica`,
      protect: true,
      replaceOnChanges: ["name", "jurisdiction", "location"],
    });
    for (const type of [LIFECYCLE, LOCK]) {
      const { inputs, protect, dependsOn } = find(resources, type, "r2-replica");
      expect(inputs["rules"]).toEqual(find(resources, type, "r2").inputs["rules"]);
      expect([inputs["bucketName"], protect]).toEqual(["kolonell-archive-replica", true]);
      expect(dependsOn).toEqual([`${R2_BUCKET} r2-replica`]);
    }
    const { rules } = find(resources, LOCK, "r2-replica").inputs as { rules: unknown[] };
    expect(rules).toContainEqual(locked("files shop media data", "files/shop/media/data/"));
  });

  it("is read and written with tokens of the least kind", async () => {
    const resources = await made();
    const token = (name: string) => {
      const { inputs, parent } = find(resources, TOKEN, name);
      return [parent, (inputs["policies"] as { permissionGroups: unknown; resources: string }[])[0]];
    };
    const on = (named: string, id: string) => [
      RUNNER,
      {
        effect: "allow",
        permissionGroups: [{ id }],
        resources: `{"com.cloudflare.edge.r2.bucket.${ACCOUNT}_default_${named}":"*"}`,
      },
    ];
    expect(token("runner-from-source-of-r2-replica")).toEqual(on("kolonell-archive", "read-id"));
    expect(token("runner-to-r2-replica")).toEqual(on("kolonell-archive-replica", "write-id"));
  });
});

describe("uploads that live in a bucket", () => {
  it("at Spaces are versioned: what was overwritten stays 30 days, nothing current goes", async () => {
    const resources = await made();
    const parent = "granary:uploads:Bucket images-uploads";
    expect(find(resources, BUCKET, "images-uploads")).toEqual(
      bucket("images-uploads", parent, { name: "shop-images", region: "fra1" }, [
        { id: "uploads", enabled: true, ...versions },
        markers,
      ]),
    );
  });

  it("at R2 are locked as a whole, and keep the rule that drops unfinished uploads", async () => {
    const resources = await made();
    expect(find(resources, LOCK, "pdfs-uploads").inputs["rules"]).toEqual([locked("uploads", "", 9)]);
    expect(find(resources, LIFECYCLE, "pdfs-uploads").inputs["rules"]).toEqual([abort]);
    expect(find(resources, R2_BUCKET, "pdfs-uploads").protect).toBe(true);
  });

  it("have a replica in another cloud that expires its own records only", async () => {
    const resources = await made();
    expect(find(resources, LOCK, "images-uploads-replica").inputs["rules"]).toEqual([locked("uploads", "", 40)]);
    expect(find(resources, LIFECYCLE, "images-uploads-replica").inputs["rules"]).toEqual([
      {
        ...{ id: "records", enabled: true, conditions: { prefix: ".granary/replication/images/" } },
        deleteObjectsTransition: { condition: age(40) },
      },
      abort,
    ]);
    expect(find(resources, BUCKET, "pdfs-uploads-replica").inputs["lifecycleRules"]).toEqual([
      { id: "uploads", enabled: true, ...versions },
      markers,
      { id: "records", enabled: true, prefix: ".granary/replication/pdfs/", expiration: { days: 30 } },
    ]);
  });

  it("in a bucket that is there already are read, and the bucket is left alone", async () => {
    const resources = await made(false);
    expect(resources.filter(({ name }) => name === "images-uploads" || name === "pdfs-uploads")).toEqual([]);
    expect(find(resources, KEY, "runner-from-source-of-images-uploads-replica").inputs["grants"]).toEqual([
      { bucket: "shop-images", permission: "read" },
    ]);
  });
});

describe("the host that fills replicas", () => {
  it("gets their jobs, each with its two keys, and access to no copy", async () => {
    const resources = await made();
    const of = resources.filter(({ name }) => name.startsWith("runner-")).map(({ type, name }) => `${type} ${name}`);
    const replicas = ["images-uploads", "pdfs-uploads", "r2", "spaces"];
    expect(of.filter((each) => each.startsWith("granary:hosts:Job"))).toEqual(
      ["replica-r2", "replica-spaces", "uploads-images", "uploads-pdfs"].map(
        (job) => `granary:hosts:Job runner-${job}`,
      ),
    );
    const keys = of.filter((each) => each.startsWith(KEY) || each.startsWith(TOKEN)).map((each) => each.split(" ")[1]);
    expect(keys.sort()).toEqual(
      replicas.flatMap((name) => [`runner-from-source-of-${name}-replica`, `runner-to-${name}-replica`]).sort(),
    );
    expect(of.some((each) => each.includes("to-box"))).toBe(false);
  });

  it("gets each job's settings on standard input, after both keys", async () => {
    const resources = await made();
    const key = { kind: "s3" as const, accessKeyId: "AKSPACES", secretAccessKey: "spaces-secret" };
    const env = jobEnv({
      settings: parseSettings(raw()),
      host: "runner",
      job: "replica-spaces",
      machine: "203.0.113.30",
      access: { spaces: key, replica: key },
    });
    const command = find(resources, REMOTE, "runner-replica-spaces");
    expect(command.inputs["stdin"]).toEqual({ secret: env });
    expect(command.dependsOn).toEqual(
      expect.arrayContaining([`${KEY} runner-from-source-of-spaces-replica`, `${KEY} runner-to-spaces-replica`]),
    );
  });

  it("is alone with these keys: no other host's job has one of them", async () => {
    const others = (await made()).map(own).filter(({ type, name }) => type === REMOTE && name.startsWith("shop-"));
    expect(others.length).toBeGreaterThan(3);
    expect(JSON.stringify(others)).not.toContain("REPLICA");
  });
});
