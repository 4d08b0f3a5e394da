import type { R2Copy, SpacesCopy } from "../settings/schema.js";

/** S3 endpoint of a copy: the setting, or the vendor's own. */
export function s3Endpoint(copy: SpacesCopy | R2Copy): string {
  if (copy.endpoint !== undefined) return copy.endpoint;
  if (copy.kind === "spaces") return `https://${copy.region}.digitaloceanspaces.com`;
  // A bucket in a jurisdiction answers under that jurisdiction's name only.
  const jurisdiction = copy.jurisdiction === "default" ? "" : `.${copy.jurisdiction}`;
  return `https://${copy.accountId}${jurisdiction}.r2.cloudflarestorage.com`;
}
