import { finishing, type Resource } from "../shared/resource.js";
import { unlessGone } from "../shared/rest.js";
import { boolean, list, map, number, object, string } from "../shared/schema.js";
import { text, compact, equal, isObject, type Value, type Values } from "../shared/values.js";
import { accessFromWire, accessSettings, accessToWire } from "./access-settings.js";
import { labels, labelState, settled, the, type Hetzner } from "./client.js";

/** The program counts Sunday as 0, the API as 7. */
const SUNDAY = 7;

function planFromWire(plan: Value): Value {
  if (!isObject(plan)) return undefined;
  return compact({
    maxSnapshots: plan["max_snapshots"],
    minute: plan["minute"],
    hour: plan["hour"],
    dayOfWeek: plan["day_of_week"] === SUNDAY ? 0 : plan["day_of_week"],
    dayOfMonth: plan["day_of_month"],
  });
}

const planToWire = (plan: Values): Values => ({
  max_snapshots: plan["maxSnapshots"],
  minute: plan["minute"],
  hour: plan["hour"],
  day_of_week: plan["dayOfWeek"] === 0 ? SUNDAY : (plan["dayOfWeek"] ?? null),
  day_of_month: plan["dayOfMonth"] ?? null,
});

/** `kept` is what the API never tells: the password and the keys. */
function state(box: Values, kept: Values): Values {
  const name = (value: Value): Value => (isObject(value) ? value["name"] : value);
  return compact({
    name: box["name"],
    storageBoxType: name(box["storage_box_type"]),
    location: name(box["location"]),
    accessSettings: accessFromWire(box["access_settings"]),
    snapshotPlan: planFromWire(box["snapshot_plan"]),
    deleteProtection: isObject(box["protection"]) ? box["protection"]["delete"] : undefined,
    server: box["server"],
    system: box["system"],
    username: box["username"],
    ...labelState(box),
    password: kept["password"],
    sshKeys: kept["sshKeys"],
  });
}

async function act(client: Hetzner, id: string, action: string, body?: Values): Promise<void> {
  await settled(client, await client.api.send("POST", `/storage_boxes/${id}/actions/${action}`, body));
}

async function changePlan(client: Hetzner, id: string, plan: Value): Promise<void> {
  if (isObject(plan)) await act(client, id, "enable_snapshot_plan", planToWire(plan));
  else await act(client, id, "disable_snapshot_plan");
}

/** One action for each thing that differs from the box as it is. */
async function changes(client: Hetzner, id: string, inputs: Values, now: Values): Promise<void> {
  const differs = (key: string): boolean => inputs[key] !== undefined && !equal(inputs[key], now[key]);
  if (differs("deleteProtection")) await act(client, id, "change_protection", { delete: inputs["deleteProtection"] });
  if (!equal(inputs["snapshotPlan"], now["snapshotPlan"])) await changePlan(client, id, inputs["snapshotPlan"]);
  if (differs("storageBoxType")) await act(client, id, "change_type", { storage_box_type: inputs["storageBoxType"] });
  if (differs("password")) await act(client, id, "reset_password", { password: inputs["password"] });
  if (differs("accessSettings"))
    await act(client, id, "update_access_settings", accessToWire(inputs["accessSettings"]));
}

export const storageBox: Resource<Hetzner> = {
  token: "hcloud:index/storageBox:StorageBox",
  inputs: {
    name: string(),
    storageBoxType: string({ required: true }),
    location: string({ required: true, replace: true }),
    password: string({ required: true, secret: true, unread: true }),
    sshKeys: list(string(), { replace: true, unread: true }),
    accessSettings: accessSettings("reachableExternally", "sambaEnabled", "sshEnabled", "webdavEnabled", "zfsEnabled"),
    snapshotPlan: object({
      maxSnapshots: number({ required: true, min: 1 }),
      minute: number({ required: true, min: 0, max: 59 }),
      hour: number({ required: true, min: 0, max: 23 }),
      dayOfWeek: number({ min: 0, max: 6 }),
      dayOfMonth: number({ min: 1, max: 31 }),
    }),
    deleteProtection: boolean({ default: false }),
    labels: map(string()),
  },
  outputs: { server: {}, system: {}, username: {} },
  autoName: true,

  async create(client, inputs) {
    const body = compact({
      name: inputs["name"],
      storage_box_type: inputs["storageBoxType"],
      location: inputs["location"],
      ...labels(inputs),
      password: inputs["password"],
      ssh_keys: inputs["sshKeys"],
      access_settings: inputs["accessSettings"] === undefined ? undefined : accessToWire(inputs["accessSettings"]),
    });
    const answer = await client.api.send("POST", "/storage_boxes", body);
    const created = the(answer, "storage_box");
    const id = text(created["id"]);
    const kept = { password: inputs["password"], sshKeys: inputs["sshKeys"] };
    return finishing(id, state(created, kept), async () => {
      await settled(client, answer);
      if (inputs["deleteProtection"] === true) await act(client, id, "change_protection", { delete: true });
      if (inputs["snapshotPlan"] !== undefined) await changePlan(client, id, inputs["snapshotPlan"]);
      return state(the(await client.api.send("GET", `/storage_boxes/${id}`), "storage_box"), kept);
    });
  },

  async read({ api }, id, old) {
    const answer = await unlessGone(api.send("GET", `/storage_boxes/${id}`));
    return answer && state(the(answer, "storage_box"), old);
  },

  /** The PUT comes last, even when empty: its answer is the new state. */
  async update(client, id, inputs, old) {
    await changes(client, id, inputs, old.state);
    const body = compact({
      name: equal(inputs["name"], old.state["name"]) ? undefined : inputs["name"],
      labels: equal(inputs["labels"], old.state["labels"]) ? undefined : (inputs["labels"] ?? {}),
    });
    return state(the(await client.api.send("PUT", `/storage_boxes/${id}`, body), "storage_box"), inputs);
  },

  /** Lifts the protection by itself: only Pulumi's own `protect` stands before the loss of every backup in the box. */
  async delete(client, id, old) {
    const gone = await unlessGone(
      old["deleteProtection"] === true
        ? act(client, id, "change_protection", { delete: false }).then(() => true)
        : Promise.resolve(true),
    );
    if (gone === undefined) return;
    const answer = await unlessGone(client.api.send("DELETE", `/storage_boxes/${id}`));
    if (answer) await settled(client, answer);
  },
};
