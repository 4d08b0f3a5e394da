import { finishing, type Resource } from "../shared/resource.js";
import { unlessGone } from "../shared/rest.js";
import { map, number, string } from "../shared/schema.js";
import { text, compact, equal, type Values } from "../shared/values.js";
import { accessFromWire, accessSettings, accessToWire } from "./access-settings.js";
import { labels, labelState, settled, the, type Hetzner } from "./client.js";

const path = (values: Values, id: string): string => `/storage_boxes/${text(values["storageBoxId"])}/subaccounts/${id}`;

/** `kept` holds the password, which the API never tells, and the box, which some answers leave out. */
const state = (account: Values, kept: Values): Values =>
  compact({
    storageBoxId: account["storage_box"] ?? kept["storageBoxId"],
    name: account["name"],
    homeDirectory: account["home_directory"],
    description: account["description"],
    accessSettings: accessFromWire(account["access_settings"]),
    server: account["server"],
    username: account["username"],
    ...labelState(account),
    password: kept["password"],
  });

export const storageBoxSubaccount: Resource<Hetzner> = {
  token: "hcloud:index/storageBoxSubaccount:StorageBoxSubaccount",
  inputs: {
    storageBoxId: number({ required: true, replace: true }),
    name: string(),
    homeDirectory: string({ required: true }),
    password: string({ required: true, secret: true, unread: true }),
    description: string(),
    accessSettings: accessSettings("reachableExternally", "readonly", "sambaEnabled", "sshEnabled", "webdavEnabled"),
    labels: map(string()),
  },
  outputs: { server: {}, username: {} },
  autoName: true,

  async create(client, inputs) {
    const body = compact({
      name: inputs["name"],
      home_directory: inputs["homeDirectory"],
      password: inputs["password"],
      description: inputs["description"],
      ...labels(inputs),
      access_settings: inputs["accessSettings"] === undefined ? undefined : accessToWire(inputs["accessSettings"]),
    });
    const answer = await client.api.send("POST", `/storage_boxes/${text(inputs["storageBoxId"])}/subaccounts`, body);
    const created = the(answer, "subaccount");
    const id = text(created["id"]);
    return finishing(id, state(created, inputs), async () => {
      await settled(client, answer);
      return state(the(await client.api.send("GET", path(inputs, id)), "subaccount"), inputs);
    });
  },

  async read({ api }, id, old) {
    const answer = await unlessGone(api.send("GET", path(old, id)));
    return answer && state(the(answer, "subaccount"), old);
  },

  async update(client, id, inputs, old) {
    const { api } = client;
    const differs = (key: string): boolean => inputs[key] !== undefined && !equal(inputs[key], old.state[key]);
    const act = async (action: string, body: Values): Promise<void> => {
      await settled(client, await api.send("POST", `${path(inputs, id)}/actions/${action}`, body));
    };
    if (differs("homeDirectory")) await act("change_home_directory", { home_directory: inputs["homeDirectory"] });
    if (differs("password")) await act("reset_subaccount_password", { password: inputs["password"] });
    if (differs("accessSettings")) await act("update_access_settings", accessToWire(inputs["accessSettings"]));
    const body = compact({
      name: differs("name") ? inputs["name"] : undefined,
      description: equal(inputs["description"] ?? "", old.state["description"] ?? "")
        ? undefined
        : (inputs["description"] ?? ""),
      labels: equal(inputs["labels"], old.state["labels"]) ? undefined : (inputs["labels"] ?? {}),
    });
    return state(the(await api.send("PUT", path(inputs, id), body), "subaccount"), inputs);
  },

  async delete(client, id, old) {
    const answer = await unlessGone(client.api.send("DELETE", path(old, id)));
    if (answer) await settled(client, answer);
  },
};
