import { createHash } from "node:crypto";
import { request } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { accountId, api, rootKey, s3, send, signS3, startLab, type S3Key, type TestLab } from "./lab.js";

const fra1 = "fra1.spaces.lab";
const r2 = `${accountId}.r2.lab`;
const lifecycle = `<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ID>daily</ID><Filter><Prefix>daily/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>31</Days></Expiration><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>`;

const noncurrent = "<NoncurrentVersionExpiration><NoncurrentDays>30</NoncurrentDays></NoncurrentVersionExpiration>";

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
const code = (text: string) => /<Code>(\w+)<\/Code>/.exec(text)?.[1];
const refusal = (answer: { status: number; text: string }) => [answer.status, code(answer.text)];

async function spacesKey(permission: string, of = bucket): Promise<S3Key> {
  const made = await api(lab.clouds, "digitalocean", "POST", "/v2/spaces/keys", {
    name: "k",
    grants: [{ bucket: of, permission }],
  });
  const { key } = made.body as unknown as { key: { access_key: string; secret_key: string } };
  return { accessKeyId: key.access_key, secretAccessKey: key.secret_key };
}

describe("Spaces", () => {
  test("what the official plugin does with a bucket, in its order, virtual-host style", async () => {
    const host = `${bucket}.${fra1}`;
    const versioning = `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>`;
    expect((await call(rootKey, "PUT", host, "/", "", { "x-amz-acl": "private" })).status).toBe(200);
    expect((await call(rootKey, "HEAD", host, "/")).status).toBe(200);
    expect((await call(rootKey, "PUT", host, "/?acl=", "", { "x-amz-acl": "private" })).status).toBe(200);
    expect((await call(rootKey, "PUT", host, "/?versioning=", versioning)).status).toBe(200);
    expect(refusal(await call(rootKey, "GET", host, "/?lifecycle="))).toEqual([404, "NoSuchLifecycleConfiguration"]);
    expect(await putLifecycle(rootKey, host)).toEqual([200, undefined]);
    expect((await call(rootKey, "GET", host, "/?versioning=")).text).toContain("<Status>Enabled</Status>");
    const location = await call(rootKey, "GET", fra1, `/${bucket}?location=`);
    expect(location.status).toBe(200);
    expect(location.text).toMatch(/<LocationConstraint [^>]*><\/LocationConstraint>/);
    expect(await call(rootKey, "GET", host, "/?lifecycle=")).toMatchObject({ status: 200, text: lifecycle });
    expect((await call(rootKey, "DELETE", host, "/?lifecycle=")).status).toBe(204);
    expect(refusal(await call(rootKey, "GET", host, "/?lifecycle="))).toEqual([404, "NoSuchLifecycleConfiguration"]);
  });

  test("a rule for old versions and multipart uploads alone comes back as it was sent", async () => {
    const host = `${bucket}.${fra1}`;
    await call(rootKey, "PUT", host, "/");
    const document = lifecycle.replace(/<Expiration>.*<\/Expiration>/, noncurrent);
    expect(await putLifecycle(rootKey, host, document)).toEqual([200, undefined]);
    expect((await call(rootKey, "GET", host, "/?lifecycle=")).text).toBe(document);
  });

  test("a deleted bucket takes its lifecycle with it", async () => {
    const host = `${bucket}.${fra1}`;
    await call(rootKey, "PUT", host, "/");
    await putLifecycle(rootKey, host);
    expect((await call(rootKey, "DELETE", host, "/")).status).toBe(204);
    await call(rootKey, "PUT", host, "/");
    expect((await call(rootKey, "GET", host, "/?lifecycle=")).status).toBe(404);
  });

  test("versioning keeps what is overwritten and deleted", async () => {
    await call(rootKey, "PUT", fra1, `/${bucket}`);
    await call(
      rootKey,
      "PUT",
      fra1,
      `/${bucket}?versioning`,
      `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`,
    );
    const first = await call(rootKey, "PUT", fra1, `/${bucket}/daily/a`, "one");
    await call(rootKey, "PUT", fra1, `/${bucket}/daily/a`, "two");
    await call(rootKey, "DELETE", fra1, `/${bucket}/daily/a`);
    expect((await call(rootKey, "GET", fra1, `/${bucket}/daily/a`)).status).toBe(404);
    const old = await call(
      rootKey,
      "GET",
      fra1,
      `/${bucket}/daily/a?versionId=${String(first.headers["x-amz-version-id"])}`,
    );
    expect(old).toMatchObject({ status: 200, text: "one" });
  });

  test("a readwrite key works on its bucket alone and not on the bucket's settings", async () => {
    await call(rootKey, "PUT", fra1, `/${bucket}`);
    await call(rootKey, "PUT", fra1, `/${bucket}-other`);
    const key = await spacesKey("readwrite");
    expect((await call(key, "PUT", fra1, `/${bucket}/daily/a`, "one")).status).toBe(200);
    expect(await call(key, "GET", `${bucket}.${fra1}`, "/daily/a")).toMatchObject({ status: 200, text: "one" });
    expect((await call(key, "GET", fra1, `/${bucket}?list-type=2&prefix=daily%2F`)).text).toContain(
      "<Key>daily/a</Key>",
    );
    expect(refusal(await call(key, "PUT", fra1, `/${bucket}-other/a`, "x"))).toEqual([403, "AccessDenied"]);
    expect(refusal(await call(key, "GET", fra1, `/${bucket}?lifecycle`))).toEqual([403, "AccessDenied"]);
    expect(await putLifecycle(key, fra1, lifecycle, `/${bucket}`)).toEqual([403, "AccessDenied"]);
    expect(refusal(await call(key, "DELETE", fra1, `/${bucket}`))).toEqual([403, "AccessDenied"]);
    expect((await call(key, "DELETE", fra1, `/${bucket}/daily/a`)).status).toBe(204);
  });

  test("a read key reads; a removed key does nothing", async () => {
    await call(rootKey, "PUT", fra1, `/${bucket}`);
    await call(rootKey, "PUT", fra1, `/${bucket}/a`, "one");
    const key = await spacesKey("read");
    expect((await call(key, "GET", fra1, `/${bucket}/a`)).text).toBe("one");
    expect(refusal(await call(key, "PUT", fra1, `/${bucket}/a`, "two"))).toEqual([403, "AccessDenied"]);
    expect(refusal(await call(key, "DELETE", fra1, `/${bucket}/a`))).toEqual([403, "AccessDenied"]);
    expect((await api(lab.clouds, "digitalocean", "DELETE", `/v2/spaces/keys/${key.accessKeyId}`)).status).toBe(204);
    expect(refusal(await call(key, "GET", fra1, `/${bucket}/a`))).toEqual([403, "InvalidAccessKeyId"]);
  });

  test("a region that starts later knows the keys that were made before", async () => {
    const key = await spacesKey("readwrite");
    await call(rootKey, "PUT", "ams3.spaces.lab", `/${bucket}`);
    expect((await call(key, "PUT", "ams3.spaces.lab", `/${bucket}/a`, "x")).status).toBe(200);
    expect((await call(rootKey, "HEAD", fra1, `/${bucket}`)).status).toBe(404);
  });

  test("a wrong signature is refused", async () => {
    const wrong = { ...rootKey, secretAccessKey: "not-the-secret" };
    expect(refusal(await call(wrong, "GET", fra1, "/"))).toEqual([403, "SignatureDoesNotMatch"]);
  });

  test("256 MiB stream through in constant memory, and come back whole", async () => {
    await call(rootKey, "PUT", fra1, `/${bucket}`);
    const chunk = Buffer.alloc(1 << 20, "granary");
    const count = 256;
    const before = process.memoryUsage().rss;
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
    expect(await stream("PUT", `/${bucket}/big`, chunk, count)).toMatchObject({ status: 200 });
    const read = await stream("GET", `/${bucket}/big`, chunk, 0);
    clearInterval(watch);
    const whole = createHash("sha256");
    for (let i = 0; i < count; i++) whole.update(chunk);
    expect(read).toEqual({ status: 200, bytes: count << 20, sha256: whole.digest("hex") });
    expect((peak - before) / 2 ** 20).toBeLessThan(96); // sender, door and receiver are all in this process
  });
});

