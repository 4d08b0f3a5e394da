/** An infected server is cut off, then kept as it is: its disk is evidence. */
import { setTimeout as sleep } from "node:timers/promises";
import type { HetznerApi } from "./hetzner.js";

type Api = Pick<HetznerApi, "call">;

/** What came of it, for the evidence. */
export interface Quarantined {
  /** Hetzner's id of the image of its disk. */
  snapshot: number;
  /** The name the server has now. */
  name: string;
}

interface Firewall {
  id: number;
}

interface ServerAnswer {
  server: { name: string; public_net: { firewalls: { id: number; status: string }[] } };
}

interface Action {
  id: number;
  status: "running" | "success" | "error";
  error: { message: string } | null;
}

/**
 * No rule lets anything in. A firewall without a rule for what goes out lets everything out, so there is one, to an address
 * that is nobody's (RFC 5737).
 */
const NOWHERE = { direction: "out", protocol: "tcp", port: "9", destination_ips: ["192.0.2.1/32"] };

/** Hetzner makes an image of 40 GB in some minutes. */
const SNAPSHOT_SECONDS = 3600;

/**
 * Cuts the network of a server, makes an image of its disk, protects it, and gives it a name that leaves its own free. May be
 * run again: what was done stays as it is.
 * @param seconds between two looks at what goes on
 * @throws Error when the cut is not in force, or there is no image
 */
export async function quarantine(api: Api, server: number, host: string, seconds = 2): Promise<Quarantined> {
  await cut(api, server, seconds);
  const snapshot = await image(api, server, host, seconds);
  await api.call("POST", `/servers/${server}/actions/change_protection`, { delete: true, rebuild: true });
  const name = `${host}-infected-${server}`;
  await api.call("PUT", `/servers/${server}`, { name });
  return { snapshot, name };
}

async function cut(api: Api, server: number, seconds: number): Promise<void> {
  const name = `granary-quarantine-${server}`;
  const { firewalls } = await api.call<{ firewalls: Firewall[] }>("GET", `/firewalls?name=${name}`);
  const wall = firewalls[0] ?? (await made(api, name));
  const to = [{ type: "server", server: { id: server } }];
  const attached = async () => (await api.call<ServerAnswer>("GET", `/servers/${server}`)).server.public_net.firewalls;
  if (!(await attached()).some(({ id }) => id === wall.id))
    await api.call("POST", `/firewalls/${wall.id}/actions/apply_to_resources`, { apply_to: to });
  // Of several firewalls, what one lets through passes.
  for (const { id } of await attached())
    if (id !== wall.id) await api.call("POST", `/firewalls/${id}/actions/remove_from_resources`, { remove_from: to });
  for (let tries = 0; tries < 30; tries += 1) {
    const now = await attached();
    if (now.length === 1 && now[0]!.id === wall.id && now[0]!.status === "applied") return;
    await sleep(seconds * 1000);
  }
  throw new Error(`server ${server} is not cut off: look at its firewalls in Hetzner's console before anything else`);
}

async function made(api: Api, name: string): Promise<Firewall> {
  return (await api.call<{ firewall: Firewall }>("POST", "/firewalls", { name, rules: [NOWHERE] })).firewall;
}

async function image(api: Api, server: number, host: string, seconds: number): Promise<number> {
  const label = `granary-forensics=${server}`;
  const query = `/images?type=snapshot&label_selector=${encodeURIComponent(label)}`;
  const { images } = await api.call<{ images: { id: number }[] }>("GET", query);
  if (images[0] !== undefined) return images[0].id;
  const { image, action } = await api.call<{ image: { id: number }; action: Action }>(
    "POST",
    `/servers/${server}/actions/create_image`,
    {
      type: "snapshot",
      description: `${host}, as it was when it was cut off`,
      labels: { "granary-forensics": String(server) },
    },
  );
  let at = action;
  for (let waited = 0; at.status === "running" && waited < SNAPSHOT_SECONDS; waited += seconds) {
    await sleep(seconds * 1000);
    at = (await api.call<{ action: Action }>("GET", `/actions/${action.id}`)).action;
  }
  if (at.status !== "success")
    throw new Error(
      `there is no image of server ${server}: ${at.error?.message ?? "it takes too long"}; run this again`,
    );
  return image.id;
}
