import { text } from "../strict.js";

/** S3's rules, without dots: a dot breaks TLS on `<bucket>.<endpoint>`, and R2 takes none. */
export const bucketSchema = text(
  /^(?!xn--)(?!.*-s3alias$)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
  "use 3-63 lower-case letters, digits and hyphens, a letter or digit at both ends",
);

/** Scheme, host and port, nothing after; plain http only makes sense in a rehearsal. */
export const endpointSchema = text(
  /^https?:\/\/[a-z0-9.-]+(:\d{1,5})?$/,
  "leave it out for the vendor's own endpoint, or use https://host with no path, user or trailing slash",
);
