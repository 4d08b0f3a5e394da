import { createHash } from "node:crypto";
import type { AwsClient } from "aws4fetch";
import type { Contents, Vault } from "./damage.js";

/** One object, or one version of it, in a listing. */
interface Listed {
  key: string;
  /** Of a versioned bucket only. */
  version?: string;
  latest: boolean;
}

const unescape = (text: string): string =>
  text.replace(
    /&(amp|lt|gt|quot|#39);/g,
    (_, name: string) => ({ amp: "&", lt: "<", gt: ">", quot: '"' })[name] ?? "'",
  );

const field = (text: string, name: string): string =>
  unescape(new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? "");

/** Encodes a key for a path. */
export const path = (key: string): string => key.split("/").map(encodeURIComponent).join("/");

/** Every version of every object that starts with `prefix`, delete markers left out unless asked for. */
export async function listVersions(keys: AwsClient, bucket: string, prefix = "", markers = false): Promise<Listed[]> {
  const found: Listed[] = [];
  let marker = "";
  do {
    const answer = await keys.fetch(`${bucket}?versions=&prefix=${encodeURIComponent(prefix)}${marker}`);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`listing versions answered ${answer.status}: ${field(text, "Code")}`);
    for (const [, kind, entry] of text.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs))
      if (kind === "Version" || markers)
        found.push({
          key: field(entry!, "Key"),
          version: field(entry!, "VersionId"),
          latest: kind === "Version" && field(entry!, "IsLatest") === "true",
        });
    marker = `&key-marker=${encodeURIComponent(field(text, "NextKeyMarker"))}&version-id-marker=${field(text, "NextVersionIdMarker")}`;
    if (field(text, "IsTruncated") !== "true") return found;
  } while (marker !== "");
  return found;
}

/** Every object that starts with `prefix`. */
export async function listObjects(keys: AwsClient, bucket: string, prefix = ""): Promise<Listed[]> {
  const found: Listed[] = [];
  let token = "";
  do {
    const more = token === "" ? "" : `&continuation-token=${encodeURIComponent(token)}`;
    const answer = await keys.fetch(`${bucket}?list-type=2&prefix=${encodeURIComponent(prefix)}${more}`);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`listing answered ${answer.status}: ${field(text, "Code")}`);
    for (const [, entry] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs))
      found.push({ key: field(entry!, "Key"), latest: true });
    token = field(text, "NextContinuationToken");
  } while (token !== "");
  return found;
}

/** A bucket as its owner sees it. `bucket` is its URL. */
export function s3Vault(keys: AwsClient, bucket: string, versioned: boolean): Vault {
  const get = async ({ key, version }: { key: string; version?: string }): Promise<Buffer<ArrayBuffer>> => {
    const answer = await keys.fetch(`${bucket}/${path(key)}${version === undefined ? "" : `?versionId=${version}`}`);
    if (!answer.ok) throw new Error(`${key} answered ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  };
  const list = (): Promise<Listed[]> => (versioned ? listVersions : listObjects)(keys, bucket);
  return {
    backBy: versioned ? "versions" : "nothing",
    read: async (key) => (await get({ key })).toString(),
    close: () => Promise.resolve(),
    look: async () => {
      const contents: Contents = { now: new Map(), kept: new Map() };
      for (const one of await list()) {
        const hash = sha256(await get(one));
        if (one.latest) contents.now.set(one.key, hash);
        else contents.kept.set(one.key, (contents.kept.get(one.key) ?? new Set()).add(hash));
      }
      return contents;
    },
    /** An older version is written again: it becomes the newest. */
    repair: async (wanted) => {
      for (const one of await list()) {
        if (one.latest || !wanted.has(one.key)) continue;
        const body = await get(one);
        if (sha256(body) === wanted.get(one.key))
          await keys.fetch(`${bucket}/${path(one.key)}`, { method: "PUT", body });
      }
    },
  };
}

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
