import type { Resource } from "../shared/resource.js";
import { items, member, unlessGone } from "../shared/rest.js";
import { list, object, string } from "../shared/schema.js";
import { text, compact, type Values } from "../shared/values.js";
import type { DigitalOcean } from "./client.js";

const grants = (values: Values): Values[] =>
  items(values, "grants").map((grant) => ({ bucket: grant["bucket"], permission: grant["permission"] }));

/** The secret key is told once, at creation: from then on it is `kept`. */
const state = (key: Values, kept: Values): Values =>
  compact({
    name: key["name"],
    grants: grants(key),
    accessKey: key["access_key"],
    secretKey: key["secret_key"] ?? kept["secretKey"],
    createdAt: key["created_at"],
  });

const body = (inputs: Values): Values => ({ name: inputs["name"], grants: grants(inputs) });

export const spacesKey: Resource<DigitalOcean> = {
  token: "digitalocean:index/spacesKey:SpacesKey",
  inputs: {
    name: string(),
    grants: list(
      object({
        bucket: string({ required: true }),
        permission: string({ required: true, oneOf: ["read", "readwrite", "fullaccess"] }),
      }),
    ),
  },
  outputs: { accessKey: {}, secretKey: { secret: true }, createdAt: {} },
  autoName: true,

  check(inputs) {
    const permissions = items(inputs, "grants").map((grant) => grant["permission"]);
    const mixed = permissions.includes("fullaccess") && permissions.some((permission) => permission !== "fullaccess");
    return mixed ? [{ property: "grants", reason: "fullaccess does not mix with grants for single buckets" }] : [];
  },

  async create(client, inputs) {
    const key = member(await client.api().send("POST", "/v2/spaces/keys", body(inputs)), "key");
    return { id: text(key["access_key"]), outs: state(key, {}) };
  },

  async read(client, id, old) {
    const answer = await unlessGone(client.api().send("GET", `/v2/spaces/keys/${id}`));
    return answer && state(member(answer, "key"), old);
  },

  async update(client, id, inputs, old) {
    return state(member(await client.api().send("PUT", `/v2/spaces/keys/${id}`, body(inputs)), "key"), old.state);
  },

  async delete(client, id) {
    await unlessGone(client.api().send("DELETE", `/v2/spaces/keys/${id}`));
  },
};
