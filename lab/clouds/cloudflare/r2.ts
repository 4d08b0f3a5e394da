import { z } from "zod";
import { parse } from "../api.js";
import { ApiError, type Call, param, type Router } from "../router.js";
import { now } from "../store.js";
import { type Account, assertAccount, ok } from "./common.js";

const jurisdictions = ["default", "eu", "fedramp", "us"] as const;
export type Jurisdiction = (typeof jurisdictions)[number];

const seconds = z.int().min(0);
const age = z.strictObject({ type: z.literal("Age"), maxAge: seconds });
const ageOrDate = z.discriminatedUnion("type", [
  age,
  z.strictObject({ type: z.literal("Date"), date: z.iso.datetime() }),
]);
const lifecycleRule = z.strictObject({
  id: z.string().min(1),
  enabled: z.boolean(),
  conditions: z.strictObject({ prefix: z.string() }),
  abortMultipartUploadsTransition: z.strictObject({ condition: age }).optional(),
  deleteObjectsTransition: z.strictObject({ condition: ageOrDate }).optional(),
  storageClassTransitions: z
    .array(z.strictObject({ condition: ageOrDate, storageClass: z.literal("InfrequentAccess") }))
    .optional(),
});
const lockRule = z.strictObject({
  id: z.string().min(1),
  enabled: z.boolean(),
  prefix: z.string().optional(),
  condition: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("Age"), maxAgeSeconds: z.int().min(1) }),
    z.strictObject({ type: z.literal("Date"), date: z.iso.datetime() }),
    z.strictObject({ type: z.literal("Indefinite") }),
  ]),
});
export type LifecycleRule = z.output<typeof lifecycleRule>;
export type LockRule = z.output<typeof lockRule>;

// A bucket has at most 1000 rules of a kind, each with an id of its own.
const rulesOf = <T extends z.ZodType<{ id: string }>>(rule: T) =>
  z.strictObject({
    rules: z
      .array(rule)
      .max(1000)
      .default([])
      .refine((rules) => new Set(rules.map((r) => r.id)).size === rules.length, { error: "two rules have one id" }),
  });
const create = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, "The specified bucket name is not valid."),
  locationHint: z.enum(["apac", "eeur", "enam", "weur", "wnam", "oc"]).optional(),
  storageClass: z.enum(["Standard", "InfrequentAccess"]).default("Standard"),
});

export interface BucketRecord {
  name: string;
  created: string;
  location: string;
  storageClass: "Standard" | "InfrequentAccess";
  jurisdiction: Jurisdiction;
  lifecycle: LifecycleRule[];
  lock: LockRule[];
}

/** What the R2 API needs from the S3 server behind it. */
export interface BucketServer {
  createBucket(name: string): Promise<void>;
  /** False when the bucket still holds objects. */
  deleteBucket(name: string): Promise<boolean>;
}

// Every new bucket has this rule; a lifecycle that is set replaces it.
const defaultLifecycle: LifecycleRule[] = [
  {
    id: "Default Multipart Abort Rule",
    enabled: true,
    conditions: { prefix: "" },
    abortMultipartUploadsTransition: { condition: { type: "Age", maxAge: 7 * 86400 } },
  },
];

export function r2Routes(router: Router, account: Account, server: BucketServer): void {
  const { buckets } = account.store.state.cloudflare;
  const base = "/client/v4/accounts/:account/r2/buckets";
  const find = (call: Call): BucketRecord => {
    assertAccount(account, call);
    const bucket = buckets[param(call, "bucket")];
    if (!bucket || bucket.jurisdiction !== jurisdictionOf(call))
      throw new ApiError(404, "10006", "The specified bucket does not exist.");
    return bucket;
  };
  router.on("POST", base, async (call) => {
    assertAccount(account, call);
    const body = parse(create, call);
    if (buckets[body.name])
      throw new ApiError(409, "10004", "The bucket you tried to create already exists, and you own it.");
    await server.createBucket(body.name);
    const bucket: BucketRecord = {
      name: body.name,
      created: now(),
      location: (body.locationHint ?? "weur").toUpperCase(),
      storageClass: body.storageClass,
      jurisdiction: jurisdictionOf(call),
      lifecycle: defaultLifecycle,
      lock: [],
    };
    buckets[body.name] = bucket;
    return ok(wire(bucket));
  });
  router.on("GET", base, (call) => {
    assertAccount(account, call);
    const own = Object.values(buckets).filter((b) => b.jurisdiction === jurisdictionOf(call));
    return ok({ buckets: own.map(wire) });
  });
  router.on("GET", `${base}/:bucket`, (call) => ok(wire(find(call))));
  router.on("DELETE", `${base}/:bucket`, async (call) => {
    const { name } = find(call);
    if (!(await server.deleteBucket(name)))
      throw new ApiError(409, "10008", "The bucket you tried to delete is not empty.");
    delete buckets[name];
    return ok({});
  });
  router.on("GET", `${base}/:bucket/lifecycle`, (call) => ok({ rules: find(call).lifecycle }));
  router.on("PUT", `${base}/:bucket/lifecycle`, (call) => {
    find(call).lifecycle = parse(rulesOf(lifecycleRule), call).rules;
    return ok({});
  });
  router.on("GET", `${base}/:bucket/lock`, (call) => ok({ rules: find(call).lock }));
  router.on("PUT", `${base}/:bucket/lock`, (call) => {
    find(call).lock = parse(rulesOf(lockRule), call).rules;
    return ok({});
  });
}

function jurisdictionOf(call: Call): Jurisdiction {
  const header = call.headers["cf-r2-jurisdiction"] ?? "default";
  const found = jurisdictions.find((j) => j === header);
  if (!found) throw new ApiError(400, "10001", `the jurisdiction '${String(header)}' does not exist`);
  return found;
}

function wire(bucket: BucketRecord) {
  return {
    name: bucket.name,
    creation_date: bucket.created,
    location: bucket.location,
    storage_class: bucket.storageClass,
    jurisdiction: bucket.jurisdiction,
  };
}
