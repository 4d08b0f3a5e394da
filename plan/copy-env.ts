/** What a job is told of one copy, for rclone and restic: `KEY` and value of its settings. */
import type { Copy, Place, StorageBoxCopy } from "../settings/schema.js";
import { s3Endpoint } from "./endpoints.js";
import { ofGeneration } from "./generations.js";
import type { BoxAccess, CopyAccess, S3Access } from "./job-env.js";

/** Port of a storage box that speaks SFTP with keys of its own. */
export const BOX_PORT = 23;

/**
 * @param generation of the host's own keys
 * @throws Error when the copy's access is missing, or is for another kind of copy
 */
export function copyPairs(
  name: string,
  copy: Copy | Place,
  access: CopyAccess | undefined,
  generation: number,
): Record<string, string> {
  if (copy.kind === "storageBox") return boxPairs(name, copy, boxAccess(name, access), generation);
  return { ...rootPair(name, copy.bucket), ...s3Pairs(name, copy, s3Access(name, access)) };
}

function s3Pairs(name: string, copy: Place, access: S3Access): Record<string, string> {
  const common = {
    TYPE: "s3",
    ACCESS_KEY_ID: access.accessKeyId,
    SECRET_ACCESS_KEY: access.secretAccessKey,
    ENDPOINT: s3Endpoint(copy),
    // A key scoped to one bucket may not ask whether the bucket exists.
    NO_CHECK_BUCKET: "true",
  };
  if (copy.kind === "r2") return rclone(name, { ...common, PROVIDER: "Cloudflare", REGION: "auto" });
  return rclone(name, { ...common, PROVIDER: "DigitalOcean", REGION: copy.region, ACL: "private" });
}

function boxPairs(name: string, copy: StorageBoxCopy, access: BoxAccess, generation: number): Record<string, string> {
  const restic = `GRANARY_COPY_${name.toUpperCase()}_RESTIC`;
  return {
    ...rootPair(name, ""),
    ...rclone(name, {
      TYPE: "sftp",
      HOST: access.server,
      PORT: String(BOX_PORT),
      USER: access.username,
      KEY_FILE: `/etc/granary/${ofGeneration("box", generation)}_ed25519`,
      KNOWN_HOSTS_FILE: "/etc/granary/known_hosts",
      // Only SFTP is spoken: every artifact is read back in full instead of trusting a hash the box computes.
      SHELL_TYPE: "none",
      DISABLE_HASHCHECK: "true",
    }),
    ...(access.repositories === undefined ? {} : { [restic]: "append-only", [`${restic}_LOGIN`]: access.repositories }),
    GRANARY_BOX_KNOWN_HOST: `[${access.server}]:${BOX_PORT} ${copy.hostKey}`,
  };
}

function rootPair(name: string, root: string): Record<string, string> {
  return { [`GRANARY_COPY_${name.toUpperCase()}_ROOT`]: root };
}

function rclone(name: string, options: Record<string, string>): Record<string, string> {
  const remote = `RCLONE_CONFIG_${name.toUpperCase()}_`;
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [remote + key, value]));
}

function s3Access(name: string, access: CopyAccess | undefined): S3Access {
  if (access?.kind === "s3") return access;
  throw new Error(
    `copy "${name}" needs an S3 key, got ${access?.kind ?? "nothing"}: give access.${name} {kind: "s3", …}`,
  );
}

function boxAccess(name: string, access: CopyAccess | undefined): BoxAccess {
  if (access?.kind === "box") return access;
  throw new Error(
    `copy "${name}" needs a box account, got ${access?.kind ?? "nothing"}: give access.${name} {kind: "box", …}`,
  );
}
