import type { Call, Router } from "../router.js";
import { byId, page } from "./common.js";

/** Hetzner's locations, with the one data centre that new resources of each get. */
const locations = [
  location(1, "fsn1", "Falkenstein", "DE", 50.47612, 12.370071, "eu-central", { id: 4, name: "fsn1-dc14" }),
  location(2, "nbg1", "Nuremberg", "DE", 49.452102, 11.076665, "eu-central", { id: 2, name: "nbg1-dc3" }),
  location(3, "hel1", "Helsinki", "FI", 60.169855, 24.938379, "eu-central", { id: 3, name: "hel1-dc2" }),
  location(4, "ash", "Ashburn, VA", "US", 39.045821, -77.487073, "us-east", { id: 5, name: "ash-dc1" }),
  location(5, "hil", "Hillsboro, OR", "US", 45.54222, -122.951924, "us-west", { id: 6, name: "hil-dc1" }),
  location(6, "sin", "Singapore", "SG", 1.283333, 103.833333, "ap-southeast", { id: 7, name: "sin-dc1" }),
];

// The types that can be ordered on 2026-11-22. cx11…cx51 and cx22…cx52 are gone: the API no longer lists them.
// The lab's hosts are amd64, so cax (arm) is left out. Disks in GB, memory in GB.
const europe = ["fsn1", "nbg1", "hel1"];
const serverTypes = [
  serverType(114, "cx23", 2, 4, 40, europe),
  serverType(115, "cx33", 4, 8, 80, europe),
  serverType(116, "cx43", 8, 16, 160, europe),
  serverType(117, "cx53", 16, 32, 320, europe),
  serverType(109, "cpx22", 2, 4, 80, [...europe, "sin"]),
  serverType(110, "cpx32", 4, 8, 160, [...europe, "sin"]),
];

/** Storage box types: slots and sizes (TiB) from Hetzner's price list. */
const boxTypes = [
  boxType(1333, "bx11", 1, 10),
  boxType(1334, "bx21", 5, 20),
  boxType(1335, "bx31", 10, 30),
  boxType(1336, "bx41", 20, 40),
];

/** The one image that the lab can boot. */
const systemImages = [
  image({
    id: 67794396,
    type: "system",
    name: "debian-12",
    description: "Debian 12",
    created: "2023-06-13T06:00:00+00:00",
    created_from: null,
    labels: {},
    protection: false,
    rapidDeploy: true,
  }),
];

function location(
  id: number,
  name: string,
  city: string,
  country: string,
  latitude: number,
  longitude: number,
  network_zone: string,
  datacenter: { id: number; name: string },
) {
  return { wire: { id, name, description: city, country, city, latitude, longitude, network_zone }, datacenter };
}

function serverType(id: number, name: string, cores: number, memory: number, disk: number, at: string[]) {
  return {
    id,
    name,
    description: name.toUpperCase(),
    cores,
    memory,
    disk,
    deprecated: false,
    prices: [],
    storage_type: "local",
    cpu_type: "shared",
    architecture: "x86",
    included_traffic: 20 * 2 ** 40, // bytes: 20 TB in the European locations
    deprecation: null,
    category: name.startsWith("cx") ? "cost_optimized" : "regular_purpose",
    locations: at.map((place) => ({
      id: locations.find((l) => l.wire.name === place)?.wire.id,
      name: place,
      deprecation: null,
    })),
  };
}

function boxType(id: number, name: string, tebibytes: number, snapshots: number) {
  return {
    id,
    name,
    description: name.toUpperCase(),
    snapshot_limit: snapshots,
    automatic_snapshot_limit: snapshots,
    subaccounts_limit: 100,
    size: tebibytes * 2 ** 40,
    prices: [],
    deprecated: null,
    deprecation: null,
  };
}

/** An image in Hetzner's form. */
export function image(of: {
  id: number;
  type: "system" | "snapshot";
  name: string | null;
  description: string;
  created: string;
  created_from: { id: number; name: string } | null;
  labels: Record<string, string>;
  protection: boolean;
  rapidDeploy: boolean;
}) {
  return {
    id: of.id,
    type: of.type,
    status: "available",
    name: of.name,
    description: of.description,
    image_size: null,
    disk_size: 5,
    created: of.created,
    created_from: of.created_from,
    bound_to: null,
    os_flavor: "debian",
    os_version: "12",
    rapid_deploy: of.rapidDeploy,
    protection: { delete: of.protection },
    deprecated: null,
    labels: of.labels,
    architecture: "x86",
  };
}

export const findLocation = (name: string) => locations.find((l) => l.wire.name === name)?.wire;
export const findServerType = (idOrName: string) =>
  serverTypes.find((t) => t.name === idOrName || String(t.id) === idOrName);
export const findBoxType = (idOrName: string) => boxTypes.find((t) => t.name === idOrName || String(t.id) === idOrName);
export const allSystemImages = () => systemImages;

/** A known location in Hetzner's form; the name was checked when the resource was made. */
export function wireLocation(name: string) {
  const found = findLocation(name);
  if (!found) throw new Error(`location ${name} is not in the catalogue`);
  return found;
}

/** A location's data centre in Hetzner's form. */
export function wireDatacenter(name: string) {
  const place = wireLocation(name);
  const ids = serverTypes.filter((t) => t.locations.some((l) => l.name === name)).map((t) => t.id);
  const { id, name: datacenter } = locations.find((l) => l.wire.name === name)?.datacenter ?? { id: 0, name: "" };
  return {
    id,
    name: datacenter,
    description: `${place.city} ${datacenter}`,
    location: place,
    server_types: { supported: ids, available: ids, available_for_migration: ids },
  };
}

/** The read-only lists: locations, server types, storage box types. */
export function catalogRoutes(router: Router): void {
  const lists: [path: string, key: string, one: string, items: { id: number; name: string }[]][] = [
    ["locations", "locations", "location", locations.map((l) => l.wire)],
    ["server_types", "server_types", "server_type", serverTypes],
    ["storage_box_types", "storage_box_types", "storage_box_type", boxTypes],
  ];
  for (const [path, key, one, items] of lists) {
    const ids = Object.fromEntries(items.map((item) => [item.id, item]));
    router.on("GET", `/v1/${path}`, (call: Call) => ({ status: 200, body: page(call, key, items) }));
    router.on("GET", `/v1/${path}/:id`, (call: Call) => ({ status: 200, body: { [one]: byId(call, ids, one) } }));
  }
}
