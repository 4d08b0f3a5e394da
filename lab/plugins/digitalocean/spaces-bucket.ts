import { finishing, type Resource } from "../shared/resource.js";
import { items } from "../shared/rest.js";
import { boolean, list, number, object, string, type Failure } from "../shared/schema.js";
import { text, compact, equal, isObject, type Value, type Values } from "../shared/values.js";
import type { DigitalOcean } from "./client.js";
import { lifecycleRules, lifecycleXml } from "./lifecycle.js";
import { element, elements, escaped, S3Error, type S3 } from "./s3.js";

const enabled = (versioning: Value): boolean => isObject(versioning) && versioning["enabled"] === true;

function versioningXml(on: boolean): string {
  const status = on ? "Enabled" : "Suspended";
  return `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>${status}</Status></VersioningConfiguration>`;
}

/** Undefined when `error` is one of S3's `codes`; throws it otherwise. */
function unless(error: unknown, ...codes: string[]): undefined {
  if (error instanceof S3Error && codes.includes(error.code)) return undefined;
  throw error;
}

/** Sends what differs from `now`, in the official plugin's order. The calls go to the bucket's name, as it has them. */
async function apply(s3: S3, bucket: string, inputs: Values, now: Values): Promise<void> {
  if (!equal(inputs["acl"], now["acl"])) {
    await s3.call({ method: "PUT", bucket, query: "acl", headers: { "x-amz-acl": text(inputs["acl"]) } });
  }
  if (inputs["versioning"] !== undefined && !equal(inputs["versioning"], now["versioning"])) {
    await s3.call({ method: "PUT", bucket, query: "versioning", body: versioningXml(enabled(inputs["versioning"])) });
  }
  if (!equal(inputs["lifecycleRules"], now["lifecycleRules"])) {
    const rules = items(inputs, "lifecycleRules");
    if (rules.length === 0) await s3.call({ method: "DELETE", bucket, query: "lifecycle" });
    else await s3.call({ method: "PUT", bucket, query: "lifecycle", body: lifecycleXml(rules) });
  }
}

/** The state: what S3 tells, and what it does not from `kept`. Undefined when the bucket is gone. */
async function state(s3: S3, bucket: string, kept: Values): Promise<Values | undefined> {
  const head = await s3
    .call({ method: "HEAD", bucket })
    .catch((error: unknown) => unless(error, "NotFound", "NoSuchBucket"));
  if (head === undefined) return undefined;
  const location = await s3.call({ method: "GET", bucket, query: "location", pathStyle: true });
  const region = element(location, "LocationConstraint") || text(kept["region"]);
  const versioning = await s3.call({ method: "GET", bucket, query: "versioning" });
  const lifecycle = await s3
    .call({ method: "GET", bucket, query: "lifecycle" })
    .catch((error: unknown) => unless(error, "NoSuchLifecycleConfiguration"));
  const rules = lifecycleRules(lifecycle ?? "");
  const name = text(kept["name"] ?? bucket);
  return compact({
    name,
    region,
    acl: kept["acl"],
    forceDestroy: kept["forceDestroy"],
    versioning: { enabled: element(versioning, "Status") === "Enabled" },
    lifecycleRules: rules.length > 0 ? rules : undefined,
    // Built from the region, whatever the endpoint: as the official plugin does.
    bucketDomainName: `${name}.${region}.digitaloceanspaces.com`,
    bucketUrn: `do:space:${name}`,
    endpoint: `${region}.digitaloceanspaces.com`,
  });
}

async function mustHave(s3: S3, bucket: string, kept: Values): Promise<Values> {
  const found = await state(s3, bucket, kept);
  if (!found) throw new Error(`Spaces bucket ${bucket} not found`);
  return found;
}

