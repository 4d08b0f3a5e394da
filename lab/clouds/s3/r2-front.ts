import type { IncomingMessage, ServerResponse } from "node:http";
import { readAll } from "../api.js";
import type { BucketRecord, LockRule } from "../cloudflare/r2.js";
import { isLocked } from "./locks.js";
import type { Minio } from "./minio.js";
import { ask, forward, invite } from "./proxy.js";
import { type Target, tidyKey } from "./target.js";
import { keysToDelete, sendError, sendXml } from "./xml.js";

// What R2's list of S3 calls marks as missing (developers.cloudflare.com/r2/api/s3/api), by the query that selects it.
const missing = [
  "accelerate",
  "acl",
  "analytics",
  "intelligent-tiering",
  "inventory",
  "legal-hold",
  "logging",
  "metrics",
  "notification",
  "object-lock",
  "ownershipControls",
  "policy",
  "policyStatus",
  "publicAccessBlock",
  "replication",
  "requestPayment",
  "restore",
  "retention",
  "select",
  "tagging",
  "torrent",
  "versionId",
  "versioning",
  "versions",
  "website",
];
const maxDeleteBody = 2 << 20; // 1000 keys of 1 KiB and their tags

/** One S3 request to R2: what R2 does not have is refused, what a lock holds is refused, the rest goes through. */
export async function serveR2(
  target: Target,
  bucket: BucketRecord | undefined,
  server: Minio,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const unsupported = unsupportedIn(target, request);
  if (unsupported !== undefined) {
    request.resume();
    return sendError(response, 501, "NotImplemented", `${unsupported} not implemented`);
  }
  if (target.bucket !== "" && bucket?.jurisdiction !== target.jurisdiction) {
    request.resume();
    return sendError(response, 404, "NoSuchBucket", "The specified bucket does not exist.");
  }
  const lock = bucket?.lock ?? [];
  if (request.method === "POST" && target.query.has("delete"))
    return multiDelete(target, lock, server, request, response);
  if (replaces(request.method, target) && (await isLocked(server, target.bucket, target.key, lock))) {
    request.resume();
    return refuseLocked(response);
  }
  forward(request, response, server.port);
}

function unsupportedIn(target: Target, request: IncomingMessage): string | undefined {
  const { headers, method } = request;
  const query = missing.find((name) => target.query.has(name));
  if (query !== undefined) return `Query parameter '${query}'`;
  const header = Object.keys(headers).find((name) =>
    /^x-amz-(object-lock-|bucket-object-lock|bypass-governance)/.test(name),
  );
  if (header !== undefined) return `Header '${header}'`;
  const acl = headers["x-amz-acl"];
  if (acl !== undefined && acl !== "private") return `Header 'x-amz-acl' with value '${String(acl)}'`;
  // A browser's form upload would write a key that only its body names.
  return method === "POST" && target.key === "" && !target.query.has("delete") ? "POST upload" : undefined;
}

/** Whether the call would overwrite or delete the object: parts and aborted uploads do not touch it. */
function replaces(method: string | undefined, { key, query }: Target): boolean {
  if (key === "") return false;
  if (method === "POST") return query.has("uploadId"); // CompleteMultipartUpload
  return (method === "PUT" || method === "DELETE") && !query.has("uploadId");
}

/** One locked key refuses the whole request: its body is signed, so no part of it can be taken out. */
async function multiDelete(
  target: Target,
  lock: LockRule[],
  server: Minio,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  invite(request, response);
  const body = await readAll(request, maxDeleteBody);
  const keys = keysToDelete(body.toString("utf8"));
  const chunked = String(request.headers["x-amz-content-sha256"]).startsWith("STREAMING");
  if (!keys || chunked) return sendError(response, 400, "MalformedXML", "the lab cannot read the keys of this request");
  for (const key of keys) if (await isLocked(server, target.bucket, tidyKey(key), lock)) return refuseLocked(response);
  const answer = await ask(request, body, server.port);
  sendXml(response, answer.status, answer.body.toString("utf8"));
}

/**
 * Code and status as in Cloudflare's table (developers.cloudflare.com/r2/api/error-codes, 10069), the message as
 * users of the S3 API report it; some of them saw status 409 with it in May 2026, so clients must go by the code.
 */
function refuseLocked(response: ServerResponse): void {
  sendError(response, 403, "ObjectLockedByBucketPolicy", "The object is locked by the bucket policy.");
}
