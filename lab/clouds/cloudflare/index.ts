import { randomBytes } from "node:crypto";
import type { Vendor } from "../api.js";
import { ApiError, Router } from "../router.js";
import type { S3Users } from "../s3/users.js";
import { now, type Store } from "../store.js";
import type { CloudsOptions } from "../types.js";
import { refused } from "./common.js";
import { dnsRoutes } from "./dns.js";
import { type BucketServer, r2Routes } from "./r2.js";
import type { CloudflareState } from "./state.js";
import { tokenRoutes } from "./tokens.js";

export function freshCloudflare(): CloudflareState {
  return { buckets: {}, tokens: {}, zones: {}, dns: {}, r2RootSecret: randomBytes(24).toString("hex") };
}

/** The Cloudflare API, as far as R2, account tokens and DNS records go. */
export function cloudflare(options: CloudsOptions, store: Store, users: S3Users, server: BucketServer): Vendor {
  const { zones } = store.state.cloudflare;
  for (const name of options.cloudflare.zones) zones[name] ??= { id: randomBytes(16).toString("hex"), created: now() };
  const account = { id: options.cloudflare.accountId, store };
  const router = new Router();
  r2Routes(router, account, server);
  tokenRoutes(router, account, users);
  dnsRoutes(router, account);
  return {
    name: "cloudflare",
    router,
    token: options.token,
    unauthorized: new ApiError(403, "10000", "Authentication error"),
    errorBody: refused,
    unknown: (method, path) =>
      new ApiError(404, "7003", `Could not route to ${method} ${path}: the lab does not have it`),
    invalid: (problem) => new ApiError(400, "10040", problem),
  };
}
