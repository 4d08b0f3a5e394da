/** The Spaces bucket against a small S3: rules as XML, drift, emptying on destroy. */
import dns from "node:dns";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { lifecycleRules, lifecycleXml } from "../../../lab/plugins/digitalocean/lifecycle.js";
import { digitalocean } from "../../../lab/plugins/digitalocean/plugin.js";
import { Provider } from "../../../lab/plugins/shared/provider.js";
import type { Values } from "../../../lab/plugins/shared/values.js";
import { DOMAIN, FakeS3 } from "./fake-s3.js";

const URN = "urn:pulumi:test::plugins::digitalocean:index/spacesBucket:SpacesBucket::bucket";
const HOST = `kolonell.fra1.${DOMAIN}`;
const s3 = new FakeS3();
const provider = new Provider(digitalocean);

beforeAll(async () => {
  const lookup = dns.lookup.bind(dns) as (host: string, ...rest: unknown[]) => void;
  const here = (host: string, ...rest: unknown[]): void =>
    lookup(host.endsWith(`.${DOMAIN}`) ? "127.0.0.1" : host, ...rest);
  vi.spyOn(dns, "lookup").mockImplementation(here);
  provider.configure({ spacesEndpoint: await s3.listen(), spacesAccessId: "AK", spacesSecretKey: "SK" });
});
afterAll(() => {
  s3.close();
  vi.restoreAllMocks();
});

const calls = (): string[] => s3.seen.map(({ call }) => call);
const inputs: Values = { name: "kolonell", region: "fra1", acl: "private", versioning: { enabled: true } };

async function create(more: Values = {}): Promise<Values> {
  s3.buckets.clear();
  const { outs } = await provider.create(URN, { ...inputs, ...more }, false);
  s3.seen = [];
  return outs;
}

describe("lifecycle rules", () => {
  it("go to XML and come back the same", () => {
    const rules: Values[] = [
      { id: "a", prefix: "daily/", enabled: true, expiration: { days: 30 }, noncurrentVersionExpiration: { days: 5 } },
      { id: "b&<", enabled: false, abortIncompleteMultipartUploadDays: 7, expiration: { date: "2027-01-31" } },
      { id: "c", enabled: true, expiration: { expiredObjectDeleteMarker: true } },
    ];
    expect(lifecycleRules(lifecycleXml(rules))).toEqual(rules);
  });

  it("drop zero days, and take one field of an expiration", () => {
    const xml = lifecycleXml([
      { id: "a", enabled: true, expiration: { days: 0 }, abortIncompleteMultipartUploadDays: 0 },
    ]);
    expect(xml).toContain("<Expiration><ExpiredObjectDeleteMarker>false</ExpiredObjectDeleteMarker></Expiration>");
    expect(xml).not.toContain("AbortIncompleteMultipartUpload");
  });
});

describe("a bucket", () => {
  it("has the outputs of the official plugin, whatever the endpoint", async () => {
    expect(await create()).toMatchObject({
      bucketDomainName: "kolonell.fra1.digitaloceanspaces.com",
      bucketUrn: "do:space:kolonell",
      endpoint: "fra1.digitaloceanspaces.com",
      versioning: { enabled: true },
    });
  });

  it("is signed, and its ACL travels in a header", async () => {
    s3.buckets.clear();
    s3.seen = [];
    await provider.create(URN, { ...inputs, acl: "public-read" }, false);
    expect(s3.seen.filter(({ acl }) => acl === "public-read").map(({ call }) => call)).toEqual([
      `PUT ${HOST} /`,
      `PUT ${HOST} /?acl=`,
    ]);
  });

  it("renamed keeps its place: the state alone takes the new name", async () => {
    const state = await create();
    const outs = await provider.update("kolonell", URN, { inputs, state }, { ...inputs, name: "other" }, false);
    expect(outs["name"]).toBe("other");
    expect([...s3.buckets.keys()]).toEqual(["kolonell"]);
    expect(calls().filter((call) => call.startsWith("PUT"))).toEqual([]);
  });

  it("loses its lifecycle with the last rule", async () => {
    const rules = [{ id: "a", enabled: true, expiration: { days: 3 } }];
    const state = await create({ lifecycleRules: rules });
    await provider.update("kolonell", URN, { inputs: { ...inputs, lifecycleRules: rules }, state }, inputs, false);
    expect(calls()[0]).toBe(`DELETE ${HOST} /?lifecycle=`);
    expect(s3.buckets.get("kolonell")?.lifecycle).toBeUndefined();
  });

  it("is emptied on destroy only with forceDestroy", async () => {
    const state = await create({ forceDestroy: true });
    s3.buckets.get("kolonell")?.objects.push("a v1", "a v2");
    await expect(provider.delete("kolonell", URN, { ...state, forceDestroy: false })).rejects.toThrow("BucketNotEmpty");
    s3.seen = [];
    await provider.delete("kolonell", URN, state);
    expect(calls()).toEqual([
      `DELETE ${HOST} /`,
      `GET ${HOST} /?versions=`,
      `POST ${HOST} /?delete=`,
      `DELETE ${HOST} /`,
    ]);
    expect(s3.buckets.size).toBe(0);
    await provider.delete("kolonell", URN, state);
  });

  it("gone is gone for a refresh", async () => {
    const state = await create();
    s3.buckets.clear();
    expect(await provider.read("kolonell", URN, inputs, state)).toBeUndefined();
  });
});
