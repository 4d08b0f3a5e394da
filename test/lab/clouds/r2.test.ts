import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { accountId, api, md5, refusal, s3, startLab, type S3Key, type TestLab } from "./lab.js";

const r2 = `${accountId}.r2.lab`;

let lab: TestLab;
let number = 0;
let bucket = "";
beforeAll(async () => {
  lab = await startLab();
}, 60_000);
afterAll(() => lab.end());
beforeEach(() => {
  bucket = `bucket-${++number}`;
});

const call = (
  key: S3Key,
  method: string,
  host: string,
  path: string,
  body = "",
  headers: Record<string, string> = {},
) => s3(lab.clouds, key, method, host, path, body, headers);

const buckets = `/client/v4/accounts/${accountId}/r2/buckets`;
const hour = [{ id: "daily", enabled: true, prefix: "daily/", condition: { type: "Age", maxAgeSeconds: 3600 } }];
const group = { Write: "2efd5506f9c8494dacb1fa10a3e7d5b6", Read: "6a018a9f2fc74eb6b293b0c548f38b39" };
const cloudflare = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  api(lab.clouds, "cloudflare", method, path, body, headers);

async function r2Key(kind: "Write" | "Read", jurisdiction = "default"): Promise<S3Key> {
  const resources = { [`com.cloudflare.edge.r2.bucket.${accountId}_${jurisdiction}_${bucket}`]: "*" };
  const policies = [{ effect: "allow", permission_groups: [{ id: group[kind] }], resources }];
  const made = await cloudflare("POST", `/client/v4/accounts/${accountId}/tokens`, { name: "shop", policies });
  const { result } = made.body as unknown as { result: { id: string; value: string } };
  return { accessKeyId: result.id, secretAccessKey: createHash("sha256").update(result.value).digest("hex") };
}
const lock = (rules: unknown) => cloudflare("PUT", `${buckets}/${bucket}/lock`, { rules });
const locked = [403, "ObjectLockedByBucketPolicy"];
const multiDelete = (key: S3Key, keys: string[]) => {
  const objects = keys.map((k) => `<Object><Key>${k}</Key></Object>`).join("");
  const body = `<Delete>${objects}</Delete>`;
  return call(key, "POST", r2, `/${bucket}?delete=`, body, { "content-md5": md5(body) });
};

test("a token's key writes and reads its bucket, a read token only reads", async () => {
  await cloudflare("POST", buckets, { name: bucket });
  const [write, read] = [await r2Key("Write"), await r2Key("Read")];
  expect((await call(write, "PUT", r2, `/${bucket}/a`, "one")).status).toBe(200);
  expect(await call(read, "GET", `${bucket}.${r2}`, "/a")).toMatchObject({ status: 200, text: "one" });
  expect(refusal(await call(read, "PUT", r2, `/${bucket}/b`, "x"))).toEqual([403, "AccessDenied"]);
  expect(refusal(await call(write, "PUT", r2, `/another`, ""))).toEqual([404, "NoSuchBucket"]);
});

