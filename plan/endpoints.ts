import type { Place } from "../settings/schema.js";

/** S3 endpoint of a bucket: the setting, or the vendor's own. */
export function s3Endpoint(place: Place): string {
  if (place.endpoint !== undefined) return place.endpoint;
  if (place.kind === "spaces") return `https://${place.region}.digitaloceanspaces.com`;
  // A bucket in a jurisdiction answers under that jurisdiction's name only.
  const jurisdiction = place.jurisdiction === "default" ? "" : `.${place.jurisdiction}`;
  return `https://${place.accountId}${jurisdiction}.r2.cloudflarestorage.com`;
}
