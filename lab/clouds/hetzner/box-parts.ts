import { z } from "zod";
import { parse } from "../api.js";
import { ApiError, type Call, type Router } from "../router.js";
import { now } from "../store.js";
import { findBox, password } from "./boxes.js";
import { findBoxType } from "./catalog.js";
import { byId, invalid, labels, page, type Project } from "./common.js";
import type { SubaccountRecord } from "./state.js";

const off = z.boolean().default(false);
const access = z.strictObject({
  reachable_externally: off,
  readonly: off,
  samba_enabled: off,
  ssh_enabled: off,
  webdav_enabled: off,
});
const createSubaccount = z.strictObject({
  name: z.string().optional(),
  home_directory: z
    .string()
    .min(1)
    .regex(/^[\w./-]+$/),
  password,
  description: z.string().default(""),
  access_settings: access,
  labels: labels.default({}),
});
const updateSubaccount = z.strictObject({
  name: z.string().optional(),
  description: z.string().optional(),
  labels: labels.optional(),
});

export function subaccountRoutes(router: Router, project: Project): void {
  const { subaccounts } = project.state;
  const base = "/v1/storage_boxes/:id/subaccounts";
  const find = (call: Call) => partOf(project, call, subaccounts, "storage_box_subaccount");
  router.on("POST", base, async (call) => {
    const record = await addSubaccount(project, call);
    const action = project.actions.done("create_subaccount", [{ id: record.id, type: "storage_box_subaccount" }]);
    return { status: 201, body: { subaccount: { id: record.id, storage_box: record.box }, action } };
  });
  router.on("GET", base, (call) => ({
    status: 200,
    body: page(call, "subaccounts", allOf(project, call, subaccounts), wireSubaccount),
  }));
  router.on("GET", `${base}/:part`, (call) => ({ status: 200, body: { subaccount: wireSubaccount(find(call)) } }));
  router.on("PUT", `${base}/:part`, (call) => {
    const record = find(call);
    Object.assign(record, parse(updateSubaccount, call));
    return { status: 200, body: { subaccount: wireSubaccount(record) } };
  });
  router.on("POST", `${base}/:part/actions/reset_subaccount_password`, async (call) => {
    const record = find(call);
    const body = parse(z.strictObject({ password }), call);
    await project.hooks.setSubaccountPassword(record.box, record.username, body.password);
    return { status: 201, body: { action: project.actions.done("reset_subaccount_password", []) } };
  });
  router.on("DELETE", `${base}/:part`, async (call) => {
    const record = find(call);
    await project.hooks.deleteSubaccount(record.box, record.username);
    delete subaccounts[record.id];
    return { status: 201, body: { action: project.actions.done("delete_subaccount", []) } };
  });
}

async function addSubaccount(project: Project, call: Call): Promise<SubaccountRecord> {
  const box = findBox(project, call);
  if (box.status !== "active") throw new ApiError(423, "locked", "the storage box is still being made");
  const body = parse(createSubaccount, call);
  const limit = findBoxType(box.type)?.subaccounts_limit ?? 0;
  if (allOf(project, call, project.state.subaccounts).length >= limit)
    throw new ApiError(403, "resource_limit_exceeded", `a ${box.type} has at most ${limit} sub-accounts`);
  if (body.home_directory.split("/").includes("..")) throw invalid("home_directory", "it must stay inside the box");
  box.subaccountsMade += 1;
  const username = `${box.username}-sub${box.subaccountsMade}`;
  await project.hooks.createSubaccount({
    boxId: box.id,
    username,
    password: body.password,
    homeDirectory: body.home_directory,
    readonly: body.access_settings.readonly,
    sshEnabled: body.access_settings.ssh_enabled,
  });
  const id = project.store.nextId();
  const record: SubaccountRecord = {
    id,
    created: now(),
    labels: body.labels,
    box: box.id,
    name: body.name ?? username,
    username,
    server: `${username}.box.${project.domain}`,
    homeDirectory: body.home_directory,
    description: body.description,
    access: body.access_settings,
  };
  project.state.subaccounts[id] = record;
  return record;
}

/** The sub-accounts or snapshots of the path's box. */
export function allOf<T extends { box: number }>(project: Project, call: Call, records: Record<string, T>): T[] {
  const box = findBox(project, call);
  return Object.values(records).filter((record) => record.box === box.id);
}

/** The one of them that the path's `:part` names, or 404. */
export function partOf<T extends { id: number; box: number }>(
  project: Project,
  call: Call,
  records: Record<string, T>,
  what: string,
): T {
  const own = allOf(project, call, records);
  return byId(call, Object.fromEntries(own.map((record) => [record.id, record])), what, "part");
}

function wireSubaccount(record: SubaccountRecord) {
  const { box, homeDirectory, access: settings, ...rest } = record;
  return { ...rest, home_directory: homeDirectory, access_settings: settings, storage_box: box };
}
