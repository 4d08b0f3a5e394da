import type { R2Copy } from "./r2.js";
import type { SpacesCopy } from "./spaces.js";

/** Where a bucket at DigitalOcean is. */
export type SpacesPlace = Pick<SpacesCopy, "kind" | "region" | "bucket" | "endpoint">;

/** Where a bucket at Cloudflare is. */
export type R2Place = Pick<R2Copy, "kind" | "accountId" | "bucket" | "location" | "jurisdiction" | "endpoint">;

/** Where a bucket is, whatever is kept in it. */
export type Place = SpacesPlace | R2Place;
