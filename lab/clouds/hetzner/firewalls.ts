import { z } from "zod";
import { parse } from "../api.js";
import { ApiError, type Call, type Router } from "../router.js";
import { now } from "../store.js";
import { assertUnique, byId, invalid, labels, page, type Project } from "./common.js";
import type { FirewallRecord } from "./state.js";

const cidrs = z.array(z.union([z.cidrv4(), z.cidrv6()])).max(100);
const rule = z
  .strictObject({
    direction: z.enum(["in", "out"]),
    protocol: z.enum(["tcp", "udp", "icmp", "esp", "gre"]),
    port: z
      .string()
      .regex(/^(any|\d{1,5}(-\d{1,5})?)$/)
      .nullish(),
    source_ips: cidrs.default([]),
    destination_ips: cidrs.default([]),
    description: z.string().max(255).nullish(),
  })
  .refine((r) => (r.protocol === "tcp" || r.protocol === "udp") === (typeof r.port === "string"), {
    error: "tcp and udp rules have a port, others have none",
  })
  .refine((r) => (r.direction === "in" ? r.source_ips : r.destination_ips).length > 0, {
    error: "an in rule has source_ips, an out rule destination_ips",
  })
  .transform((r) => ({ ...r, port: r.port ?? null, description: r.description ?? null }));
const rules = z.array(rule).max(50);
const create = z.strictObject({ name: z.string().min(1), labels: labels.default({}), rules: rules.default([]) });
const update = z.strictObject({ name: z.string().min(1).optional(), labels: labels.optional() });
const attach = z
  .array(z.strictObject({ type: z.literal("server"), server: z.strictObject({ id: z.number() }) }))
  .min(1);

export function firewallRoutes(router: Router, project: Project): void {
  const { firewalls } = project.state;
  const find = (call: Call) => byId(call, firewalls, "firewall");
  const wire = (firewall: FirewallRecord) => ({ ...firewall, applied_to: appliedTo(project, firewall.id) });
  router.on("POST", "/v1/firewalls", (call) => {
    const body = parse(create, call);
    assertUnique(body.name, Object.values(firewalls));
    const id = project.store.nextId();
    const firewall = { id, created: now(), ...body };
    firewalls[id] = firewall;
    return { status: 201, body: { firewall: wire(firewall), actions: [] } };
  });
  router.on("GET", "/v1/firewalls", (call) => ({
    status: 200,
    body: page(call, "firewalls", Object.values(firewalls), wire),
  }));
  router.on("GET", "/v1/firewalls/:id", (call) => ({ status: 200, body: { firewall: wire(find(call)) } }));
  router.on("PUT", "/v1/firewalls/:id", (call) => {
    const firewall = find(call);
    const body = parse(update, call);
    if (body.name !== undefined) assertUnique(body.name, Object.values(firewalls), firewall.id);
    Object.assign(firewall, body);
    return { status: 200, body: { firewall: wire(firewall) } };
  });
  router.on("POST", "/v1/firewalls/:id/actions/set_rules", async (call) => {
    const firewall = find(call);
    firewall.rules = parse(z.strictObject({ rules }), call).rules;
    for (const { server } of appliedTo(project, firewall.id)) await enforce(project, server.id);
    return {
      status: 201,
      body: { actions: [project.actions.done("set_firewall_rules", [{ id: firewall.id, type: "firewall" }])] },
    };
  });
  attachmentRoutes(router, project, find);
  router.on("DELETE", "/v1/firewalls/:id", (call) => {
    const firewall = find(call);
    if (appliedTo(project, firewall.id).length > 0)
      throw new ApiError(422, "resource_in_use", `firewall with ID '${firewall.id}' is still in use`);
    delete firewalls[firewall.id];
    return { status: 204 };
  });
}

function attachmentRoutes(router: Router, project: Project, find: (call: Call) => FirewallRecord): void {
  const change = async (call: Call, field: "apply_to" | "remove_from", command: string) => {
    const firewall = find(call);
    const servers = parse(z.strictObject({ [field]: attach }), call)[field] ?? [];
    const actions = servers.map(({ server: { id } }) => {
      const server = project.state.servers[id];
      if (!server) throw invalid(field, `server '${id}' not found`);
      server.firewalls = server.firewalls.filter((f) => f !== firewall.id);
      if (field === "apply_to") server.firewalls.push(firewall.id);
      return project.actions.done(command, [
        { id: firewall.id, type: "firewall" },
        { id, type: "server" },
      ]);
    });
    for (const { server } of servers) await enforce(project, server.id);
    return { status: 201, body: { actions } };
  };
  router.on("POST", "/v1/firewalls/:id/actions/apply_to_resources", (call) =>
    change(call, "apply_to", "apply_firewall"),
  );
  router.on("POST", "/v1/firewalls/:id/actions/remove_from_resources", (call) =>
    change(call, "remove_from", "remove_firewall"),
  );
}

/** Of all that rules can say the lab enforces the one thing: a server whose firewalls let nothing in is cut off. */
async function enforce({ state, hooks }: Project, id: number): Promise<void> {
  const attached = state.servers[id]!.firewalls.map((firewall) => state.firewalls[firewall]!);
  const open = attached.some((firewall) => firewall.rules.some(({ direction }) => direction === "in"));
  await hooks.isolateServer(id, attached.length > 0 && !open);
}

function appliedTo(project: Project, firewall: number): { type: "server"; server: { id: number } }[] {
  return Object.values(project.state.servers)
    .filter((server) => server.firewalls.includes(firewall))
    .map((server) => ({ type: "server", server: { id: server.id } }) as const);
}
