import { z } from "zod";
import { parse } from "../api.js";
import type { Call, Router } from "../router.js";
import { allSystemImages, image } from "./catalog.js";
import { assertDeletable, byId, labels, page, type Project } from "./common.js";
import type { SnapshotImageRecord } from "./state.js";

const update = z.strictObject({ description: z.string().optional(), labels: labels.optional() });

export function imageRoutes(router: Router, project: Project): void {
  const { images } = project.state;
  router.on("GET", "/v1/images", (call) => {
    const type = call.query.getAll("type");
    const architecture = call.query.get("architecture");
    const found = allImages(project).filter(
      (i) => (type.length === 0 || type.includes(i.type)) && (architecture === null || architecture === i.architecture),
    );
    // A snapshot has no name; the list's filter wants the field absent rather than null.
    return { status: 200, body: page(call, "images", found.map(named), (i) => i.wire) };
  });
  router.on("GET", "/v1/images/:id", (call) => {
    const all = Object.fromEntries(allImages(project).map((i) => [i.id, i]));
    return { status: 200, body: { image: byId(call, all, "image") } };
  });
  router.on("PUT", "/v1/images/:id", (call) => {
    const record = find(call);
    Object.assign(record, parse(update, call));
    return { status: 200, body: { image: snapshotImage(record) } };
  });
  router.on("POST", "/v1/images/:id/actions/change_protection", (call) => {
    const record = find(call);
    record.deleteProtection = parse(z.strictObject({ delete: z.boolean() }), call).delete;
    return {
      status: 201,
      body: { action: project.actions.done("change_protection", [{ id: record.id, type: "image" }]) },
    };
  });
  router.on("DELETE", "/v1/images/:id", (call) => {
    const record = find(call);
    assertDeletable(record.deleteProtection, "image");
    delete images[record.id];
    return { status: 204 };
  });
  function find(call: Call): SnapshotImageRecord {
    return byId(call, images, "image");
  }
}

type WireImage = ReturnType<typeof image>;

function named(wire: WireImage) {
  return { id: wire.id, labels: wire.labels, wire, ...(wire.name === null ? {} : { name: wire.name }) };
}

/** System images and the project's snapshots, in Hetzner's form. */
export function allImages(project: Project): WireImage[] {
  return [...allSystemImages(), ...Object.values(project.state.images).map(snapshotImage)];
}

/** A snapshot in Hetzner's form. The record only: the lab keeps no copy of the disk. */
export function snapshotImage(record: SnapshotImageRecord): WireImage {
  return image({
    id: record.id,
    type: "snapshot",
    name: null,
    description: record.description,
    created: record.created,
    created_from: record.server,
    labels: record.labels,
    protection: record.deleteProtection,
    rapidDeploy: false,
  });
}
