import { randomBytes } from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import { parse } from "../api.js";
import { ApiError, type Call, param, type Router } from "../router.js";
import { now } from "../store.js";
import { type Account, ok } from "./common.js";

const record = z
  .strictObject({
    type: z.enum(["A", "AAAA", "CNAME", "TXT"]),
    name: z.string().min(1).max(255),
    content: z.string().min(1),
    ttl: z
      .int()
      .refine((ttl) => ttl === 1 || (ttl >= 60 && ttl <= 86400), { error: "ttl is 1 (automatic) or 60 to 86400 s" }),
    proxied: z.boolean().default(false),
    comment: z.string().max(100).nullish(),
    settings: z.strictObject({}).optional(),
    tags: z.array(z.string()).optional(),
  })
  .refine((r) => (r.type === "A" ? isIPv4(r.content) : r.type === "AAAA" ? isIPv6(r.content) : true), {
    error: "Content for A record must be a valid IPv4 address, for AAAA a valid IPv6 address.",
  });

export interface DnsRecord {
  id: string;
  zone: string;
  name: string;
  type: string;
  content: string;
  ttl: number;
  proxied: boolean;
  comment: string | null;
  tags: string[];
  created: string;
  modified: string;
}

export function dnsRoutes(router: Router, account: Account): void {
  const { zones, dns } = account.store.state.cloudflare;
  router.on("GET", "/client/v4/zones", (call) => {
    const name = call.query.get("name");
    return ok(
      Object.keys(zones)
        .filter((zone) => name === null || zone === name)
        .map((zone) => wireZone(account, zone)),
    );
  });
  router.on("GET", "/client/v4/zones/:zone", (call) => ok(wireZone(account, zoneOf(account, call))));
  const base = "/client/v4/zones/:zone/dns_records";
  const find = (call: Call): DnsRecord => {
    const found = dns[param(call, "record")];
    if (!found || found.zone !== zoneOf(account, call)) throw new ApiError(404, "81044", "Record does not exist.");
    return found;
  };
  router.on("POST", base, (call) => {
    const made = { ...read(account, call), id: randomBytes(16).toString("hex"), created: now(), modified: now() };
    dns[made.id] = made;
    return ok(wire(made));
  });
  router.on("GET", base, (call) => {
    const zone = zoneOf(account, call);
    return ok(
      Object.values(dns)
        .filter((r) => r.zone === zone)
        .map(wire),
    );
  });
  router.on("GET", `${base}/:record`, (call) => ok(wire(find(call))));
  router.on("PUT", `${base}/:record`, (call) => {
    const found = find(call);
    Object.assign(found, read(account, call, found.id), { modified: now() });
    return ok(wire(found));
  });
  router.on("DELETE", `${base}/:record`, (call) => {
    const { id } = find(call);
    delete dns[id];
    return ok({ id });
  });
}

function read(account: Account, call: Call, self?: string): Omit<DnsRecord, "id" | "created" | "modified"> {
  const zone = zoneOf(account, call);
  const body = parse(record, call);
  const name =
    body.name === "@"
      ? zone
      : body.name === zone || body.name.endsWith(`.${zone}`)
        ? body.name
        : `${body.name}.${zone}`;
  const others = Object.values(account.store.state.cloudflare.dns).filter((r) => r.id !== self && r.name === name);
  if (others.some((r) => r.type === body.type && r.content === body.content))
    throw new ApiError(400, "81058", "An identical record already exists.");
  if (others.some((r) => r.type === "CNAME" || body.type === "CNAME"))
    throw new ApiError(400, "81053", "An A, AAAA, or CNAME record with that host already exists.");
  const { type, content, ttl, proxied } = body;
  return { zone, name, type, content, ttl, proxied, comment: body.comment ?? null, tags: body.tags ?? [] };
}

/** The name of the zone that the path's `:zone` is the id of. */
function zoneOf(account: Account, call: Call): string {
  const found = Object.entries(account.store.state.cloudflare.zones).find(
    ([, zone]) => zone.id === param(call, "zone"),
  );
  if (!found)
    throw new ApiError(
      404,
      "7003",
      `Could not route to /zones/${param(call, "zone")}, perhaps your object identifier is invalid?`,
    );
  return found[0];
}

function wireZone(account: Account, name: string): unknown {
  const zone = account.store.state.cloudflare.zones[name];
  return {
    id: zone?.id,
    name,
    status: "active",
    account: { id: account.id, name: "lab" },
    name_servers: [],
    created_on: zone?.created,
    modified_on: zone?.created,
    activated_on: zone?.created,
    development_mode: 0,
    original_name_servers: null,
    original_registrar: null,
    original_dnshost: null,
    meta: {},
    owner: {},
    plan: {},
    type: "full",
    paused: false,
    permissions: [],
  };
}

function wire(r: DnsRecord): unknown {
  return {
    id: r.id,
    name: r.name,
    type: r.type,
    content: r.content,
    ttl: r.ttl,
    proxied: r.proxied,
    proxiable: r.type !== "TXT",
    settings: {},
    meta: {},
    comment: r.comment,
    tags: r.tags,
    created_on: r.created,
    modified_on: r.modified,
  };
}
