import { createHash } from "node:crypto";
import * as cloudflare from "@pulumi/cloudflare";
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import type { Generations } from "../plan/generations.js";
import type { Place } from "../settings/schema.js";
import type { Grant } from "./copy.js";

/** What a key may do with the objects of its bucket. Nobody sells one that writes but does not delete. */
export type Permission = "read" | "readwrite";

/** Cloudflare's names of the two. */
const GROUPS = {
  read: "Workers R2 Storage Bucket Item Read",
  readwrite: "Workers R2 Storage Bucket Item Write",
} as const;

export interface BucketKeyArgs {
  /** Where the bucket is. */
  place: Place;
  /** The bucket's name, as an output of it where the program makes it, so that the key comes after it. */
  bucket: pulumi.Input<string>;
  permission: Permission;
  /** What the vendor's list of keys calls it. */
  label: string;
}

/** A key to the objects of one bucket, and to nothing else: not to the bucket, its rules or its lock. */
export function bucketKey(name: string, args: BucketKeyArgs, parent: pulumi.Resource): Grant {
  return args.place.kind === "spaces" ? spacesKey(name, args, parent) : r2Token(name, args, parent);
}

/** A key of each generation that exists. */
export function ofGenerations({ used, other }: Generations, make: (generation: number) => Grant): Grant {
  const grant = make(used);
  return other === undefined ? grant : { ...grant, other: make(other).access };
}

function spacesKey(name: string, { bucket, permission, label }: BucketKeyArgs, parent: pulumi.Resource): Grant {
  const key = new digitalocean.SpacesKey(
    name,
    { name: label, grants: [{ bucket, permission }] },
    { parent, additionalSecretOutputs: ["secretKey"] },
  );
  const access = pulumi
    .all([key.accessKey, key.secretKey])
    .apply(([accessKeyId, secretAccessKey]) => ({ kind: "s3" as const, accessKeyId, secretAccessKey }));
  return { access: pulumi.secret(access), ready: [key] };
}

/** Where a lock is in the way, writing includes neither overwriting nor deleting. */
function r2Token(name: string, { place, bucket, permission, label }: BucketKeyArgs, parent: pulumi.Resource): Grant {
  const { accountId, jurisdiction } = place as Extract<Place, { kind: "r2" }>;
  const groups = cloudflare.getAccountApiTokenPermissionGroupsListOutput({ accountId }, { parent });
  const resource = pulumi.output(bucket).apply((named) => resourceName(accountId, jurisdiction, named));
  const token = new cloudflare.AccountToken(
    name,
    {
      accountId,
      name: label,
      policies: [
        {
          effect: "allow",
          permissionGroups: [{ id: groups.results.apply((results) => idOf(GROUPS[permission], results)) }],
          resources: resource.apply((key) => JSON.stringify({ [key]: "*" })),
        },
      ],
    },
    { parent, additionalSecretOutputs: ["value"] },
  );
  const access = pulumi.all([token.id, token.value]).apply(([id, value]) => ({
    kind: "s3" as const,
    accessKeyId: id,
    // Cloudflare derives the S3 secret from the token: the SHA-256 of its value, in hexadecimal.
    secretAccessKey: createHash("sha256").update(value).digest("hex"),
  }));
  return { access: pulumi.secret(access), ready: [token] };
}

function resourceName(accountId: string, jurisdiction: string, bucket: string): string {
  return `com.cloudflare.edge.r2.bucket.${accountId}_${jurisdiction}_${bucket}`;
}

function idOf(name: string, groups: { id: string; name: string }[]): string {
  const group = groups.find((candidate) => candidate.name === name);
  if (group) return group.id;
  throw new Error(`cloudflare offers no permission group "${name}": check that R2 is enabled for the account`);
}
