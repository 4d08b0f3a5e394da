/** An infected server is cut off before anything else, kept, and its name is free again; against the lab's Hetzner. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { HetznerApi } from "../../../cli/clean-room/hetzner.js";
import { quarantine } from "../../../cli/clean-room/quarantine.js";
import { send, startLab, token, type TestLab } from "../../lab/clouds/lab.js";

let lab: TestLab;
let calls: string[];
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.end());
beforeEach(() => {
  calls = [];
});

/** The lab answers by the name it is asked under. */
const api = {
  async call<T>(method: "GET" | "POST" | "PUT", path: string, body?: object): Promise<T> {
    calls.push(`${method} ${path.replace(/\d+/g, "N")}`);
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const text = body === undefined ? "" : JSON.stringify(body);
    const answer = await send(lab.clouds, "api.hetzner.lab", method, `/v1${path}`, headers, text);
    if (answer.status >= 300) throw new Error(answer.text);
    return JSON.parse(answer.text) as T;
  },
};

interface Server {
  id: number;
  name: string;
  protection: object;
  public_net: { firewalls: { id: number }[] };
}
const server = async (id: number) => (await api.call<{ server: Server }>("GET", `/servers/${id}`)).server;

async function shop(name: string): Promise<number> {
  const rules = [{ direction: "in", protocol: "tcp", port: "22", source_ips: ["0.0.0.0/0"] }];
  const { firewall } = await api.call<{ firewall: { id: number } }>("POST", "/firewalls", { name, rules });
  const made = {
    name,
    server_type: "cx23",
    image: "debian-12",
    location: "nbg1",
    firewalls: [{ firewall: firewall.id }],
  };
  return (await api.call<{ server: { id: number } }>("POST", "/servers", made)).server.id;
}

describe("quarantine", () => {
  it("cuts off, then makes an image, and leaves the name free; once, however often it runs", async () => {
    const id = await shop("shop");
    calls = [];
    const first = await quarantine(api, id, "shop", 0);
    const cut = calls.indexOf("POST /firewalls/N/actions/remove_from_resources");
    expect(cut).toBeGreaterThan(calls.indexOf("POST /firewalls/N/actions/apply_to_resources"));
    expect(calls.indexOf("POST /servers/N/actions/create_image")).toBeGreaterThan(cut);
    expect(lab.hooks.asked).toContain(`isolateServer ${id} true`);
    expect(first.name).toBe(`shop-infected-${id}`);
    expect(await server(id)).toMatchObject({ name: first.name, protection: { delete: true, rebuild: true } });
    expect((await server(id)).public_net.firewalls).toHaveLength(1);
    calls = [];
    expect(await quarantine(api, id, "shop", 0)).toEqual(first);
    expect(calls.filter((call) => /^POST .*(create_image|firewalls)/.test(call))).toEqual([]);
    await expect(shop("shop")).rejects.toThrow(/firewall|unique|uniqueness/i); // the firewall's name; the server's is free
  });

  it("fails when the cut is not in force, and makes no image", async () => {
    const id = await shop("other");
    const slow = {
      call: async <T>(method: "GET" | "POST" | "PUT", path: string, body?: object): Promise<T> => {
        const answer = await api.call<T>(method, path, body);
        const { server: found } = answer as { server?: { public_net: { firewalls: { status: string }[] } } };
        for (const firewall of found?.public_net.firewalls ?? []) firewall.status = "pending";
        return answer;
      },
    };
    await expect(quarantine(slow, id, "other", 0)).rejects.toThrow(`server ${id} is not cut off`);
    expect(calls).not.toContain("POST /servers/N/actions/create_image");
  });
});

describe("HetznerApi", () => {
  it("sends the token, and an error says what Hetzner said and not the token", async () => {
    const seen: unknown[] = [];
    const fake = createServer((request, response) => {
      seen.push(request.headers.authorization, request.url);
      response.writeHead(request.url === "/v1/good" ? 200 : 403);
      response.end(request.url === "/v1/good" ? '{"a":1}' : '{"error":{"message":"insufficient permissions"}}');
    });
    await new Promise<void>((resolve) => fake.listen(0, "127.0.0.1", resolve));
    const hetzner = new HetznerApi("planted-token", `http://127.0.0.1:${(fake.address() as AddressInfo).port}/v1/`);
    expect(await hetzner.call("GET", "/good")).toEqual({ a: 1 });
    expect(seen).toEqual(["Bearer planted-token", "/v1/good"]);
    await expect(hetzner.call("PUT", "/bad", {})).rejects.toThrow(
      /^Hetzner answered PUT \/bad with 403: insufficient permissions$/,
    );
    fake.close();
  });
});
