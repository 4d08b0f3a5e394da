/** The stand-in for `@pulumi/cloudflare`: R2, account tokens and DNS, with the official plugin's HTTP calls. */
import type { Plugin } from "../shared/provider.js";
import { string } from "../shared/schema.js";
import { accountToken } from "./account-token.js";
import { connect, type Cloudflare } from "./client.js";
import { dnsRecord } from "./dns-record.js";
import { getAccountApiTokenPermissionGroupsList, getZone } from "./functions.js";
import { r2Bucket } from "./r2-bucket.js";
import { r2BucketLifecycle, r2BucketLock } from "./r2-bucket-rules.js";

export const cloudflare: Plugin<Cloudflare> = {
  name: "cloudflare",
  version: "6.22.1",
  config: {
    apiToken: string({ secret: true }),
    apiKey: string({ secret: true }),
    apiUserServiceKey: string({ secret: true }),
    baseUrl: string(),
    email: string(),
    userAgentOperatorSuffix: string(),
  },
  configure: connect,
  resources: [r2Bucket, r2BucketLifecycle, r2BucketLock, accountToken, dnsRecord],
  invokes: {
    "cloudflare:index/getAccountApiTokenPermissionGroupsList:getAccountApiTokenPermissionGroupsList":
      getAccountApiTokenPermissionGroupsList,
    "cloudflare:index/getZone:getZone": getZone,
  },
};
