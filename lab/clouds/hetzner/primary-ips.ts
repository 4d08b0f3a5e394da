import { z } from "zod";
import { parse } from "../api.js";
import type { Router } from "../router.js";
import { now } from "../store.js";
import { findLocation, wireDatacenter, wireLocation } from "./catalog.js";
import { assertDeletable, assertUnique, byId, invalid, labels, page, type Project } from "./common.js";
import type { PrimaryIpRecord } from "./state.js";

const create = z.strictObject({
  name: z.string().min(1),
  type: z.enum(["ipv4", "ipv6"]),
  labels: labels.default({}),
  auto_delete: z.boolean().default(false),
  assignee_type: z.literal("server").optional(),
  location: z.string(), // `datacenter` was removed from the API
});
const update = z.strictObject({
  name: z.string().min(1).optional(),
  labels: labels.optional(),
  auto_delete: z.boolean().optional(),
});

/** Primary IPs can be made and kept; the lab gives its hosts addresses itself, so assigning one to a server is refused there. */
export function primaryIpRoutes(router: Router, project: Project): void {
  const { primaryIps } = project.state;
  router.on("POST", "/v1/primary_ips", (call) => {
    const body = parse(create, call);
    assertUnique(body.name, Object.values(primaryIps));
    if (!findLocation(body.location)) throw invalid("location", `location '${body.location}' not found`);
    const id = project.store.nextId();
    const record: PrimaryIpRecord = {
      id,
      created: now(),
      labels: body.labels,
      name: body.name,
      type: body.type,
      ip: body.type === "ipv4" ? `203.0.113.${id % 254}` : `2001:db8:${id.toString(16)}::/64`, // documentation ranges
      location: body.location,
      autoDelete: body.auto_delete,
      deleteProtection: false,
    };
    primaryIps[id] = record;
    return { status: 201, body: { primary_ip: wire(record), actions: [], action: null } };
  });
  router.on("GET", "/v1/primary_ips", (call) => ({
    status: 200,
    body: page(call, "primary_ips", Object.values(primaryIps), wire),
  }));
  router.on("GET", "/v1/primary_ips/:id", (call) => ({
    status: 200,
    body: { primary_ip: wire(byId(call, primaryIps, "primary_ip")) },
  }));
  router.on("PUT", "/v1/primary_ips/:id", (call) => {
    const record = byId(call, primaryIps, "primary_ip");
    const body = parse(update, call);
    if (body.name !== undefined) assertUnique(body.name, Object.values(primaryIps), record.id);
    if (body.auto_delete !== undefined) record.autoDelete = body.auto_delete;
    Object.assign(record, { name: body.name ?? record.name, labels: body.labels ?? record.labels });
    return { status: 200, body: { primary_ip: wire(record) } };
  });
  router.on("POST", "/v1/primary_ips/:id/actions/change_protection", (call) => {
    const record = byId(call, primaryIps, "primary_ip");
    record.deleteProtection = parse(z.strictObject({ delete: z.boolean() }), call).delete;
    return {
      status: 201,
      body: { action: project.actions.done("change_protection", [{ id: record.id, type: "primary_ip" }]) },
    };
  });
  router.on("DELETE", "/v1/primary_ips/:id", (call) => {
    const record = byId(call, primaryIps, "primary_ip");
    assertDeletable(record.deleteProtection, "primary IP");
    delete primaryIps[record.id];
    return { status: 204 };
  });
}

function wire(record: PrimaryIpRecord): unknown {
  const { id, created, labels, ip, name, type, location } = record;
  return {
    id,
    created,
    labels,
    ip,
    assignee_id: null,
    assignee_type: "server",
    blocked: false,
    dns_ptr: [],
    protection: { delete: record.deleteProtection },
    location: wireLocation(location),
    datacenter: wireDatacenter(location),
    name,
    type,
    auto_delete: record.autoDelete,
  };
}
