/** The two rule sets of an R2 bucket: lifecycle and lock. Deleting either sends nothing, so the rules survive a destroy. */
import type { Resource } from "../shared/resource.js";
import { items, unlessGone } from "../shared/rest.js";
import { boolean, list, number, object, string, type Props } from "../shared/schema.js";
import { text, compact, type Values } from "../shared/values.js";
import { bucketPath, jurisdiction, type Cloudflare } from "./client.js";

/** What both kinds have in common: the program's rules go over the wire as they are. */
function ruleSet(token: string, path: string, rule: Props): Resource<Cloudflare> {
  const url = (values: Values): string => `${bucketPath(values["accountId"], values["bucketName"])}/${path}`;
  const state = (values: Values, rules: Values[]): Values =>
    compact({ ...values, rules: rules.length > 0 ? rules : undefined });

  async function put(client: Cloudflare, inputs: Values): Promise<Values> {
    const { accountId, bucketName, jurisdiction: where } = inputs;
    const rules = items(inputs, "rules").map(compact);
    await client.send("PUT", url(inputs), { rules }, jurisdiction(inputs));
    return state({ accountId, bucketName, jurisdiction: where }, rules);
  }

  return {
    token,
    inputs: {
      accountId: string({ required: true, replace: true }),
      bucketName: string({ required: true, replace: true }),
      jurisdiction: string({ default: "default", oneOf: ["default", "eu", "fedramp", "us"], replace: true }),
      rules: list(object(rule), { computed: true }),
    },
    outputs: {},
    create: async (client, inputs) => ({ id: text(inputs["bucketName"]), outs: await put(client, inputs) }),
    async read(client, _id, old) {
      const answer = await unlessGone(client.send("GET", url(old), undefined, jurisdiction(old)));
      return answer && state(old, items(answer["result"], "rules"));
    },
    update: (client, _id, inputs) => put(client, inputs),
  };
}

/** `maxAge` is in seconds. */
const ageOrDate = object(
  { type: string({ required: true, oneOf: ["Age", "Date"] }), maxAge: number({ min: 0 }), date: string() },
  { required: true },
);

export const r2BucketLifecycle = ruleSet("cloudflare:index/r2BucketLifecycle:R2BucketLifecycle", "lifecycle", {
  id: string({ required: true }),
  enabled: boolean({ required: true }),
  conditions: object({ prefix: string({ required: true }) }, { required: true }),
  abortMultipartUploadsTransition: object({
    condition: object({ type: string({ required: true, oneOf: ["Age"] }), maxAge: number({ required: true, min: 0 }) }),
  }),
  deleteObjectsTransition: object({ condition: { ...ageOrDate, required: false } }),
  storageClassTransitions: list(
    object({ condition: ageOrDate, storageClass: string({ required: true, oneOf: ["InfrequentAccess"] }) }),
  ),
});

export const r2BucketLock = ruleSet("cloudflare:index/r2BucketLock:R2BucketLock", "lock", {
  id: string({ required: true }),
  enabled: boolean({ required: true }),
  prefix: string(),
  condition: object(
    {
      type: string({ required: true, oneOf: ["Age", "Date", "Indefinite"] }),
      maxAgeSeconds: number({ min: 0 }),
      date: string(),
    },
    { required: true },
  ),
});
