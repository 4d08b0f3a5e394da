/** Uploads to an object store whose lock forbids overwriting and deleting: restic needs neither, but for its own locks. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { expectFailure } from "./faults.js";
import { at, host, listing, uploads } from "./repository.js";
import { S3Stub } from "./s3-stub.js";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

let s3: S3Stub;

beforeEach(async () => {
  s3 = new S3Stub("archive", "ACCESSKEY1");
  host.writeEnv({
    GRANARY_COPIES: "r2",
    GRANARY_COPY_R2_ROOT: "archive",
    RCLONE_CONFIG_R2_TYPE: "s3",
    RCLONE_CONFIG_R2_PROVIDER: "Cloudflare",
    RCLONE_CONFIG_R2_REGION: "auto",
    RCLONE_CONFIG_R2_ACCESS_KEY_ID: "ACCESSKEY1",
    RCLONE_CONFIG_R2_SECRET_ACCESS_KEY: "PLANTED-S3-SECRET",
    RCLONE_CONFIG_R2_NO_CHECK_BUCKET: "true",
    RCLONE_CONFIG_R2_ENDPOINT: await s3.listen(),
  });
});
afterEach(() => s3.close());

it("is made, written to again and restored from with nothing but puts, reads and listings", async () => {
  const first = await host.backup();
  expect(first.code, first.stderr).toBe(0);
  writeFileSync(at("opt/uploads/new"), "new");
  const second = await host.backup();
  expect(second.code, second.stderr).toBe(0);
  expect([...s3.objects.keys()].filter((key) => key.includes("/locks/"))).toEqual([]);
  expect(s3.requests.filter((request) => request.startsWith("DELETE") && !request.includes("/locks/"))).toEqual([]);
  expect(s3.requests.filter((request) => /^(PUT|HEAD|DELETE) \/archive\/?$/.test(request))).toEqual([]);
  const restore = await host.restore(["--into", at("restored")]);
  expect(restore.code, restore.stderr).toBe(0);
  expect(listing(join(at("restored"), uploads()))).toBe(listing(uploads()));
});

it("that does not answer, or refuses the key, gets no second repository: the copy fails by name", async () => {
  expect((await host.backup()).code).toBe(0);
  const before = [...s3.objects.keys()];
  host.writeEnv({ RCLONE_CONFIG_R2_ACCESS_KEY_ID: "OTHERKEY" });
  expectFailure(await host.backup(), 22, "copy-failed", /copy r2 cannot be listed: .*InvalidAccessKeyId/);
  expect([...s3.objects.keys()]).toEqual(before);
  s3.close();
  expectFailure(await host.backup(), 22, "copy-failed", /copy r2 cannot be listed: .*connection refused/);
});
