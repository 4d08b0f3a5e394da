import type { Resource } from "../shared/resource.js";
import { member, unlessGone } from "../shared/rest.js";
import { string } from "../shared/schema.js";
import { text, compact, type Value, type Values } from "../shared/values.js";
import { bucketPath, jurisdiction, type Cloudflare } from "./client.js";

/** The vendor's spelling of a location is upper case; the program's is kept. */
function location(real: Value, kept: Value): Value {
  if (real === undefined || real === null) return kept;
  return text(real).toLowerCase() === text(kept).toLowerCase() ? kept : text(real).toLowerCase();
}

const state = (bucket: Values, kept: Values): Values =>
  compact({
    accountId: kept["accountId"],
    name: bucket["name"] ?? kept["name"],
    creationDate: bucket["creation_date"] ?? kept["creationDate"],
    jurisdiction: bucket["jurisdiction"] ?? kept["jurisdiction"],
    location: location(bucket["location"], kept["location"]),
    storageClass: bucket["storage_class"] ?? kept["storageClass"],
  });

export const r2Bucket: Resource<Cloudflare> = {
  token: "cloudflare:index/r2Bucket:R2Bucket",
  inputs: {
    accountId: string({ required: true, replace: true }),
    name: string({ required: true, replace: true }),
    jurisdiction: string({ default: "default", oneOf: ["default", "eu", "fedramp", "us"] }),
    location: string({ computed: true, oneOf: ["apac", "eeur", "enam", "weur", "wnam", "oc"] }),
    storageClass: string({ default: "Standard", oneOf: ["Standard", "InfrequentAccess"] }),
  },
  outputs: { creationDate: {} },

  async create(client, inputs) {
    const body = compact({
      locationHint: inputs["location"],
      name: inputs["name"],
      storageClass: inputs["storageClass"],
    });
    const answer = await client.send(
      "POST",
      `/accounts/${text(inputs["accountId"])}/r2/buckets`,
      body,
      jurisdiction(inputs),
    );
    return { id: text(inputs["name"]), outs: state(member(answer, "result"), inputs) };
  },

  async read(client, id, old) {
    const answer = await unlessGone(client.send("GET", bucketPath(old["accountId"], id), undefined, jurisdiction(old)));
    return answer && state(member(answer, "result"), old);
  },

  /** Only the storage class can be changed; a new location or jurisdiction is ignored, as by the official plugin. */
  async update(client, id, inputs, old) {
    if (inputs["storageClass"] !== old.state["storageClass"]) {
      const headers = { ...jurisdiction(inputs), "cf-r2-storage-class": text(inputs["storageClass"]) };
      await client.send("PATCH", bucketPath(inputs["accountId"], id), undefined, headers);
    }
    return { ...old.state, ...inputs };
  },

  async delete(client, id, old) {
    await unlessGone(client.send("DELETE", bucketPath(old["accountId"], id), undefined, jurisdiction(old)));
  },
};
