import type { DnsRecord } from "./dns.js";
import type { BucketRecord } from "./r2.js";
import type { TokenRecord } from "./tokens.js";

/** One Cloudflare account. Buckets by name, tokens and records by id, zones by name with their ids. */
export interface CloudflareState {
  buckets: Record<string, BucketRecord>;
  tokens: Record<string, TokenRecord>;
  zones: Record<string, { id: string; created: string }>;
  dns: Record<string, DnsRecord>;
  /** The secret of the R2 server's own root user, which no client has. */
  r2RootSecret: string;
}
