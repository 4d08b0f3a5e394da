import { AwsClient } from "aws4fetch";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { ACCOUNT, type World } from "../world.js";

const R2_BUCKETS = ["kolonell-archive", "kolonell-images-copy"];
const SPACES_BUCKETS = [
  { region: "fra1.spaces", path: "/kolonell-backups" },
  { region: "fra1.spaces", path: "/kolonell-images" },
  { region: "ams3.spaces", path: "/kolonell-backups-replica" },
];

/**
 * Destroys the stack for good. What must never go by accident is protected three times over, so each is lifted by name:
 * Pulumi's protection, the bucket lock (with the account's own credentials, which no host has), and the buckets' content.
 */
export async function destroyEverything(stack: Stack, world: World): Promise<void> {
  await unprotect(stack);
  for (const bucket of R2_BUCKETS) await cloudflare(world, "PUT", `/r2/buckets/${bucket}/lock`, { rules: [] });
  const keys = new AwsClient({
    accessKeyId: world.secrets.spaces.accessId,
    secretAccessKey: world.secrets.spaces.secretKey,
    service: "s3",
    region: "fra1",
  });
  for (const bucket of SPACES_BUCKETS) await emptyVersions(keys, world.clouds.url(bucket.region) + bucket.path);
  for (const bucket of R2_BUCKETS) await emptyR2(world, bucket);
  await stack.destroy();
}

async function unprotect(stack: Stack): Promise<void> {
  const exported = await stack.exportStack();
  const deployment = exported.deployment as { resources: { protect?: boolean }[] };
  for (const resource of deployment.resources) delete resource.protect;
  await stack.importStack(exported);
}

async function cloudflare(world: World, method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${world.clouds.url("api.cloudflare")}/client/v4/accounts/${ACCOUNT}${path}`, {
    method,
    headers: { authorization: `Bearer ${world.secrets.token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`cloudflare ${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Every version and delete marker of a versioned bucket; a listing shows a thousand at most. */
async function emptyVersions(keys: AwsClient, bucket: string): Promise<void> {
  for (;;) {
    const listing = await (await keys.fetch(`${bucket}?versions=`)).text();
    const entries = [
      ...listing.matchAll(/<(?:Version|DeleteMarker)>.*?<Key>(.*?)<\/Key>.*?<VersionId>(.*?)<\/VersionId>/gs),
    ];
    if (entries.length === 0) return;
    await removeAll(
      keys,
      entries.map(([, key, version]) => `${bucket}/${key}?versionId=${version}`),
    );
  }
}

/** Every object of a bucket without versions. */
async function emptyObjects(keys: AwsClient, bucket: string): Promise<void> {
  for (;;) {
    const listing = await (await keys.fetch(`${bucket}?list-type=2`)).text();
    const objects = [...listing.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => `${bucket}/${key}`);
    if (objects.length === 0) return;
    await removeAll(keys, objects);
  }
}

/** @throws Error at the first refusal, or a listing that never gets shorter would be asked for ever */
async function removeAll(keys: AwsClient, urls: string[]): Promise<void> {
  const queue = [...urls];
  const remove = async (): Promise<void> => {
    for (let url = queue.pop(); url !== undefined; url = queue.pop()) {
      const response = await keys.fetch(url, { method: "DELETE" });
      if (!response.ok) throw new Error(`DELETE ${url}: ${response.status} ${await response.text()}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, remove));
}

/** R2 has no root key: a token made for the purpose empties the bucket and is deleted again. */
async function emptyR2(world: World, bucket: string): Promise<void> {
  const groups = (await cloudflare(world, "GET", "/tokens/permission_groups")) as {
    result: { id: string; name: string }[];
  };
  const group = groups.result.find(({ name }) => name === "Workers R2 Storage Bucket Item Write")!;
  const token = (await cloudflare(world, "POST", "/tokens", {
    name: `empty ${bucket}`,
    policies: [
      {
        effect: "allow",
        permission_groups: [{ id: group.id }],
        resources: { [`com.cloudflare.edge.r2.bucket.${ACCOUNT}_default_${bucket}`]: "*" },
      },
    ],
  })) as { result: { id: string; value: string } };
  const keys = new AwsClient({
    accessKeyId: token.result.id,
    secretAccessKey: await sha256(token.result.value),
    service: "s3",
    region: "auto",
  });
  await emptyObjects(keys, `${world.clouds.url(`${ACCOUNT}.r2`)}/${bucket}`);
  await cloudflare(world, "DELETE", `/tokens/${token.result.id}`);
}

async function sha256(text: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(text))).toString("hex");
}
