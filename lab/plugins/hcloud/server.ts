import { createHash } from "node:crypto";
import { finishing, type Resource } from "../shared/resource.js";
import { items, unlessGone } from "../shared/rest.js";
import { boolean, list, map, number, object, string } from "../shared/schema.js";
import { text, compact, equal, isObject, type Value, type Values } from "../shared/values.js";
import { labels, labelState, settled, the, type Hetzner } from "./client.js";

/** What the official plugin changes in place by calls that Granary never needs: refused here, rather than done wrongly. */
const FIXED = ["serverType", "backups", "iso", "rescue", "networks", "placementGroupId", "publicNets", "firewallIds"];

const nameOf = (value: Value): Value => (isObject(value) ? value["name"] : undefined);

/** User data is in the state as its hash only, as in the official plugin. */
const hashed = (userData: Value): Value =>
  typeof userData === "string" ? createHash("sha1").update(userData).digest("base64") : undefined;

function image(real: Values): Value {
  const found = (real["image"] ?? {}) as Values;
  return found["type"] === "snapshot" ? text(found["id"]) : found["name"];
}

/** The server as the API tells it. What it never tells (keys, user data, …) is `kept` from before. */
function state(real: Values, kept: Values): Values {
  const publicNet = (real["public_net"] ?? {}) as Values;
  const ipv4 = (publicNet["ipv4"] ?? {}) as Values;
  const ipv6 = (publicNet["ipv6"] ?? {}) as Values;
  const protection = (real["protection"] ?? {}) as Values;
  const datacenter = real["datacenter"];
  const network = typeof ipv6["ip"] === "string" ? ipv6["ip"] : undefined;
  return compact({
    name: real["name"],
    serverType: nameOf(real["server_type"]),
    image: image(real),
    location: nameOf(real["location"]) ?? (isObject(datacenter) ? nameOf(datacenter["location"]) : undefined),
    datacenter: nameOf(datacenter),
    status: real["status"],
    ipv4Address: ipv4["ip"],
    ipv6Network: network,
    ipv6Address: network?.replace(/::\/64$/, "::1"),
    firewallIds: items(publicNet, "firewalls").map((firewall) => firewall["id"]),
    primaryDiskSize: real["primary_disk_size"],
    backupWindow: real["backup_window"] ?? "",
    deleteProtection: protection["delete"],
    rebuildProtection: protection["rebuild"],
    ...labelState(real),
    ...kept,
  });
}

const UNREAD = [
  "sshKeys",
  "publicNets",
  "keepDisk",
  "shutdownBeforeDeletion",
  "allowDeprecatedImages",
  "ignoreRemoteFirewallIds",
];

/** What a refresh cannot learn, from inputs or from an earlier state. */
const keptFrom = (source: Values): Values => Object.fromEntries(UNREAD.map((key) => [key, source[key]]));
const keptInputs = (inputs: Values): Values => ({ ...keptFrom(inputs), userData: hashed(inputs["userData"]) });

async function imageId({ api }: Hetzner, wanted: Value, architecture: Value): Promise<Value> {
  if (/^\d+$/.test(text(wanted))) {
    const answer = await unlessGone(api.send("GET", `/images/${text(wanted)}`));
    if (answer) return the(answer, "image")["id"];
  }
  const query = new URLSearchParams({
    architecture: text(architecture),
    include_deprecated: "true",
    name: text(wanted),
  });
  const [found] = items(await api.send("GET", `/images?${query.toString()}`), "images");
  if (!found) throw new Error(`image ${text(wanted)} not found`);
  return found["id"];
}

async function sshKeyId({ api }: Hetzner, wanted: Value): Promise<Value> {
  if (/^\d+$/.test(text(wanted))) {
    const answer = await unlessGone(api.send("GET", `/ssh_keys/${text(wanted)}`));
    if (answer) return the(answer, "ssh_key")["id"];
  }
  const [found] = items(await api.send("GET", `/ssh_keys?name=${encodeURIComponent(text(wanted))}`), "ssh_keys");
  if (!found) throw new Error(`SSH key ${text(wanted)} not found`);
  return found["id"];
}

function publicNet(inputs: Values): Values {
  const [net = {}] = items(inputs, "publicNets");
  return compact({
    enable_ipv4: net["ipv4Enabled"] ?? true,
    enable_ipv6: net["ipv6Enabled"] ?? true,
    ipv4: net["ipv4"],
    ipv6: net["ipv6"],
  });
}

