/** What the owner sees and does in Hetzner's console. */
import type { World } from "../world.js";

/** One call to the API with the project's token. @throws Error with what it answered */
export async function hetzner<T>({ clouds, secrets }: World, method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${clouds.url("api.hetzner")}/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${secrets.token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`hetzner ${method} ${path}: ${response.status} ${text}`);
  return (text === "" ? {} : JSON.parse(text)) as T;
}

export interface Server {
  id: number;
  name: string;
  public_net: { ipv4: { ip: string } };
}

/** All servers, in the order of their names. */
export async function servers(world: World): Promise<Server[]> {
  const { servers: all } = await hetzner<{ servers: Server[] }>(world, "GET", "/servers");
  return all.sort((a, b) => a.name.localeCompare(b.name));
}
