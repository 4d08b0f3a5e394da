import type { Resource } from "../shared/resource.js";
import { unlessGone } from "../shared/rest.js";
import { map, string } from "../shared/schema.js";
import { text, type Values } from "../shared/values.js";
import { labels, labelState, the, type Hetzner } from "./client.js";

/** A missing map of labels means "none" once there were some. */
const state = (key: Values): Values => ({
  name: key["name"],
  publicKey: key["public_key"],
  fingerprint: key["fingerprint"],
  ...labelState(key),
});

export const sshKey: Resource<Hetzner> = {
  token: "hcloud:index/sshKey:SshKey",
  inputs: { name: string(), publicKey: string({ required: true, replace: true }), labels: map(string()) },
  outputs: { fingerprint: {} },
  autoName: true,

  async create({ api }, inputs) {
    const body = { name: inputs["name"], public_key: inputs["publicKey"], ...labels(inputs) };
    const key = the(await api.send("POST", "/ssh_keys", body), "ssh_key");
    return { id: text(key["id"]), outs: state(key) };
  },

  async read({ api }, id) {
    const answer = await unlessGone(api.send("GET", `/ssh_keys/${id}`));
    return answer && state(the(answer, "ssh_key"));
  },

  async update({ api }, id, inputs) {
    const body = { name: inputs["name"], labels: inputs["labels"] ?? {} };
    return state(the(await api.send("PUT", `/ssh_keys/${id}`, body), "ssh_key"));
  },

  async delete({ api }, id) {
    await unlessGone(api.send("DELETE", `/ssh_keys/${id}`));
  },
};