async function createBody(client: Hetzner, inputs: Values): Promise<Values> {
  const query = `/server_types?name=${encodeURIComponent(text(inputs["serverType"]))}`;
  const [type] = items(await client.api.send("GET", query), "server_types");
  if (!type) throw new Error(`server type ${text(inputs["serverType"])} not found`);
  const imageNumber = await imageId(client, inputs["image"], type["architecture"]);
  const keys: Value[] = [];
  for (const key of (inputs["sshKeys"] ?? []) as Value[]) keys.push(await sshKeyId(client, key));
  const firewalls = ((inputs["firewallIds"] ?? []) as Value[]).map((firewall) => ({ firewall }));
  return compact({
    name: inputs["name"],
    server_type: type["name"],
    image: imageNumber,
    ssh_keys: keys.length > 0 ? keys : undefined,
    location: inputs["location"],
    datacenter: inputs["datacenter"],
    user_data: inputs["userData"],
    ...labels(inputs),
    firewalls: firewalls.length > 0 ? firewalls : undefined,
    public_net: publicNet(inputs),
  });
}

async function changeProtection(client: Hetzner, id: string, inputs: Values): Promise<void> {
  const body = { delete: inputs["deleteProtection"] === true, rebuild: inputs["rebuildProtection"] === true };
  await settled(client, await client.api.send("POST", `/servers/${id}/actions/change_protection`, body));
}

const get = async ({ api }: Hetzner, id: string): Promise<Values> =>
  the(await api.send("GET", `/servers/${id}`), "server");

export const server: Resource<Hetzner> = {
  token: "hcloud:index/server:Server",
  inputs: {
    name: string(),
    serverType: string({ required: true }),
    image: string({ required: true, replace: true }),
    location: string({ replace: true, computed: true }),
    datacenter: string({ replace: true, computed: true }),
    sshKeys: list(string(), { replace: true, unread: true }),
    userData: string({ replace: true, unread: true }),
    firewallIds: list(number(), { computed: true }),
    publicNets: list(object({ ipv4Enabled: boolean(), ipv6Enabled: boolean(), ipv4: number(), ipv6: number() }), {
      unread: true,
    }),
    labels: map(string()),
    deleteProtection: boolean({ default: false }),
    rebuildProtection: boolean({ default: false }),
    shutdownBeforeDeletion: boolean({ default: false, unread: true }),
    keepDisk: boolean({ default: false, unread: true }),
    allowDeprecatedImages: boolean({ default: false, unread: true }),
    ignoreRemoteFirewallIds: boolean({ default: false, unread: true }),
    backups: boolean({ default: false, unread: true }),
  },
  outputs: { ipv4Address: {}, ipv6Address: {}, ipv6Network: {}, status: {}, primaryDiskSize: {}, backupWindow: {} },
  autoName: true,

  check(inputs) {
    const protections = inputs["deleteProtection"] === inputs["rebuildProtection"];
    if (inputs["backups"] === true) return [{ property: "backups", reason: "the stand-in makes no server backups" }];
    const reason = "deleteProtection and rebuildProtection must have the same value (Hetzner's rule)";
    return protections ? [] : [{ property: "rebuildProtection", reason }];
  },

  async create(client, inputs) {
    const answer = await client.api.send("POST", "/servers", await createBody(client, inputs));
    const created = the(answer, "server");
    const id = text(created["id"]);
    return finishing(id, state(created, keptInputs(inputs)), async () => {
      await settled(client, answer);
      if (inputs["deleteProtection"] === true) await changeProtection(client, id, inputs);
      return state(await get(client, id), keptInputs(inputs));
    });
  },

  async read({ api }, id, old) {
    const answer = await unlessGone(api.send("GET", `/servers/${id}`));
    return answer && state(the(answer, "server"), { ...keptFrom(old), userData: old["userData"] });
  },

  async update(client, id, inputs, old) {
    const refused = FIXED.filter((key) => inputs[key] !== undefined && !equal(inputs[key], old.inputs[key]));
    if (refused.length > 0)
      throw new Error(`the stand-in does not change a running server's ${refused.join(", ")}; replace it`);
    await get(client, id);
    const changed = compact({
      name: equal(inputs["name"], old.inputs["name"]) ? undefined : inputs["name"],
      labels: equal(inputs["labels"], old.inputs["labels"]) ? undefined : (inputs["labels"] ?? {}),
    });
    if (Object.keys(changed).length > 0) await client.api.send("PUT", `/servers/${id}`, changed);
    if (!equal(inputs["deleteProtection"], old.state["deleteProtection"])) await changeProtection(client, id, inputs);
    return state(await get(client, id), keptInputs(inputs));
  },

  async delete(client, id) {
    const answer = await unlessGone(client.api.send("DELETE", `/servers/${id}`));
    if (answer) await settled(client, answer);
  },
};
