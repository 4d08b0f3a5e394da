import { z } from "zod";
import { parse } from "../api.js";
import { ApiError, type Call, type Router } from "../router.js";
import { now } from "../store.js";
import type { BoxSnapshot } from "../types.js";
import { allOf, partOf } from "./box-parts.js";
import { findBox } from "./boxes.js";
import { findBoxType } from "./catalog.js";
import { labels, page, type Project } from "./common.js";
import type { BoxRecord, BoxSnapshotRecord, Labels } from "./state.js";

const create = z.strictObject({ description: z.string().default(""), labels: labels.default({}) });
const update = z.strictObject({ description: z.string().optional(), labels: labels.optional() });
const rollback = z.strictObject({ snapshot: z.union([z.string(), z.number()]).transform(String) });

/** Snapshots of a box: made, listed, deleted and rolled back to by who has the API's token. No SSH account can. */
export function boxSnapshotRoutes(router: Router, project: Project): void {
  const { boxSnapshots } = project.state;
  const base = "/v1/storage_boxes/:id/snapshots";
  const find = (call: Call) => partOf(project, call, boxSnapshots, "storage_box_snapshot");
  router.on("POST", base, async (call) => {
    const box = findBox(project, call);
    const body = parse(create, call);
    const limit = findBoxType(box.type)?.snapshot_limit ?? 0;
    if (manual(project, box).length >= limit)
      throw new ApiError(403, "resource_limit_exceeded", `a ${box.type} has at most ${limit} snapshots`);
    const record = await take(project, box, { ...body, automatic: false });
    const action = project.actions.done("create_snapshot", [{ id: record.id, type: "storage_box_snapshot" }]);
    return { status: 201, body: { snapshot: wire(record), action } };
  });
  router.on("GET", base, (call) => ({
    status: 200,
    body: page(call, "snapshots", allOf(project, call, boxSnapshots), wire),
  }));
  router.on("GET", `${base}/:part`, (call) => ({ status: 200, body: { snapshot: wire(find(call)) } }));
  router.on("PUT", `${base}/:part`, (call) => {
    const record = find(call);
    Object.assign(record, parse(update, call));
    return { status: 200, body: { snapshot: wire(record) } };
  });
  router.on("DELETE", `${base}/:part`, async (call) => {
    await drop(project, findBox(project, call), find(call));
    return { status: 201, body: { action: project.actions.done("delete_snapshot", []) } };
  });
  router.on("POST", "/v1/storage_boxes/:id/actions/rollback_snapshot", async (call) => {
    const box = findBox(project, call);
    await rollBack(project, box, allOf(project, call, boxSnapshots), parse(rollback, call).snapshot);
    const action = project.actions.done("rollback_snapshot", [{ id: box.id, type: "storage_box" }]);
    return { status: 201, body: { action } };
  });
}

/** What the plan of each box does once a day, at once. Boxes without a plan get none. */
export async function makeDailySnapshots(project: Project): Promise<void> {
  for (const box of Object.values(project.state.boxes)) {
    if (box.plan === null) continue;
    await take(project, box, { description: "", labels: {}, automatic: true });
    const made = snapshotsOf(project, box).filter(({ automatic }) => automatic);
    const surplus = Math.max(0, made.length - box.plan.max_snapshots);
    for (const oldest of made.slice(0, surplus)) await drop(project, box, oldest);
  }
}

/** The ids grow, so the oldest comes first. */
function snapshotsOf(project: Project, box: BoxRecord): BoxSnapshotRecord[] {
  const all = Object.values(project.state.boxSnapshots).filter((record) => record.box === box.id);
  return all.sort((a, b) => a.id - b.id);
}

function manual(project: Project, box: BoxRecord): BoxSnapshotRecord[] {
  return snapshotsOf(project, box).filter(({ automatic }) => !automatic);
}

async function take(
  project: Project,
  box: BoxRecord,
  given: { description: string; labels: Labels; automatic: boolean },
): Promise<BoxSnapshotRecord> {
  const created = now();
  const name = created.slice(0, 19).replaceAll(":", "-");
  if (snapshotsOf(project, box).some((other) => other.name === name))
    throw new ApiError(409, "conflict", `there is a snapshot '${name}' already: wait a second`);
  const record = { id: project.store.nextId(), created, box: box.id, name, ...given };
  await project.hooks.createBoxSnapshot(hookArgs(box, record));
  project.state.boxSnapshots[record.id] = record;
  return record;
}

async function drop(project: Project, box: BoxRecord, record: BoxSnapshotRecord): Promise<void> {
  await project.hooks.deleteBoxSnapshot(hookArgs(box, record));
  delete project.state.boxSnapshots[record.id];
}

/** As with ZFS, snapshots that are newer than the one go. */
async function rollBack(project: Project, box: BoxRecord, own: BoxSnapshotRecord[], wanted: string): Promise<void> {
  const record = own.find(({ id, name }) => String(id) === wanted || name === wanted);
  if (!record) throw new ApiError(404, "not_found", `storage_box_snapshot '${wanted}' not found`);
  await project.hooks.rollBackBox(hookArgs(box, record));
  for (const newer of own.filter(({ id }) => id > record.id)) await drop(project, box, newer);
}

function hookArgs(box: BoxRecord, { name }: { name: string }): BoxSnapshot {
  return { boxId: box.id, username: box.username, name };
}

function wire(record: BoxSnapshotRecord) {
  const { box, automatic, ...rest } = record;
  return { ...rest, stats: { size: 0, size_filesystem: 0 }, is_automatic: automatic, storage_box: box };
}
