import { z } from "zod";
import { parse } from "../api.js";
import { type Call, type Router } from "../router.js";
import { now } from "../store.js";
import { findBoxType, findLocation, wireLocation } from "./catalog.js";
import { assertDeletable, assertUnique, byId, invalid, labels, page, type Project } from "./common.js";
import type { BoxRecord } from "./state.js";

/** Hetzner's rule for a box's password: 12 to 128 characters with an upper and a lower case letter, a digit and a special character. */
export const password = z
  .string()
  .min(12)
  .max(128)
  .refine((p) => [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z0-9]/].every((kind) => kind.test(p)), {
    error: "the password needs an upper and a lower case letter, a digit and a special character",
  });

const off = z.boolean().default(false); // every way in is closed unless asked for
const access = z.strictObject({
  reachable_externally: off,
  samba_enabled: off,
  ssh_enabled: off,
  webdav_enabled: off,
  zfs_enabled: off,
});
const on = z.boolean().optional();
const accessChange = z.strictObject({
  reachable_externally: on,
  samba_enabled: on,
  ssh_enabled: on,
  webdav_enabled: on,
  zfs_enabled: on,
});
const create = z.strictObject({
  name: z.string().min(1),
  storage_box_type: z.union([z.string(), z.number()]).transform(String),
  location: z.string(),
  labels: labels.default({}),
  password,
  access_settings: access.default({
    reachable_externally: false,
    samba_enabled: false,
    ssh_enabled: false,
    webdav_enabled: false,
    zfs_enabled: false,
  }),
  // `ssh_keys` is left out on purpose: changing it replaces the box, so the program never sends it.
});
const update = z.strictObject({ name: z.string().min(1).optional(), labels: labels.optional() });
const plan = z.strictObject({
  max_snapshots: z.int().min(1),
  minute: z.int().min(0).max(59),
  hour: z.int().min(0).max(23),
  day_of_week: z.int().min(0).max(7).nullable().default(null),
  day_of_month: z.int().min(1).max(31).nullable().default(null),
});

export function boxRoutes(router: Router, project: Project): void {
  const { boxes } = project.state;
  router.on("POST", "/v1/storage_boxes", (call) => createBox(project, parse(create, call)));
  router.on("GET", "/v1/storage_boxes", (call) => ({
    status: 200,
    body: page(call, "storage_boxes", Object.values(boxes), wireBox),
  }));
  router.on("GET", "/v1/storage_boxes/:id", (call) => ({
    status: 200,
    body: { storage_box: wireBox(findBox(project, call)) },
  }));
  router.on("PUT", "/v1/storage_boxes/:id", (call) => {
    const box = findBox(project, call);
    const body = parse(update, call);
    if (body.name !== undefined) assertUnique(body.name, Object.values(boxes), box.id);
    Object.assign(box, body);
    return { status: 200, body: { storage_box: wireBox(box) } };
  });
  router.on("DELETE", "/v1/storage_boxes/:id", async (call) => {
    const box = findBox(project, call);
    assertDeletable(box.deleteProtection, "storage box");
    await project.hooks.deleteBox(box.id);
    forget(project, box.id);
    return { status: 201, body: { action: project.actions.done("delete", []) } };
  });
  boxActionRoutes(router, project);
}

function boxActionRoutes(router: Router, project: Project): void {
  const action = (name: string, change: (box: BoxRecord, call: Call) => void | Promise<void>) => {
    router.on("POST", `/v1/storage_boxes/:id/actions/${name}`, async (call) => {
      const box = findBox(project, call);
      await change(box, call);
      return { status: 201, body: { action: project.actions.done(name, [{ id: box.id, type: "storage_box" }]) } };
    });
  };
  action("change_protection", (box, call) => {
    box.deleteProtection = parse(z.strictObject({ delete: z.boolean() }), call).delete;
  });
  action("enable_snapshot_plan", (box, call) => {
    const wanted = parse(plan, call);
    const limit = findBoxType(box.type)?.automatic_snapshot_limit ?? 0;
    if (wanted.max_snapshots > limit) throw invalid("max_snapshots", `a ${box.type} keeps at most ${limit}`);
    box.plan = wanted;
  });
  action("disable_snapshot_plan", (box) => {
    box.plan = null;
  });
  action("update_access_settings", (box, call) => changeAccess(project, box, parse(accessChange, call)));
}

/** Which doors are open is settled when the lab makes the box; whether snapshots are shown may change. */
async function changeAccess(project: Project, box: BoxRecord, change: z.output<typeof accessChange>): Promise<void> {
  const { zfs_enabled: visible, ...doors } = change;
  if (Object.entries(doors).some(([door, open]) => box.access[door as keyof typeof doors] !== open))
    throw invalid("access_settings", "the lab's boxes keep the doors they were made with");
  if (visible === undefined || visible === box.access.zfs_enabled) return;
  await project.hooks.showBoxSnapshots(box.id, box.username, visible);
  box.access.zfs_enabled = visible;
}

/** The box of the path's `:id`, or 404. */
export function findBox(project: Project, call: Call): BoxRecord {
  return byId(call, project.state.boxes, "storage_box");
}

/** Answers at once, with an action that runs until the box's sshd answers. */
function createBox(project: Project, body: z.output<typeof create>) {
  const { boxes } = project.state;
  assertUnique(body.name, Object.values(boxes));
  const type = findBoxType(body.storage_box_type);
  if (!type) throw invalid("storage_box_type", `storage box type '${body.storage_box_type}' not found`);
  if (findLocation(body.location)?.network_zone !== "eu-central")
    throw invalid("location", `storage boxes are not available in '${body.location}'`);
  const id = project.store.nextId();
  const username = `u${id}`;
  const box: BoxRecord = {
    id,
    created: now(),
    labels: body.labels,
    name: body.name,
    status: "initializing",
    username,
    server: `${username}.box.${project.domain}`,
    type: type.name,
    location: body.location,
    access: body.access_settings,
    deleteProtection: false,
    plan: null,
    subaccountsMade: 0,
  };
  boxes[id] = box;
  const made = project.hooks.createBox({ id, username, password: body.password, sshEnabled: box.access.ssh_enabled });
  const work = made.then(async (answer) => {
    if (box.access.zfs_enabled) await project.hooks.showBoxSnapshots(id, username, true);
    return answer;
  });
  const action = project.actions.start("create", [{ id, type: "storage_box" }], work, ({ server }) => {
    Object.assign(box, { status: "active", server });
  });
  return { status: 201, body: { storage_box: wireBox(box), action: { ...action } } };
}

/** A box takes its sub-accounts and snapshots with it. */
function forget(project: Project, box: number): void {
  const { boxes, subaccounts, boxSnapshots } = project.state;
  delete boxes[box];
  for (const records of [subaccounts, boxSnapshots] as Record<string, { box: number }>[])
    for (const [id, record] of Object.entries(records)) if (record.box === box) delete records[id];
}

function wireBox(box: BoxRecord): unknown {
  return {
    id: box.id,
    username: box.username,
    status: box.status,
    name: box.name,
    storage_box_type: findBoxType(box.type),
    location: wireLocation(box.location),
    access_settings: box.access,
    server: box.server,
    system: "FSN1-BX355",
    stats: { size: 0, size_data: 0, size_snapshots: 0 },
    labels: box.labels,
    protection: { delete: box.deleteProtection },
    snapshot_plan: box.plan,
    created: box.created,
  };
}
