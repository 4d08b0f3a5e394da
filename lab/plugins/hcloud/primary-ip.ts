import { finishing, type Resource } from "../shared/resource.js";
import { unlessGone } from "../shared/rest.js";
import { boolean, map, number, string } from "../shared/schema.js";
import { text, compact, equal, type Values } from "../shared/values.js";
import { labelState, settled, the, type Hetzner } from "./client.js";

function state(ip: Values): Values {
  const protection = (ip["protection"] ?? {}) as Values;
  const location = (ip["location"] ?? {}) as Values;
  const datacenter = (ip["datacenter"] ?? {}) as Values;
  return compact({
    name: ip["name"],
    type: ip["type"],
    ipAddress: ip["ip"],
    ipNetwork: ip["type"] === "ipv6" ? ip["ip"] : undefined,
    assigneeId: ip["assignee_id"],
    assigneeType: ip["assignee_type"],
    autoDelete: ip["auto_delete"],
    deleteProtection: protection["delete"],
    location: location["name"],
    datacenter: datacenter["name"],
    ...labelState(ip),
  });
}

async function protect(client: Hetzner, id: string, on: boolean): Promise<void> {
  await settled(client, await client.api.send("POST", `/primary_ips/${id}/actions/change_protection`, { delete: on }));
}

export const primaryIp: Resource<Hetzner> = {
  token: "hcloud:index/primaryIp:PrimaryIp",
  inputs: {
    name: string(),
    type: string({ required: true, replace: true, oneOf: ["ipv4", "ipv6"] }),
    location: string({ replace: true, computed: true }),
    datacenter: string({ replace: true, computed: true }),
    assigneeId: number({ computed: true }),
    assigneeType: string({ computed: true, oneOf: ["server"] }),
    autoDelete: boolean(),
    deleteProtection: boolean({ default: false }),
    labels: map(string()),
  },
  outputs: { ipAddress: {}, ipNetwork: {} },
  autoName: true,

  async create(client, inputs) {
    const body = compact({
      name: inputs["name"],
      type: inputs["type"],
      labels: inputs["labels"] ?? {},
      auto_delete: inputs["autoDelete"] ?? false,
      location: inputs["location"],
      datacenter: inputs["datacenter"],
      assignee_id: inputs["assigneeId"],
      assignee_type: inputs["assigneeType"],
    });
    const answer = await settled(client, await client.api.send("POST", "/primary_ips", body));
    const created = the(answer, "primary_ip");
    const id = text(created["id"]);
    return finishing(id, state(created), async () => {
      if (inputs["deleteProtection"] === true) await protect(client, id, true);
      return state(the(await client.api.send("GET", `/primary_ips/${id}`), "primary_ip"));
    });
  },

  async read({ api }, id) {
    const answer = await unlessGone(api.send("GET", `/primary_ips/${id}`));
    return answer && state(the(answer, "primary_ip"));
  },

  async update(client, id, inputs, old) {
    const { api } = client;
    if (inputs["assigneeId"] !== undefined && !equal(inputs["assigneeId"], old.state["assigneeId"])) {
      throw new Error("the stand-in does not assign an existing Primary IP; give it to the server in publicNets");
    }
    if (!equal(inputs["deleteProtection"], old.state["deleteProtection"])) {
      await protect(client, id, inputs["deleteProtection"] === true);
    }
    await api.send("PUT", `/primary_ips/${id}`, {
      name: inputs["name"],
      labels: inputs["labels"] ?? {},
      auto_delete: inputs["autoDelete"] ?? false,
    });
    return state(the(await api.send("GET", `/primary_ips/${id}`), "primary_ip"));
  },

  async delete({ api }, id) {
    await unlessGone(api.send("DELETE", `/primary_ips/${id}`));
  },
};
