import type { Resource } from "../shared/resource.js";
import { member, unlessGone } from "../shared/rest.js";
import { boolean, list, number, object, string } from "../shared/schema.js";
import { text, compact, isObject, type Value, type Values } from "../shared/values.js";
import type { Cloudflare } from "./client.js";

const SETTINGS: Record<string, string> = {
  flattenCname: "flatten_cname",
  ipv4Only: "ipv4_only",
  ipv6Only: "ipv6_only",
};

function settingsToWire(settings: Value): Value {
  if (!isObject(settings)) return undefined;
  return Object.fromEntries(Object.entries(settings).map(([key, on]) => [SETTINGS[key] ?? key, on]));
}

function settingsFromWire(settings: Value): Value {
  if (!isObject(settings)) return undefined;
  const known = Object.entries(SETTINGS).filter(([, wire]) => wire in settings);
  return Object.fromEntries(known.map(([name, wire]) => [name, settings[wire]]));
}

const state = (record: Values, kept: Values): Values =>
  compact({
    zoneId: kept["zoneId"],
    name: record["name"],
    type: record["type"],
    content: record["content"],
    ttl: record["ttl"],
    priority: record["priority"],
    proxied: record["proxied"],
    comment: record["comment"],
    tags: record["tags"],
    settings: settingsFromWire(record["settings"]),
    proxiable: record["proxiable"],
    createdOn: record["created_on"],
    modifiedOn: record["modified_on"],
    commentModifiedOn: record["comment_modified_on"],
    tagsModifiedOn: record["tags_modified_on"],
    meta: record["meta"] === undefined ? undefined : JSON.stringify(record["meta"]),
  });

const body = (values: Values): Values =>
  compact({
    comment: values["comment"],
    content: values["content"],
    name: values["name"],
    priority: values["priority"],
    proxied: values["proxied"],
    settings: settingsToWire(values["settings"]),
    tags: values["tags"],
    ttl: values["ttl"],
    type: values["type"],
  });

const path = (values: Values): string => `/zones/${text(values["zoneId"])}/dns_records`;

/** The types whose `content` is a plain text: those with structured `data` are beyond what Granary needs. */
const TYPES = ["A", "AAAA", "CNAME", "MX", "NS", "PTR", "TXT"];

export const dnsRecord: Resource<Cloudflare> = {
  token: "cloudflare:index/dnsRecord:DnsRecord",
  inputs: {
    zoneId: string({ required: true, replace: true }),
    name: string({ required: true }),
    type: string({ required: true, oneOf: TYPES }),
    content: string({ required: true }),
    ttl: number({ required: true, min: 1, max: 86_400 }),
    priority: number({ min: 0, max: 65_535 }),
    proxied: boolean({ default: false }),
    comment: string(),
    tags: list(string(), { computed: true }),
    settings: object({ flattenCname: boolean(), ipv4Only: boolean(), ipv6Only: boolean() }, { computed: true }),
  },
  outputs: {
    commentModifiedOn: {},
    createdOn: {},
    meta: {},
    modifiedOn: { unknownOnUpdate: true },
    proxiable: {},
    tagsModifiedOn: {},
  },

  async create(client, inputs) {
    const record = member(await client.send("POST", path(inputs), body(inputs)), "result");
    return { id: text(record["id"]), outs: state(record, inputs) };
  },

  async read(client, id, old) {
    const answer = await unlessGone(client.send("GET", `${path(old)}/${id}`));
    return answer && state(member(answer, "result"), old);
  },

  /** Settings and tags that the program leaves to Cloudflare are sent back as they are. */
  async update(client, id, inputs, old) {
    const { tags, settings } = old.state;
    const answer = await client.send("PUT", `${path(inputs)}/${id}`, body({ tags, settings, ...inputs }));
    return state(member(answer, "result"), inputs);
  },

  async delete(client, id, old) {
    await unlessGone(client.send("DELETE", `${path(old)}/${id}`));
  },
};
