/**
 * The replica of Spaces in another region, and of a bucket of uploads in another cloud: filled, then attacked at the source
 * with the very key that the host holds, and filled again.
 */
import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";
import type { Check } from "../shop/content.js";
import { ACCOUNT, type World } from "../world.js";
import type { ShopServer } from "./shop-server.js";

const SOURCE = { at: "fra1.spaces", bucket: "kolonell-backups" };
const TARGET = { at: "ams3.spaces", bucket: "kolonell-backups-replica" };
const IMAGES = { at: "fra1.spaces", bucket: "kolonell-images" };
const IMAGES_COPY = { at: `${ACCOUNT}.r2`, bucket: "kolonell-images-copy" };
type Bucket = typeof SOURCE;

/** What is in a bucket: MD5, or the hash of parts, by key. Records of runs are left out. */
type Listing = Map<string, string>;

/** The story: filled, attacked, filled again. The source is left as it was before. */
export async function rehearseReplica(world: World, server: ShopServer): Promise<Check[]> {
  const write = await keyOf(server, "replica-spaces", "REPLICA");
  const filled = await fill(server, "replica-spaces");
  const before = await list(world, write, TARGET);
  const source = await list(world, await keyOf(server, "orders", "SPACES"), SOURCE);
  const lacking = [...source.keys()].filter((key) => isBackup(key) && !before.has(key));
  const checks = [
    check("the replica's first run", "0", filled),
    check("backups that the replica lacks", "none", lacking.slice(0, 5).join(" ") || "none"),
    check("the replica holds manifests and the log", true, holds(before, /^daily\/.*json$/) && holds(before, /^wal\//)),
    ...(await readerRefused(world, server)),
  ];
  return [...checks, ...(await attack(world, server, before)), ...(await uploads(world, server))];
}

/** With the key that a host's jobs have, everything at the source of one job is deleted or overwritten. */
async function attack(world: World, server: ShopServer, before: Listing): Promise<Check[]> {
  const thief = await keyOf(server, "orders", "SPACES");
  const write = await keyOf(server, "replica-spaces", "REPLICA");
  const target = { ...SOURCE, prefix: "daily/shop/configs/" };
  const victims = [...(await list(world, thief, target, target.prefix)).keys()];
  const saved = await Promise.all(victims.map((key) => body(world, thief, SOURCE, key)));
  for (const [i, key] of victims.entries())
    await call(world, thief, SOURCE, key, i === 0 ? { method: "PUT", body: "ransom" } : { method: "DELETE" });
  const code = await fill(server, "replica-spaces");
  const after = await list(world, write, TARGET);
  const lost = [...before].filter(([key, hash]) => after.get(key) !== hash).map(([key]) => key);
  const kept = await Promise.all(victims.map((key) => body(world, write, TARGET, key)));
  for (const [i, key] of victims.entries()) await call(world, thief, SOURCE, key, { method: "PUT", body: saved[i]! });
  return [
    check("objects the thief took at the source", true, victims.length > 1),
    check("a run after an attack at the source ends with", "51", code),
    check("objects the replica lost with it", "none", lost.slice(0, 5).join(" ") || "none"),
    check("what the thief took, as the replica has it", digest(saved), digest(kept)),
    check("a run after the source was put right", "0", await fill(server, "replica-spaces")),
  ];
}

/** The key that the replica's host reads the source with. */
async function readerRefused(world: World, server: ShopServer): Promise<Check[]> {
  const read = await keyOf(server, "replica-spaces", "SPACES");
  const [key] = (await list(world, read, SOURCE)).keys();
  const put = await call(world, read, SOURCE, "thief", { method: "PUT", body: "x" });
  const remove = await call(world, read, SOURCE, key!, { method: "DELETE" });
  return [
    check("the reader's key writes to the source", 403, put.status),
    check("the reader's key deletes at the source", 403, remove.status),
  ];
}

/** The shop changes one image and deletes another; the copy in the other cloud keeps all three. */
async function uploads(world: World, server: ShopServer): Promise<Check[]> {
  const { accessId, secretKey } = world.secrets.spaces;
  const shop = { accessKeyId: accessId, secretAccessKey: secretKey };
  const job = "uploads-images";
  const put = (key: string, text: string) => call(world, shop, IMAGES, key, { method: "PUT", body: text });
  await put("logo.svg", "first");
  await put("old.svg", "old");
  const codes = [await fill(server, job)];
  await put("logo.svg", "second");
  await call(world, shop, IMAGES, "old.svg", { method: "DELETE" });
  codes.push(await fill(server, job));
  const reader = await keyOf(server, job, "REPLICA");
  const names = [...(await list(world, reader, IMAGES_COPY)).keys()].filter((key) => !key.includes("/replication/"));
  const texts = await Promise.all(names.map((key) => body(world, reader, IMAGES_COPY, key)));
  const gone = await call(world, reader, IMAGES_COPY, "old.svg", { method: "DELETE" });
  return [
    check("runs of the uploads' replica", "0 0", codes.join(" ")),
    check("versions of uploads in the other cloud", "first old second", texts.map(String).sort().join(" ")),
    check("the lock on the uploads' replica", 403, gone.status),
  ];
}

/** Runs the timer's own service. @returns its exit code, and if it is no success what the run said of it */
async function fill(server: ShopServer, job: string): Promise<string> {
  const service = `granary@${job}.service`;
  const code = await server.run(
    `systemctl start ${service} >/dev/null 2>&1 || true; systemctl show -P ExecMainStatus ${service}`,
  );
  if (["0", "51"].includes(code.trim())) return code.trim();
  return `${code.trim()}: ${await server.run(`journalctl -u ${service} -n 5 -o cat`)}`;
}

interface Key {
  accessKeyId: string;
  secretAccessKey: string;
}

/** A key as a thief who is root reads it from a job's settings. */
async function keyOf(server: ShopServer, job: string, remote: string): Promise<Key> {
  const text = await server.run(`cat /etc/granary/${job}.env`);
  const value = (name: string) => new RegExp(`^RCLONE_CONFIG_${remote}_${name}=(.*)$`, "m").exec(text)?.[1] ?? "";
  return { accessKeyId: value("ACCESS_KEY_ID"), secretAccessKey: value("SECRET_ACCESS_KEY") };
}

function call(world: World, key: Key, { at, bucket }: Bucket, path: string, init: RequestInit = {}): Promise<Response> {
  const region = at.endsWith("r2") ? "auto" : at.split(".")[0]!;
  const client = new AwsClient({ ...key, service: "s3", region, retries: 0 });
  return client.fetch(`${world.clouds.url(at)}/${bucket}/${path}`, init);
}

async function body(world: World, key: Key, bucket: Bucket, path: string): Promise<Buffer> {
  return Buffer.from(await (await call(world, key, bucket, path)).arrayBuffer());
}

/** A listing shows a thousand keys at most. */
async function list(world: World, key: Key, bucket: Bucket, prefix = ""): Promise<Listing> {
  const found: Listing = new Map();
  for (let token: string | undefined = ""; token !== undefined;) {
    const more = token === "" ? "" : `&continuation-token=${encodeURIComponent(token)}`;
    const text: string = await (await call(world, key, bucket, `?list-type=2&prefix=${prefix}${more}`)).text();
    for (const [, name, hash] of text.matchAll(/<Contents>.*?<Key>(.*?)<\/Key>.*?<ETag>(.*?)<\/ETag>/gs))
      if (!name!.startsWith("replication/")) found.set(name!, hash!);
    token = /<NextContinuationToken>(.*?)</.exec(text)?.[1];
  }
  return found;
}

/** The log goes on while the replica is filled: what came since is for the next run. */
const isBackup = (key: string) =>
  /^(daily|monthly|annual|base)\//.test(key) || /^files\/.*\/(data|snapshots)\//.test(key);
const holds = (listing: Listing, pattern: RegExp) => [...listing.keys()].some((key) => pattern.test(key));
const digest = (parts: Buffer[]) => createHash("sha256").update(Buffer.concat(parts)).digest("hex").slice(0, 16);

function check(name: string, expected: unknown, actual: unknown): Check {
  return { name, ok: expected === actual, expected: String(expected), actual: String(actual) };
}
