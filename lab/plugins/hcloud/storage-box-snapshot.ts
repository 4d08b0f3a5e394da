import { finishing, type Resource } from "../shared/resource.js";
import { unlessGone } from "../shared/rest.js";
import { map, number, string } from "../shared/schema.js";
import { text, compact, type Values } from "../shared/values.js";
import { labels, labelState, settled, the, type Hetzner } from "./client.js";

const path = (values: Values, id: string): string => `/storage_boxes/${text(values["storageBoxId"])}/snapshots/${id}`;

const state = (snapshot: Values, kept: Values): Values =>
  compact({
    storageBoxId: snapshot["storage_box"] ?? kept["storageBoxId"],
    description: snapshot["description"],
    name: snapshot["name"],
    isAutomatic: snapshot["is_automatic"],
    ...labelState(snapshot),
  });

export const storageBoxSnapshot: Resource<Hetzner> = {
  token: "hcloud:index/storageBoxSnapshot:StorageBoxSnapshot",
  inputs: { storageBoxId: number({ required: true, replace: true }), description: string(), labels: map(string()) },
  outputs: { name: {}, isAutomatic: {} },

  async create(client, inputs) {
    const body = compact({ description: inputs["description"], ...labels(inputs) });
    const answer = await client.api.send("POST", `/storage_boxes/${text(inputs["storageBoxId"])}/snapshots`, body);
    const created = the(answer, "snapshot");
    const id = text(created["id"]);
    return finishing(id, state(created, inputs), async () => {
      await settled(client, answer);
      return state(the(await client.api.send("GET", path(inputs, id)), "snapshot"), inputs);
    });
  },

  async read({ api }, id, old) {
    const answer = await unlessGone(api.send("GET", path(old, id)));
    return answer && state(the(answer, "snapshot"), old);
  },

  async update({ api }, id, inputs) {
    const body = { description: inputs["description"] ?? "", labels: inputs["labels"] ?? {} };
    return state(the(await api.send("PUT", path(inputs, id), body), "snapshot"), inputs);
  },

  async delete(client, id, old) {
    const answer = await unlessGone(client.api.send("DELETE", path(old, id)));
    if (answer) await settled(client, answer);
  },
};