test("a lock blocks every way to overwrite or delete, and allows new keys and other prefixes", async () => {
  await cloudflare("POST", buckets, { name: bucket });
  const key = await r2Key("Write");
  const old = `/${bucket}/daily/a%2Bb%20c`;
  await call(key, "PUT", r2, old, "one"); // before the lock: it covers what is there already
  await call(key, "PUT", r2, `/${bucket}/other`, "two");
  const upload = async (path: string) => {
    const begun = await call(key, "POST", r2, `${path}?uploads=`);
    const id = /<UploadId>([^<]+)/.exec(begun.text)?.[1] ?? "";
    const part = await call(key, "PUT", r2, `${path}?partNumber=1&uploadId=${id}`, "part");
    const done = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${String(part.headers["etag"])}</ETag></Part></CompleteMultipartUpload>`;
    return call(key, "POST", r2, `${path}?uploadId=${id}`, done);
  };
  expect((await lock(hour)).status).toBe(200);
  expect(refusal(await call(key, "PUT", r2, old, "two"))).toEqual(locked);
  expect(refusal(await call(key, "DELETE", r2, old))).toEqual(locked);
  expect(refusal(await call(key, "DELETE", `${bucket}.${r2}`, "/daily/a%2Bb%20c"))).toEqual(locked);
  expect(refusal(await call(key, "PUT", r2, `/${bucket}//daily/a%2Bb%20c`, "two"))).toEqual(locked);
  expect(refusal(await call(key, "PUT", r2, old, "", { "x-amz-copy-source": `/${bucket}/other` }))).toEqual(locked);
  expect(refusal(await multiDelete(key, ["other", "daily/a+b c"]))).toEqual(locked);
  expect(refusal(await multiDelete(key, ["daily/a&#43;b c"]))).toEqual(locked);
  expect(refusal(await upload(old))).toEqual(locked);
  expect((await upload(`/${bucket}/daily/new`)).status).toBe(200);
  expect((await call(key, "PUT", r2, `/${bucket}/daily/b`, "new")).status).toBe(200);
  expect((await multiDelete(key, ["other"])).text).toContain("<Deleted><Key>other</Key>");
  expect((await call(key, "GET", r2, `/${bucket}/other`)).status).toBe(404);
  expect((await call(key, "GET", r2, old)).text).toBe("one");
});

test("a lock ends with its rule, its age or its date", async () => {
  await cloudflare("POST", buckets, { name: bucket });
  const key = await r2Key("Write");
  const path = `/${bucket}/daily/a`;
  await call(key, "PUT", r2, path, "one");
  const rule = (condition: unknown, enabled = true) => lock([{ id: "daily", enabled, condition }]);
  await rule({ type: "Indefinite" });
  expect(refusal(await call(key, "DELETE", r2, path))).toEqual(locked);
  await rule({ type: "Date", date: "2999-01-01T00:00:00Z" });
  expect(refusal(await call(key, "DELETE", r2, path))).toEqual(locked);
  await rule({ type: "Indefinite" }, false);
  expect((await call(key, "PUT", r2, path, "two")).status).toBe(200);
  await rule({ type: "Date", date: "2001-01-01T00:00:00Z" });
  expect((await call(key, "PUT", r2, path, "three")).status).toBe(200);
  await rule({ type: "Age", maxAgeSeconds: 1 });
  await new Promise((resolve) => setTimeout(resolve, 2100)); // Last-Modified has whole seconds
  expect((await call(key, "DELETE", r2, path)).status).toBe(204);
});

test("MinIO's own ways around a lock are not R2's", async () => {
  await cloudflare("POST", buckets, { name: bucket });
  const key = await r2Key("Write");
  await call(key, "PUT", r2, `/${bucket}/daily/a`, "one");
  await lock(hour);
  await call(key, "DELETE", r2, `/${bucket}/daily`, "", { "x-minio-force-delete": "true" });
  expect((await call(key, "GET", r2, `/${bucket}/daily/a`)).text).toBe("one");
  expect(refusal(await call(key, "POST", r2, `/${bucket}`, "form"))).toEqual([501, "NotImplemented"]);
  const comment = `<Delete><Object><Key>daily/<!-- -->a</Key></Object></Delete>`;
  const answer = await call(key, "POST", r2, `/${bucket}?delete=`, comment, { "content-md5": md5(comment) });
  expect(refusal(answer)).toEqual([400, "MalformedXML"]);
});

test("versioning, object lock, policies, ACLs and tags are not implemented", async () => {
  await cloudflare("POST", buckets, { name: bucket });
  const key = await r2Key("Write");
  for (const query of ["versioning", "object-lock", "policy", "versions", "acl", "tagging"])
    expect([query, ...refusal(await call(key, "PUT", r2, `/${bucket}?${query}=`))]).toEqual([
      query,
      501,
      "NotImplemented",
    ]);
});

test("a bucket with an object is not deleted; a bucket is found in its jurisdiction alone", async () => {
  const eu = { "cf-r2-jurisdiction": "eu" };
  await cloudflare("POST", buckets, { name: bucket }, eu);
  const key = await r2Key("Write", "eu");
  const host = `${accountId}.eu.r2.lab`;
  expect(refusal(await call(key, "PUT", r2, `/${bucket}/a`, "x"))).toEqual([404, "NoSuchBucket"]);
  expect((await call(key, "PUT", host, `/${bucket}/a`, "x")).status).toBe(200);
  expect((await cloudflare("GET", `${buckets}/${bucket}`)).status).toBe(404);
  const refused = await cloudflare("DELETE", `${buckets}/${bucket}`, undefined, eu);
  expect([refused.status, refused.body?.["errors"]]).toEqual([
    409,
    [{ code: 10008, message: "The bucket you tried to delete is not empty." }],
  ]);
  await call(key, "DELETE", host, `/${bucket}/a`);
  expect((await cloudflare("DELETE", `${buckets}/${bucket}`, undefined, eu)).status).toBe(200);
});
