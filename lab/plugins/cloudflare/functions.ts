/** The plugin's functions: asked again on every preview. */
import type { Invoke } from "../shared/provider.js";
import { items, member } from "../shared/rest.js";
import { list, number, object, string } from "../shared/schema.js";
import { text, compact, isObject, type Value, type Values } from "../shared/values.js";
import type { Cloudflare } from "./client.js";

/** `?a=b` of what is given, in alphabetical order; empty if nothing is. */
function query(parameters: Values): string {
  const given = Object.entries(compact(parameters)).map(([key, value]): [string, string] => [key, text(value)]);
  const parameterText = new URLSearchParams(given.sort()).toString();
  return parameterText === "" ? "" : `?${parameterText}`;
}

const camel = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** An answer's object with the program's spelling of its members, at every depth. */
function camelled(value: Value): Value {
  if (Array.isArray(value)) return value.map(camelled);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camel(key), camelled(inner)]));
}

export const getAccountApiTokenPermissionGroupsList: Invoke<Cloudflare> = {
  inputs: { accountId: string({ required: true }), maxItems: number({ min: 0 }), name: string(), scope: string() },
  async run(client, args) {
    const path = `/accounts/${text(args["accountId"])}/tokens/permission_groups`;
    const answer = await client.send("GET", path + query({ name: args["name"], scope: args["scope"] }));
    const results = items(answer, "result").slice(0, Number(args["maxItems"] ?? 1000));
    return { ...args, results: results.map(({ id, name, scopes }) => compact({ id, name, scopes })) };
  },
};

const filter = object({
  name: string(),
  status: string({ oneOf: ["initializing", "pending", "active", "moved"] }),
  match: string({ oneOf: ["any", "all"] }),
  order: string(),
  direction: string({ oneOf: ["asc", "desc"] }),
  account: object({ id: string(), name: string() }),
  types: list(string()),
});

/** By name the list is asked, then the zone by its id. */
async function zoneId(client: Cloudflare, args: Values): Promise<string> {
  if (args["zoneId"] !== undefined) return text(args["zoneId"]);
  const { account, types, ...wanted } = (args["filter"] ?? {}) as Values;
  const owner = isObject(account) ? { "account.id": account["id"], "account.name": account["name"] } : {};
  const type = Array.isArray(types) ? { type: types.map(text).join(",") } : {};
  const found = items(await client.send("GET", `/zones${query({ ...wanted, ...owner, ...type })}`), "result");
  if (found.length === 1) return text(found[0]?.["id"]);
  throw new Error(
    found.length === 0
      ? "found no zone that fits the filter"
      : `found ${found.length} zones that fit the filter, expected one`,
  );
}

export const getZone: Invoke<Cloudflare> = {
  inputs: { zoneId: string(), filter },
  async run(client, args) {
    const id = await zoneId(client, args);
    const zone = member(await client.send("GET", `/zones/${id}`), "result");
    return compact({ ...(camelled(zone) as Values), zoneId: id, filter: args["filter"] });
  },
};