describe("R2", () => {
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
});

test("an unknown host is told so", async () => {
  expect(await send(lab.clouds, "xyz9.spaces.lab", "GET", "/")).toMatchObject({
    status: 404,
    text: "the lab has no service at xyz9.spaces.lab\n",
  });
  expect(lab.log.some((line) => line.startsWith("event=unknown-host"))).toBe(true);
});

async function putLifecycle(key: S3Key, host: string, document = lifecycle, path = "/") {
  return refusal(await call(key, "PUT", host, `${path}?lifecycle=`, document, { "content-md5": md5(document) }));
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("base64");
}

/** Sends `count` chunks, slowed down by the receiver, and hashes what comes back. */
async function stream(method: string, path: string, chunk: Buffer, count: number) {
  const { address } = lab.clouds;
  const headers = {
    ...(await signS3(rootKey, method, fra1, path)),
    host: fra1,
    "content-length": chunk.length * count,
  };
  return new Promise((resolve, reject) => {
    const out = request({ host: address.host, port: address.port, method, path, headers }, (response) => {
      const hash = createHash("sha256");
      let bytes = 0;
      response.on("data", (data: Buffer) => {
        hash.update(data);
        bytes += data.length;
      });
      response.on("end", () => resolve({ status: response.statusCode, bytes, sha256: hash.digest("hex") }));
    });
    out.on("error", reject);
    let sent = 0;
    const more = (): void => {
      while (sent < count) {
        sent += 1;
        if (!out.write(chunk)) return void out.once("drain", more);
      }
      out.end();
    };
    more();
  });
}
