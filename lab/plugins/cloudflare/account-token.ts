import type { Resource } from "../shared/resource.js";
import { items, member, unlessGone } from "../shared/rest.js";
import { list, object, string } from "../shared/schema.js";
import { text, compact, equal, isObject, UNKNOWN, type Value, type Values } from "../shared/values.js";
import type { Cloudflare } from "./client.js";

const parsed = (json: Value): Value => {
  try {
    return JSON.parse(text(json)) as Value;
  } catch {
    return undefined;
  }
};

/** `resources` is a JSON text in the program and an object on the wire. */
const toWire = (policy: Values): Values => ({
  effect: policy["effect"],
  permission_groups: items(policy, "permissionGroups").map((group) => ({ id: group["id"] })),
  resources: parsed(policy["resources"]),
});

/** The JSON text keeps the program's spelling as long as it says the same. */
function fromWire(policy: Values, kept: Values | undefined): Values {
  const before = kept?.["resources"];
  const resources = equal(parsed(before), policy["resources"]) ? before : JSON.stringify(policy["resources"]);
  const permissionGroups = items(policy, "permission_groups").map((group) => ({ id: group["id"] }));
  return { effect: policy["effect"], permissionGroups, resources };
}

/** The value is told once, at creation: from then on it is `kept`. */
const state = (token: Values, kept: Values): Values =>
  compact({
    accountId: kept["accountId"],
    name: token["name"],
    policies: items(token, "policies").map((policy, i) => fromWire(policy, items(kept, "policies")[i])),
    condition: kept["condition"],
    expiresOn: token["expires_on"],
    notBefore: token["not_before"],
    status: token["status"],
    issuedOn: token["issued_on"],
    modifiedOn: token["modified_on"],
    lastUsedOn: token["last_used_on"],
    value: token["value"] ?? kept["value"],
  });

function body(inputs: Values): Values {
  const condition = isObject(inputs["condition"])
    ? (inputs["condition"]["requestIp"] as Values | undefined)
    : undefined;
  return compact({
    name: inputs["name"],
    policies: items(inputs, "policies").map(toWire),
    condition: condition && { request_ip: { in: condition["ins"], not_in: condition["notIns"] } },
    expires_on: inputs["expiresOn"],
    not_before: inputs["notBefore"],
    status: inputs["status"],
  });
}

const path = (values: Values): string => `/accounts/${text(values["accountId"])}/tokens`;

export const accountToken: Resource<Cloudflare> = {
  token: "cloudflare:index/accountToken:AccountToken",
  inputs: {
    accountId: string({ required: true, replace: true }),
    name: string({ required: true }),
    policies: list(
      object({
        effect: string({ required: true, oneOf: ["allow", "deny"] }),
        permissionGroups: list(object({ id: string({ required: true }) }), { required: true }),
        resources: string({ required: true }),
      }),
      { required: true },
    ),
    condition: object({ requestIp: object({ ins: list(string()), notIns: list(string()) }) }, { unread: true }),
    expiresOn: string(),
    notBefore: string(),
    status: string({ computed: true, oneOf: ["active", "disabled", "expired"] }),
  },
  outputs: {
    value: { secret: true },
    issuedOn: {},
    lastUsedOn: {},
    modifiedOn: { unknownOnUpdate: true },
    creatorEmailAtCreation: {},
    provisionerId: {},
    provisionerType: {},
  },

  check: (inputs) =>
    items(inputs, "policies").flatMap((policy, i) =>
      isObject(parsed(policy["resources"])) || policy["resources"] === UNKNOWN
        ? []
        : [{ property: `policies[${i}].resources`, reason: "must be the JSON text of an object" }],
    ),

  async create(client, inputs) {
    const token = member(await client.send("POST", path(inputs), body(inputs)), "result");
    return { id: text(token["id"]), outs: state(token, inputs) };
  },

  async read(client, id, old) {
    const answer = await unlessGone(client.send("GET", `${path(old)}/${id}`));
    return answer && state(member(answer, "result"), old);
  },

  async update(client, id, inputs, old) {
    const answer = await client.send("PUT", `${path(inputs)}/${id}`, body(inputs));
    return state(member(answer, "result"), { ...inputs, value: old.state["value"] });
  },

  async delete(client, id, old) {
    await unlessGone(client.send("DELETE", `${path(old)}/${id}`));
  },
};