/** Deletes a page of every version and marker; errors of single objects are not looked at, as in the official plugin. */
async function empty(s3: S3, bucket: string): Promise<void> {
  const listed = await s3.call({ method: "GET", bucket, query: "versions" });
  const objects = [...elements(listed, "Version"), ...elements(listed, "DeleteMarker")].map(
    (one) =>
      `<Object><Key>${escaped(element(one, "Key") ?? "")}</Key><VersionId>${element(one, "VersionId") ?? "null"}</VersionId></Object>`,
  );
  if (objects.length === 0) throw new Error(`bucket ${bucket} is not empty, but lists no objects`);
  await s3.call({
    method: "POST",
    bucket,
    query: "delete",
    body: `<Delete>${objects.join("")}<Quiet>false</Quiet></Delete>`,
  });
}

/** The conditions that the official plugin adds to the table. */
function check(inputs: Values): Failure[] {
  return items(inputs, "lifecycleRules").flatMap((rule, i) => {
    const given = ["expiration", "noncurrentVersionExpiration", "abortIncompleteMultipartUploadDays"].some(
      (key) => rule[key] !== undefined,
    );
    const expiration = isObject(rule["expiration"]) ? Object.keys(compact(rule["expiration"])) : ["one"];
    const at = `lifecycleRules[${i}]`;
    return [
      ...(given ? [] : [{ property: at, reason: `${at} does nothing: give an expiration` }]),
      ...(expiration.length === 1
        ? []
        : [{ property: `${at}.expiration`, reason: "exactly one of date, days, expiredObjectDeleteMarker" }]),
    ];
  });
}

export const spacesBucket: Resource<DigitalOcean> = {
  token: "digitalocean:index/spacesBucket:SpacesBucket",
  inputs: {
    name: string(),
    region: string({ default: "nyc3", replace: true }),
    acl: string({ default: "private", oneOf: ["private", "public-read"], unread: true }),
    versioning: object({ enabled: boolean({ default: false }) }, { computed: true }),
    lifecycleRules: list(
      object({
        id: string({ computed: true }),
        prefix: string(),
        enabled: boolean({ required: true }),
        abortIncompleteMultipartUploadDays: number({ min: 1 }),
        expiration: object({ date: string(), days: number({ min: 0 }), expiredObjectDeleteMarker: boolean() }),
        noncurrentVersionExpiration: object({ days: number({ min: 1 }) }),
      }),
    ),
    forceDestroy: boolean({ default: false, unread: true }),
  },
  outputs: { bucketDomainName: {}, bucketUrn: {}, endpoint: {} },
  autoName: true,
  check,

  async create(client, inputs) {
    const s3 = client.spaces(text(inputs["region"]));
    const bucket = text(inputs["name"]);
    await s3.call({ method: "PUT", bucket, headers: { "x-amz-acl": text(inputs["acl"]) } });
    return finishing(
      bucket,
      { name: bucket, region: inputs["region"], forceDestroy: inputs["forceDestroy"] },
      async () => {
        await s3.call({ method: "HEAD", bucket });
        await apply(s3, bucket, inputs, {});
        return mustHave(s3, bucket, inputs);
      },
    );
  },

  read: (client, id, old) => state(client.spaces(text(old["region"])), id, old),

  /** A new name is the official plugin's bogus update: the state takes it, the bucket keeps the old one. */
  async update(client, id, inputs, old) {
    const s3 = client.spaces(text(inputs["region"]));
    // Rules without an id get one from the plugin: they are compared with what the program gave, not with the state.
    const lifecycle = old.state["lifecycleRules"] && old.inputs["lifecycleRules"];
    await apply(s3, id, inputs, { ...old.state, lifecycleRules: lifecycle });
    return mustHave(s3, id, inputs);
  },

  async delete(client, id, old) {
    const s3 = client.spaces(text(old["region"]));
    for (;;) {
      try {
        await s3.call({ method: "DELETE", bucket: id });
        return;
      } catch (error) {
        if (error instanceof S3Error && (error.code === "NoSuchBucket" || error.code === "NotFound")) return;
        if (!(error instanceof S3Error) || error.code !== "BucketNotEmpty" || old["forceDestroy"] !== true) throw error;
      }
      await empty(s3, id);
    }
  },
};
