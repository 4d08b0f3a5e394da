import { createHash, randomBytes } from "node:crypto";
import { z } from "zod";
import { parse } from "../api.js";
import { ApiError, type Call, param, type Router } from "../router.js";
import { bucketPolicy, type S3Policy, type S3Users } from "../s3/users.js";
import { now } from "../store.js";
import { type Account, assertAccount, ok } from "./common.js";

/** The permission groups that a host's token needs, with Cloudflare's ids. */
const permissionGroups = [
  {
    id: "2efd5506f9c8494dacb1fa10a3e7d5b6",
    name: "Workers R2 Storage Bucket Item Write",
    scopes: ["com.cloudflare.edge.r2.bucket"],
  },
  {
    id: "6a018a9f2fc74eb6b293b0c548f38b39",
    name: "Workers R2 Storage Bucket Item Read",
    scopes: ["com.cloudflare.edge.r2.bucket"],
  },
];
const writeGroup = "2efd5506f9c8494dacb1fa10a3e7d5b6";

const resource = /^com\.cloudflare\.edge\.r2\.bucket\.([0-9a-f]{32})_(default|eu|fedramp|us)_([a-z0-9-]{3,63})$/;
const policy = z.strictObject({
  id: z.string().optional(), // sent back by clients that read it; ignored
  effect: z.literal("allow"),
  permission_groups: z
    .array(z.object({ id: z.enum(permissionGroups.map((g) => g.id)) })) // clients may add the group's name
    .min(1),
  resources: z
    .record(z.string(), z.literal("*"))
    .refine((all) => Object.keys(all).length > 0, { error: "a policy names at least one resource" })
    .refine((all) => Object.keys(all).every((key) => resource.test(key)), { error: "not an R2 bucket resource" }),
});
// Strict: what would limit a token further (condition, expires_on, not_before) is refused, for the lab can't hold to it.
const write = z.strictObject({
  name: z.string().min(1).max(120),
  policies: z.array(policy).min(1),
  status: z.literal("active").optional(),
});

/** An account token. The value is answered only once, at creation; its SHA-256 is the S3 secret. */
export interface TokenRecord {
  id: string;
  name: string;
  policies: { id: string; effect: "allow"; permission_groups: { id: string }[]; resources: Record<string, "*"> }[];
  secret: string;
  issued: string;
  modified: string;
}

export function tokenRoutes(router: Router, account: Account, users: S3Users): void {
  const { tokens } = account.store.state.cloudflare;
  const base = "/client/v4/accounts/:account/tokens";
  const find = (call: Call): TokenRecord => {
    assertAccount(account, call);
    const token = tokens[param(call, "token")];
    if (!token) throw new ApiError(404, "1003", "Token not found");
    return token;
  };
  router.on("GET", `${base}/permission_groups`, (call) => {
    assertAccount(account, call);
    const [name, scope] = [call.query.get("name"), call.query.get("scope")];
    return ok(
      permissionGroups.filter(
        (g) => (name === null || g.name === name) && (scope === null || g.scopes.includes(scope)),
      ),
    );
  });
  router.on("POST", base, async (call) => {
    assertAccount(account, call);
    const body = read(account, call);
    const value = randomBytes(30).toString("base64url"); // 40 characters, as real ones have
    const secret = createHash("sha256").update(value).digest("hex");
    const token: TokenRecord = { id: hexId(), secret, issued: now(), modified: now(), ...body };
    await users.put("r2", tokenUser(token));
    tokens[token.id] = token;
    return ok({ ...wire(token), value });
  });
  router.on("GET", base, (call) => {
    assertAccount(account, call);
    return ok(Object.values(tokens).map(wire));
  });
  router.on("GET", `${base}/:token`, (call) => ok(wire(find(call))));
  router.on("PUT", `${base}/:token`, async (call) => {
    const token = find(call);
    const changed = { ...token, ...read(account, call), modified: now() };
    await users.put("r2", tokenUser(changed));
    Object.assign(token, changed);
    return ok(wire(token));
  });
  router.on("DELETE", `${base}/:token`, async (call) => {
    const { id } = find(call);
    await users.remove("r2", id);
    delete tokens[id];
    return ok({ id });
  });
}

function read(account: Account, call: Call): Pick<TokenRecord, "name" | "policies"> {
  const body = parse(write, call);
  for (const key of body.policies.flatMap((p) => Object.keys(p.resources)))
    if (resource.exec(key)?.[1] !== account.id)
      throw new ApiError(400, "1001", `the resource ${key} is not this account's`);
  return { name: body.name, policies: body.policies.map((p) => ({ ...p, id: hexId() })) };
}

/** The S3 user behind a token: access key is the token's id. */
export function tokenUser(token: TokenRecord): { accessKey: string; secretKey: string; policy: S3Policy } {
  const grants = token.policies.flatMap((p) =>
    Object.keys(p.resources).map((key) => ({
      bucket: resource.exec(key)?.[3] ?? "",
      write: p.permission_groups.some((g) => g.id === writeGroup),
    })),
  );
  return { accessKey: token.id, secretKey: token.secret, policy: bucketPolicy(grants) };
}

function wire(token: TokenRecord) {
  return {
    id: token.id,
    status: "active",
    issued_on: token.issued,
    modified_on: token.modified,
    last_used_on: null,
    name: token.name,
    policies: token.policies,
  };
}

function hexId(): string {
  return randomBytes(16).toString("hex");
}
