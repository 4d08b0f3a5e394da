import { posix } from "node:path";

/** What an S3 request is about, from its Host header and its path. */
export interface Target {
  vendor: "spaces" | "r2";
  /** The server that answers: a Spaces region's slug, or `r2`. */
  server: string;
  /** R2's jurisdiction; `default` for Spaces. */
  jurisdiction: string;
  bucket: string;
  /** Decoded, tidied the way MinIO tidies it; empty for the bucket itself. */
  key: string;
  query: URLSearchParams;
}

const regions = ["ams3", "atl1", "blr1", "fra1", "lon1", "nyc3", "sfo2", "sfo3", "sgp1", "syd1", "tor1"];

/** Undefined when the host is none of the lab's S3 hosts. Both styles: `bucket.host/key` and `host/bucket/key`. */
export function parseTarget(host: string, url: string, lab: { domain: string; accountId: string }): Target | undefined {
  const place = parseHost(host.replace(/:\d+$/, "").toLowerCase(), lab);
  if (!place) return undefined;
  const [path = "", search = ""] = splitOnce(url, "?");
  const decoded = decode(path).slice(1);
  const [bucket, key] = place.bucket === undefined ? splitOnce(decoded, "/") : [place.bucket, decoded];
  return { ...place, bucket, key: tidyKey(key), query: new URLSearchParams(search) };
}

function parseHost(host: string, { domain, accountId }: { domain: string; accountId: string }) {
  const spaces = new RegExp(`^(?:(.+)\\.)?(${regions.join("|")})\\.spaces\\.${escape(domain)}$`).exec(host);
  if (spaces) return { vendor: "spaces" as const, server: spaces[2] ?? "", jurisdiction: "default", bucket: spaces[1] };
  const r2 = new RegExp(`^(?:(.+)\\.)?${escape(accountId)}(?:\\.(eu|fedramp|us))?\\.r2\\.${escape(domain)}$`).exec(
    host,
  );
  if (r2) return { vendor: "r2" as const, server: "r2", jurisdiction: r2[2] ?? "default", bucket: r2[1] };
  return undefined;
}

/** MinIO drops leading slashes and tidies the rest of such a key: a lock on `a/` must hold for `//a/b` too. */
export function tidyKey(key: string): string {
  return key.startsWith("/") ? posix.normalize(key).replace(/^\/+/, "") : key;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // not UTF-8: MinIO refuses it
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
