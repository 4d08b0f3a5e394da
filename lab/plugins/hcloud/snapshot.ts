import { finishing, type Resource } from "../shared/resource.js";
import { unlessGone } from "../shared/rest.js";
import { map, number, string } from "../shared/schema.js";
import { text, compact, isObject, type Values } from "../shared/values.js";
import { labels, labelState, settled, the, type Hetzner } from "./client.js";

const state = (image: Values): Values =>
  compact({
    serverId: isObject(image["created_from"]) ? image["created_from"]["id"] : undefined,
    description: image["description"],
    ...labelState(image),
  });

export const snapshot: Resource<Hetzner> = {
  token: "hcloud:index/snapshot:Snapshot",
  inputs: { serverId: number({ required: true, replace: true }), description: string(), labels: map(string()) },
  outputs: {},

  async create(client, inputs) {
    const body = compact({ type: "snapshot", description: inputs["description"], ...labels(inputs) });
    const answer = await client.api.send("POST", `/servers/${text(inputs["serverId"])}/actions/create_image`, body);
    const image = the(answer, "image");
    const id = text(image["id"]);
    return finishing(id, state(image), async () => {
      await settled(client, answer);
      return state(the(await client.api.send("GET", `/images/${id}`), "image"));
    });
  },

  async read({ api }, id) {
    const answer = await unlessGone(api.send("GET", `/images/${id}`));
    return answer && state(the(answer, "image"));
  },

  async update({ api }, id, inputs) {
    const body = { description: inputs["description"] ?? "", labels: inputs["labels"] ?? {} };
    return state(the(await api.send("PUT", `/images/${id}`, body), "image"));
  },

  async delete({ api }, id) {
    await unlessGone(api.send("DELETE", `/images/${id}`));
  },
};
