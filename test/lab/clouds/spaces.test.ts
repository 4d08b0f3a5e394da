import { createHash } from "node:crypto";
import { request } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { api, md5, refusal, rootKey, s3, send, signS3, startLab, type S3Key, type TestLab } from "./lab.js";

const fra1 = "fra1.spaces.lab";
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

async function spacesKey(permission: string, of = bucket): Promise<S3Key> {
  const made = await api(lab.clouds, "digitalocean", "POST", "/v2/spaces/keys", {
    name: "k",
    grants: [{ bucket: of, permission }],
  });
  const { key } = made.body as unknown as { key: { access_key: string; secret_key: string } };
  return { accessKeyId: key.access_key, secretAccessKey: key.secret_key };
}

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
  expect((await call(key, "GET", fra1, `/${bucket}?list-type=2&prefix=daily%2F`)).text).toContain("<Key>daily/a</Key>");
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
  expect(await call(rootKey, "PUT", "ams3.spaces.lab", `/${bucket}`)).toMatchObject({ status: 200 });
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
