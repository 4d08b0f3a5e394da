import { randomBytes } from "node:crypto";
import { z } from "zod";
import { parse } from "../api.js";
import { ApiError, type Call, param, type Router } from "../router.js";
import { bucketPolicy, everything, type S3Policy, type S3Users } from "../s3/users.js";
import { now, type Store } from "../store.js";

const grant = z.strictObject({
  bucket: z.string().default(""),
  permission: z.enum(["read", "readwrite", "fullaccess"]),
});
type Grant = z.output<typeof grant>;
const grants = z
  .array(grant)
  .refine((all) => !all.some((g) => g.permission === "fullaccess") || all.length === 1, {
    error: "fullaccess does not mix with other grants",
  })
  .refine((all) => all.every((g) => (g.permission === "fullaccess") === (g.bucket === "")), {
    error: "read and readwrite name a bucket, fullaccess names none",
  });
const create = z.strictObject({ name: z.string().min(1), grants: grants.default([]) });
const update = z.strictObject({ name: z.string().min(1), grants: grants.optional() });

/** A Spaces key. The secret is answered only once, at creation; it is kept to make the user on a region's server. */
export interface SpacesKeyRecord {
  name: string;
  grants: Grant[];
  accessKey: string;
  secretKey: string;
  created: string;
}

export function spacesKeyRoutes(router: Router, store: Store, users: S3Users): void {
  const keys = store.state.spacesKeys;
  const find = (call: Call): SpacesKeyRecord => {
    const key = keys[param(call, "key")];
    if (!key) throw new ApiError(404, "not_found", "The resource you were accessing could not be found.");
    return key;
  };
  const change = async (call: Call) => {
    const key = find(call);
    const body = parse(update, call);
    const changed = { ...key, name: body.name, grants: body.grants ?? key.grants };
    await users.put("spaces", userOf(changed));
    Object.assign(key, changed);
    return { status: 200, body: { key: wire(key) } };
  };
  router.on("POST", "/v2/spaces/keys", async (call) => {
    const body = parse(create, call);
    const accessKey = `DO${randomBytes(9).toString("hex").toUpperCase()}`; // 20 characters, as real ones have
    const key: SpacesKeyRecord = {
      ...body,
      accessKey,
      secretKey: randomBytes(32).toString("base64url"),
      created: now(),
    };
    await users.put("spaces", userOf(key));
    keys[accessKey] = key;
    return { status: 201, body: { key: { ...wire(key), secret_key: key.secretKey } } };
  });
  router.on("GET", "/v2/spaces/keys", () => {
    const all = Object.values(keys).map(wire);
    return { status: 200, body: { keys: all, links: {}, meta: { total: all.length } } };
  });
  router.on("GET", "/v2/spaces/keys/:key", (call) => ({ status: 200, body: { key: wire(find(call)) } }));
  router.on("PUT", "/v2/spaces/keys/:key", change);
  router.on("PATCH", "/v2/spaces/keys/:key", change);
  router.on("DELETE", "/v2/spaces/keys/:key", async (call) => {
    const { accessKey } = find(call);
    await users.remove("spaces", accessKey);
    delete keys[accessKey];
    return { status: 204 };
  });
}

function wire(key: SpacesKeyRecord) {
  return { name: key.name, grants: key.grants, access_key: key.accessKey, created_at: key.created };
}

/** The S3 user behind a Spaces key. */
export function userOf(key: SpacesKeyRecord): { accessKey: string; secretKey: string; policy: S3Policy } {
  const policy = key.grants.some((g) => g.permission === "fullaccess")
    ? everything
    : bucketPolicy(key.grants.map((g) => ({ bucket: g.bucket, write: g.permission === "readwrite" })));
  return { accessKey: key.accessKey, secretKey: key.secretKey, policy };
}
