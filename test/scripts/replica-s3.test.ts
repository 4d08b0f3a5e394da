/** Replicas between real S3 servers, with keys as the program asks for them and settings as the program writes them. */
import { execFile } from "node:child_process";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jobEnv } from "../../plan/job-env.js";
import { parseSettings } from "../../settings/parse.js";
import { accountId, api, refusal, rootKey, s3, startLab, type S3Key, type TestLab } from "../lab/clouds/lab.js";
import { example } from "../settings/example.js";
import { expectFailed } from "./failed.js";
import { Host, type Result } from "./harness.js";

const execute = promisify(execFile);
const MACHINE = "203.0.113.10";
const SOURCE = "fra1.spaces.lab";
const TARGET = "ams3.spaces.lab";
const R2 = `${accountId}.r2.lab`;

let lab: TestLab;
let proxy: Server;
let host: Host;

/** Stands for the lab's name service: whatever a client asks for goes to the clouds, under the name it asked for. */
async function startProxy(): Promise<Server> {
  const server = createServer((asked, answer) => {
    const url = new URL(asked.url ?? "/");
    const { address } = lab.clouds;
    const path = asked.url!.slice(url.origin.length);
    const to = request({ ...address, method: asked.method, path, headers: asked.headers }, (from) => {
      answer.writeHead(from.statusCode ?? 502, from.headers);
      from.pipe(answer);
    });
    to.on("error", () => answer.destroy());
    asked.pipe(to);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

beforeAll(async () => {
  lab = await startLab();
  proxy = await startProxy();
  const port = String((proxy.address() as AddressInfo).port);
  host = new (class extends Host {
    override get processEnv(): Record<string, string> {
      return { ...super.processEnv, http_proxy: `http://127.0.0.1:${port}` };
    }
  })({ dir: "/nonexistent" });
}, 60_000);
afterAll(async () => {
  host.close();
  proxy.close();
  proxy.closeAllConnections();
  await lab.end();
});

async function spacesKey(bucket: string, permission: string): Promise<S3Key> {
  const grants = [{ bucket, permission }];
  const { body } = await api(lab.clouds, "digitalocean", "POST", "/v2/spaces/keys", { name: "k", grants });
  const { key } = body as unknown as { key: { access_key: string; secret_key: string } };
  return { accessKeyId: key.access_key, secretAccessKey: key.secret_key };
}

const ACCOUNT_API = `/client/v4/accounts/${accountId}`;

async function r2Key(bucket: string, group: "Read" | "Write"): Promise<S3Key> {
  const groups = await api(lab.clouds, "cloudflare", "GET", `${ACCOUNT_API}/tokens/permission_groups`);
  const { id } = (groups.body!["result"] as unknown as { id: string; name: string }[]).find(({ name }) =>
    name.endsWith(group),
  )!;
  const { body } = await api(lab.clouds, "cloudflare", "POST", `${ACCOUNT_API}/tokens`, {
    name: "k",
    policies: [
      {
        effect: "allow",
        permission_groups: [{ id }],
        resources: { [`com.cloudflare.edge.r2.bucket.${accountId}_default_${bucket}`]: "*" },
      },
    ],
  });
  const token = body!["result"] as unknown as { id: string; value: string };
  return { accessKeyId: token.id, secretAccessKey: createHash("sha256").update(token.value).digest("hex") };
}

const access = (key: S3Key) => ({ kind: "s3" as const, ...key });

function settings() {
  const raw = example();
  const r2Endpoint = `http://${R2}`;
  return parseSettings({
    ...raw,
    copies: {
      ...raw.copies,
      spaces: {
        ...{ ...raw.copies.spaces, endpoint: `http://${SOURCE}` },
        replica: { region: "ams3", endpoint: `http://${TARGET}` },
      },
      r2: { ...raw.copies.r2, accountId, endpoint: r2Endpoint, replica: { location: "eeur" } },
    },
    uploads: {
      images: {
        ...{ kind: "spaces", region: "fra1", bucket: "images", endpoint: `http://${SOURCE}` },
        replica: { kind: "r2", accountId, bucket: "images-copy", endpoint: r2Endpoint },
      },
    },
  });
}

/** The job's settings as the program writes them. */
function install(job: string, from: string, source: S3Key, target: S3Key): void {
  const keys = { [from]: access(source), replica: access(target) };
  const text = jobEnv({ settings: settings(), host: "shop", job, machine: MACHINE, access: keys });
  writeFileSync(join(host.root, `etc/granary/${job}.env`), text, { mode: 0o600 });
}

const run = (job: string): Promise<Result> => host.run("granary-backup", [job]);
const call = (key: S3Key, method: string, at: string, path: string, body = "") =>
  s3(lab.clouds, key, method, at, path, body);

async function keys(key: S3Key, at: string, bucket: string): Promise<string[]> {
  const { text } = await call(key, "GET", at, `/${bucket}?list-type=2`);
  return [...text.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, name]) => name!).sort();
}

const STAMP = `${new Date(Date.now() - 6 * 3600_000).toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
const DUMP = `daily/shop/orders/${STAMP}.dump.zst.age`;
const MANIFEST = `daily/shop/orders/${STAMP}.json`;
const PACK = "files/shop/media/data/ab/abcd";
const sha256 = createHash("sha256").update("sealed").digest("hex");
const manifest = JSON.stringify({
  artifacts: [{ name: `${STAMP}.dump.zst.age`, encrypted: { sha256, bytes: 6 } }],
});

async function backUp(key: S3Key, at: string, bucket: string): Promise<void> {
  for (const [name, body] of [
    [DUMP, "sealed"],
    [MANIFEST, manifest],
    [PACK, "pack"],
  ] as const)
    expect((await call(key, "PUT", at, `/${bucket}/${name}`, body)).status).toBe(200);
}

describe("Spaces in two regions", () => {
  const [bucket, copy] = ["kolonell-backups", "kolonell-backups-replica"];
  let owner: S3Key;
  let read: S3Key;
  let write: S3Key;

  beforeAll(async () => {
    await call(rootKey, "PUT", SOURCE, `/${bucket}`);
    await call(rootKey, "PUT", TARGET, `/${copy}`);
    owner = await spacesKey(bucket, "readwrite");
    read = await spacesKey(bucket, "read");
    write = await spacesKey(copy, "readwrite");
    install("replica-spaces", "spaces", read, write);
    await backUp(owner, SOURCE, bucket);
  });

  it("are equal after a run, and its record says so", async () => {
    const result = await run("replica-spaces");
    expect(result.code, result.stderr).toBe(0);
    const [record, ...held] = (await keys(write, TARGET, copy)).sort((a, b) => b.localeCompare(a));
    expect(record).toMatch(/^replication\/spaces\/\d{8}T\d{6}Z\.json$/);
    expect(held.sort()).toEqual([DUMP, MANIFEST, PACK].sort());
    expect(JSON.parse((await call(write, "GET", TARGET, `/${copy}/${record}`)).text)).toMatchObject({
      ...{ from: "spaces", to: "replica", copied: 3, missing: 0, lagSeconds: 0 },
      newestReplica: { "shop/orders": STAMP },
    });
  });

  it("give the reader's key no way to write to the source, and none of the two to the other bucket", async () => {
    expect(refusal(await call(read, "PUT", SOURCE, `/${bucket}/x`, "x"))).toEqual([403, "AccessDenied"]);
    expect(refusal(await call(read, "DELETE", SOURCE, `/${bucket}/${DUMP}`))).toEqual([403, "AccessDenied"]);
    expect(refusal(await call(read, "GET", TARGET, `/${copy}/${DUMP}`))).toEqual([403, "AccessDenied"]);
    expect(refusal(await call(write, "GET", SOURCE, `/${bucket}/${DUMP}`))).toEqual([403, "AccessDenied"]);
    expect(refusal(await call(owner, "DELETE", TARGET, `/${copy}/${DUMP}`))).toEqual([403, "AccessDenied"]);
  });

  it("an object sent in parts has no hash: it is copied, and not taken for a changed one", async () => {
    const big = join(host.root, "big");
    writeFileSync(big, "x".repeat(6 << 20));
    const key = "wal/shop/orders/77-15/big.zst.age";
    host.fake("rclone", `exec "$REAL" --s3-upload-cutoff 5M "$@"`);
    const args = `source "$0"/env.sh; source "$0"/copies.sh; declare -A CONF=(); env_parse "$1"; CONF[RCLONE_CONFIG_SPACES_ACCESS_KEY_ID]=$2
      CONF[RCLONE_CONFIG_SPACES_SECRET_ACCESS_KEY]=$3; copy_rclone spaces --s3-upload-cutoff 5M copyto "$4" "spaces:$5"`;
    const lib = join(import.meta.dirname, "../../scripts/lib");
    const env = join(host.root, "etc/granary/replica-spaces.env");
    const put = ["-c", args, lib, env, owner.accessKeyId, owner.secretAccessKey, big, `${bucket}/${key}`];
    await execute("bash", put, { env: host.processEnv });
    const head = await call(owner, "HEAD", SOURCE, `/${bucket}/${key}`);
    expect(head.headers["etag"]).toMatch(/-\d"$/);
    for (let again = 0; again < 2; again++) {
      const result = await run("replica-spaces");
      expect(result.code, result.stderr).toBe(0);
    }
    expect((await call(write, "GET", TARGET, `/${copy}/${key}`)).text).toBe(readFileSync(big, "utf8"));
    host.unfake("rclone");
  });

  it("keep everything when the key of a host deletes and overwrites at the source", async () => {
    await call(owner, "DELETE", SOURCE, `/${bucket}/${MANIFEST}`);
    await call(owner, "PUT", SOURCE, `/${bucket}/${DUMP}`, "ransom");
    await call(owner, "DELETE", SOURCE, `/${bucket}/${PACK}`);
    const before = (await keys(write, TARGET, copy)).filter((key) => !key.startsWith("replication/"));
    expectFailed(await run("replica-spaces"), 51, "source-changed", "1 objects have another content");
    const after = (await keys(write, TARGET, copy)).filter((key) => !key.startsWith("replication/"));
    expect(after).toEqual(before);
    for (const [key, text] of [
      [DUMP, "sealed"],
      [MANIFEST, manifest],
      [PACK, "pack"],
    ])
      expect((await call(write, "GET", TARGET, `/${copy}/${key}`)).text).toBe(text);
  });
});

/** A bucket at R2 with a lock of 30 days on everything below the prefixes. */
async function r2Bucket(name: string, prefixes: string[]): Promise<void> {
  await api(lab.clouds, "cloudflare", "POST", `${ACCOUNT_API}/r2/buckets`, { name });
  const condition = { type: "Age", maxAgeSeconds: 30 * 86_400 };
  const rules = prefixes.map((prefix) => ({ id: `lock ${prefix}`, enabled: true, prefix, condition }));
  const answer = await api(lab.clouds, "cloudflare", "PUT", `${ACCOUNT_API}/r2/buckets/${name}/lock`, { rules });
  expect(answer.status).toBe(200);
}

describe("two locked buckets at R2", () => {
  it("are equal after a run, whose keys can neither write to the source nor take away from the replica", async () => {
    const [bucket, copy] = ["kolonell-archive", "kolonell-archive-replica"];
    for (const name of [bucket, copy]) await r2Bucket(name, ["daily/", "files/shop/media/data/"]);
    const [read, write] = [await r2Key(bucket, "Read"), await r2Key(copy, "Write")];
    install("replica-r2", "r2", read, write);
    await backUp(await r2Key(bucket, "Write"), R2, bucket);
    for (let again = 0; again < 2; again++) {
      const result = await run("replica-r2");
      expect(result.code, result.stderr).toBe(0);
    }
    const held = (await keys(write, R2, copy)).filter((key) => !key.startsWith("replication/"));
    expect(held).toEqual([DUMP, MANIFEST, PACK].sort());
    expect(refusal(await call(read, "PUT", R2, `/${bucket}/x`, "x"))).toEqual([403, "AccessDenied"]);
    const locked = [403, "ObjectLockedByBucketPolicy"];
    expect(refusal(await call(write, "DELETE", R2, `/${copy}/${DUMP}`))).toEqual(locked);
    expect(refusal(await call(write, "PUT", R2, `/${copy}/${PACK}`, "x"))).toEqual(locked);
  });
});

describe("uploads at Spaces with a locked replica at R2", () => {
  it("keep their first version and each later one, with their type", async () => {
    await call(rootKey, "PUT", SOURCE, "/images");
    await r2Bucket("images-copy", [""]);
    const shop = await spacesKey("images", "readwrite");
    install("uploads-images", "images", await spacesKey("images", "read"), await r2Key("images-copy", "Write"));
    const reader = await r2Key("images-copy", "Read");
    const put = (body: string) =>
      s3(lab.clouds, shop, "PUT", SOURCE, "/images/logo.svg", body, {
        "content-type": "image/svg+xml",
        "cache-control": "max-age=60",
      });
    await put("first");
    expect((await run("uploads-images")).code).toBe(0);
    await put("second");
    for (let again = 0; again < 2; again++) {
      const result = await run("uploads-images");
      expect(result.code, result.stderr).toBe(0);
    }
    const held = (await keys(reader, R2, "images-copy")).filter((key) => !key.includes("/replication/"));
    expect(held).toEqual([expect.stringMatching(/^\.granary\/changed\/\w+\/logo\.svg$/), "logo.svg"]);
    const [second, first] = await Promise.all(held.map((key) => call(reader, "GET", R2, `/images-copy/${key}`)));
    expect([first!.text, second!.text]).toEqual(["first", "second"]);
    expect(first!.headers).toMatchObject({ "content-type": "image/svg+xml", "cache-control": "max-age=60" });
  });
});
