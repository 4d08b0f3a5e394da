import { z } from "zod";
import { parse } from "../api.js";
import type { Call, Router } from "../router.js";
import { now } from "../store.js";
import { findLocation, findServerType, wireDatacenter, wireLocation } from "./catalog.js";
import { assertDeletable, assertUnique, byId, invalid, labels, page, type Project } from "./common.js";
import { allImages, snapshotImage } from "./images.js";
import type { ServerRecord, SshKeyRecord } from "./state.js";

const idOrName = z.union([z.number(), z.string()]).transform(String);
const hostname = z
  .string()
  .regex(/^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i);
const create = z.strictObject({
  name: hostname,
  server_type: idOrName,
  image: idOrName,
  ssh_keys: z.array(idOrName).default([]),
  location: z.string().default("nbg1"), // `datacenter` was removed from the API
  user_data: z
    .string()
    .max(32 * 1024)
    .default(""),
  labels: labels.default({}),
  firewalls: z.array(z.strictObject({ firewall: z.number() })).default([]),
  // Strict: `ipv4` or `ipv6` (a Primary IP) is refused by name, for the lab gives addresses itself.
  public_net: z.strictObject({ enable_ipv4: z.literal(true), enable_ipv6: z.boolean() }).optional(),
  start_after_create: z.literal(true).optional(),
});
const update = z.strictObject({ name: hostname.optional(), labels: labels.optional() });
const createImage = z.strictObject({
  type: z.literal("snapshot"),
  description: z.string().default(""),
  labels: labels.default({}),
});
const protect = z.strictObject({ delete: z.boolean().optional(), rebuild: z.boolean().optional() });

export function serverRoutes(router: Router, project: Project): void {
  const { servers } = project.state;
  const wire = (server: ServerRecord) => wireServer(project, server);
  const find = (call: Call) => byId(call, servers, "server");
  router.on("POST", "/v1/servers", (call) => createServer(project, parse(create, call)));
  router.on("GET", "/v1/servers", (call) => ({
    status: 200,
    body: page(call, "servers", Object.values(servers), wire),
  }));
  router.on("GET", "/v1/servers/:id", (call) => ({ status: 200, body: { server: wire(find(call)) } }));
  router.on("PUT", "/v1/servers/:id", (call) => {
    const server = find(call);
    const body = parse(update, call);
    if (body.name !== undefined) assertUnique(body.name, Object.values(servers), server.id);
    Object.assign(server, body);
    return { status: 200, body: { server: wire(server) } };
  });
  router.on("DELETE", "/v1/servers/:id", async (call) => {
    const server = find(call);
    assertDeletable(server.protection.delete, "server");
    await project.hooks.deleteServer(server.id);
    delete servers[server.id];
    return { status: 200, body: { action: project.actions.done("delete_server", []) } };
  });
  serverActionRoutes(router, project, find);
}

function serverActionRoutes(router: Router, project: Project, find: (call: Call) => ServerRecord): void {
  router.on("POST", "/v1/servers/:id/actions/change_protection", (call) => {
    const server = find(call);
    Object.assign(server.protection, parse(protect, call));
    return {
      status: 201,
      body: { action: project.actions.done("change_protection", [{ id: server.id, type: "server" }]) },
    };
  });
  router.on("POST", "/v1/servers/:id/actions/create_image", (call) => {
    const server = find(call);
    const { description, labels: given } = parse(createImage, call);
    const id = project.store.nextId();
    const record = {
      id,
      created: now(),
      labels: given,
      description,
      server: { id: server.id, name: server.name },
      deleteProtection: false,
    };
    project.state.images[id] = record;
    const action = project.actions.done("create_image", [{ id: server.id, type: "server" }]);
    return { status: 201, body: { action, image: snapshotImage(record) } };
  });
}

/** Answers when the host has an address, with an action that runs until the host has booted. */
async function createServer(project: Project, body: z.output<typeof create>) {
  const { state, hooks } = project;
  assertUnique(body.name, Object.values(state.servers));
  const { type, image, keys } = resolve(project, body);
  const id = project.store.nextId();
  const { ipv4 } = await hooks.createServer({
    id,
    name: body.name,
    userData: body.user_data,
    sshKeys: keys.map((key) => key.public_key),
    image: image.name ?? "debian-12",
  });
  const server: ServerRecord = {
    id,
    created: now(),
    labels: body.labels,
    name: body.name,
    status: "initializing",
    serverType: type.name,
    location: body.location,
    image: image.id,
    ipv4,
    firewalls: body.firewalls.map((f) => f.firewall),
    protection: { delete: false, rebuild: false },
  };
  state.servers[id] = server;
  const action = project.actions.start("create_server", [{ id, type: "server" }], hooks.serverReady(id), () => {
    server.status = "running";
  });
  return {
    status: 201,
    body: { server: wireServer(project, server), action: { ...action }, next_actions: [], root_password: null },
  };
}

function resolve(project: Project, body: z.output<typeof create>) {
  const type = findServerType(body.server_type);
  if (!type) throw invalid("server_type", `server type '${body.server_type}' not found`);
  if (!findLocation(body.location)) throw invalid("location", `location '${body.location}' not found`);
  if (!type.locations.some((l) => l.name === body.location))
    throw invalid("location", `server type '${type.name}' is not available in '${body.location}'`);
  const image = allImages(project).find((i) => String(i.id) === body.image || i.name === body.image);
  if (!image) throw invalid("image", `image '${body.image}' not found`);
  if (image.type === "snapshot") throw invalid("image", "the lab keeps no disk of a snapshot: boot a system image");
  for (const { firewall } of body.firewalls)
    if (!project.state.firewalls[firewall]) throw invalid("firewalls", `firewall '${firewall}' not found`);
  const keys = body.ssh_keys.map((wanted): SshKeyRecord => {
    const key = Object.values(project.state.sshKeys).find((k) => String(k.id) === wanted || k.name === wanted);
    if (!key) throw invalid("ssh_keys", `SSH key '${wanted}' not found`);
    return key;
  });
  return { type, image, keys };
}

function wireServer(project: Project, server: ServerRecord): unknown {
  const type = findServerType(server.serverType);
  return {
    id: server.id,
    name: server.name,
    status: server.status,
    created: server.created,
    public_net: {
      ipv4: { id: server.id, ip: server.ipv4, blocked: false, dns_ptr: `${server.name}.${project.domain}` },
      ipv6: { id: server.id, ip: "2001:db8::/64", blocked: false, dns_ptr: [] },
      floating_ips: [],
      firewalls: server.firewalls.map((id) => ({ id, status: "applied" })),
    },
    private_net: [],
    server_type: type,
    datacenter: wireDatacenter(server.location),
    location: wireLocation(server.location),
    image: allImages(project).find((i) => i.id === server.image) ?? null,
    iso: null,
    rescue_enabled: false,
    locked: false,
    backup_window: null,
    outgoing_traffic: 0,
    ingoing_traffic: 0,
    included_traffic: type?.included_traffic,
    protection: server.protection,
    labels: server.labels,
    volumes: [],
    load_balancers: [],
    primary_disk_size: type?.disk,
    placement_group: null,
  };
}
