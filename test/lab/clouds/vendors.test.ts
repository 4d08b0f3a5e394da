import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startClouds } from "../../../lab/clouds/index.js";
import { api, send, startLab, token, type TestLab } from "./lab.js";
import { box, password, policy, publicKey, refused, server, tokens } from "./requests.js";

let lab: TestLab;
beforeEach(async () => {
  lab = await startLab();
});
afterEach(() => lab.end());

const hetzner = async (method: string, path: string, body?: unknown) =>
  (await api(lab.clouds, "hetzner", method, `/v1/${path}`, body)).body as unknown as Record<string, Thing & Thing[]>;
interface Thing {
  id: number;
  status: string;
  [key: string]: unknown;
}

test("a wrong token is refused in each vendor's shape", async () => {
  for (const [vendor, status, body] of [
    ["hetzner", 401, { error: { code: "unauthorized", message: "unable to authenticate" } }],
    ["digitalocean", 401, { id: "unauthorized", message: "Unable to authenticate you" }],
    [
      "cloudflare",
      403,
      { success: false, errors: [{ code: 10000, message: "Authentication error" }], messages: [], result: null },
    ],
  ] as const)
    for (const authorization of ["Bearer wrong", token, ""]) {
      const answer = await send(lab.clouds, `api.${vendor}.lab`, "GET", "/v1/servers", { authorization });
      expect([answer.status, JSON.parse(answer.text)]).toEqual([status, body]);
    }
});

test("an unknown call is refused and logged", async () => {
  expect(await refused(lab, "hetzner", "GET", "/v1/load_balancers")).toEqual([
    404,
    "not_found",
    "the lab has no GET /v1/load_balancers",
  ]);
  expect(lab.log).toEqual([
    'cloud=hetzner event=refused call="GET /v1/load_balancers" status=404 code=not_found message="the lab has no GET /v1/load_balancers"',
  ]);
});

test("a removed server type is not listed, an orderable one is, with pagination", async () => {
  const list = (query: string) =>
    hetzner("GET", `server_types?${query}`) as Promise<unknown> as Promise<{ server_types: Thing[]; meta: unknown }>;
  expect((await list("name=cx22")).server_types).toEqual([]);
  const two = await list("per_page=2&page=2");
  expect(two.server_types.map((type) => type["name"])).toEqual(["cx23", "cx33"]);
  expect(two.meta).toEqual({
    pagination: { page: 2, per_page: 2, previous_page: 1, next_page: 3, last_page: 3, total_entries: 6 },
  });
});

test("names are unique, and servers are found by label", async () => {
  await hetzner("POST", "servers", { ...server, labels: { role: "shop" } });
  expect(await refused(lab, "hetzner", "POST", "/v1/servers", server)).toEqual([
    409,
    "uniqueness_error",
    "name is already used: 'shop'",
  ]);
  const names = async (selector: string) =>
    (await hetzner("GET", `servers?label_selector=${selector}`))["servers"]?.map((s) => s["name"]);
  expect([await names("role%3Dshop"), await names("role"), await names("role!%3Dshop"), await names("!role")]).toEqual([
    ["shop"],
    ["shop"],
    [],
    [],
  ]);
  await hetzner("POST", "ssh_keys", { name: "k", public_key: publicKey });
  expect((await refused(lab, "hetzner", "POST", "/v1/ssh_keys", { name: "k2", public_key: publicKey }))[1]).toBe(
    "uniqueness_error",
  );
});

test("a key's fingerprint is the one that ssh-keygen -E md5 prints", async () => {
  const { ssh_key: key } = await hetzner("POST", "ssh_keys", { name: "k", public_key: publicKey });
  expect(key?.["fingerprint"]).toBe("10:28:e7:96:d1:d5:cb:e1:15:32:df:40:e1:c3:f6:58");
});

test("an action runs until the host is ready, and only asked actions are listed", async () => {
  let ready = (): void => undefined;
  lab.hooks.serverReady = () => new Promise((resolve) => (ready = resolve));
  const { action, server: made } = await hetzner("POST", "servers", server);
  expect([action?.status, made?.status]).toEqual(["running", "initializing"]);
  const poll = async () =>
    (await hetzner("GET", `actions?id=${action?.id}&page=1&sort=status&sort=id`))["actions"]?.map((a) => [
      a.id,
      a.status,
    ]);
  expect(await poll()).toEqual([[action?.id, "running"]]);
  await hetzner("POST", "storage_boxes", box);
  ready();
  expect(await poll()).toEqual([[action?.id, "success"]]);
  expect((await hetzner("GET", `servers/${made?.id}`))["server"]?.status).toBe("running");
});

test("a host that never gets ready is an action with an error", async () => {
  lab.hooks.createBox = () => Promise.reject(new Error("no sshd"));
  const { action } = await hetzner("POST", "storage_boxes", box);
  const failed = (await hetzner("GET", `actions/${action?.id}`))["action"];
  expect([failed?.status, failed?.["error"]]).toEqual(["error", { code: "action_failed", message: "no sshd" }]);
});

test("a protected box refuses deletion until the protection is lifted; its parts go with it", async () => {
  const id = (await hetzner("POST", "storage_boxes", box))["storage_box"]?.id;
  await hetzner("POST", `storage_boxes/${id}/actions/change_protection`, { delete: true });
  const sub = { home_directory: "shop", password, access_settings: { ssh_enabled: true } };
  const part = (await hetzner("POST", `storage_boxes/${id}/subaccounts`, sub))["subaccount"]?.id;
  expect((await hetzner("GET", `storage_boxes/${id}/subaccounts/${part}`))["subaccount"]).toMatchObject({
    username: `u${id}-sub1`,
    server: `u${id}-sub1.box.lab`,
  });
  expect(await refused(lab, "hetzner", "DELETE", `/v1/storage_boxes/${id}`)).toEqual([
    423,
    "protected",
    "storage box is protected against deletion",
  ]);
  expect(
    (
      await refused(lab, "hetzner", "POST", `/v1/storage_boxes/${id}/actions/enable_snapshot_plan`, {
        max_snapshots: 11,
        minute: 0,
        hour: 5,
      })
    )[2],
  ).toMatch(/at most 10/);
  await hetzner("POST", `storage_boxes/${id}/actions/change_protection`, { delete: false });
  await hetzner("DELETE", `storage_boxes/${id}`);
  expect(lab.hooks.asked.at(-1)).toBe(`deleteBox ${id}`);
  expect((await refused(lab, "hetzner", "GET", `/v1/storage_boxes/${id}`))[0]).toBe(404);
  const kept = JSON.parse(readFileSync(join(lab.options.dataDir, "state.json"), "utf8")) as {
    hetzner: { subaccounts: unknown };
  };
  expect(kept.hetzner.subaccounts).toEqual({});
});

test("a firewall in use is not deleted until it is taken off the server", async () => {
  const id = (await hetzner("POST", "firewalls", { name: "f" }))["firewall"]?.id;
  const on = (await hetzner("POST", "servers", { ...server, firewalls: [{ firewall: id }] }))["server"]?.id;
  expect((await refused(lab, "hetzner", "DELETE", `/v1/firewalls/${id}`)).slice(0, 2)).toEqual([
    422,
    "resource_in_use",
  ]);
  await hetzner("POST", `firewalls/${id}/actions/remove_from_resources`, {
    remove_from: [{ type: "server", server: { id: on } }],
  });
  expect((await api(lab.clouds, "hetzner", "DELETE", `/v1/firewalls/${id}`)).status).toBe(204);
});

test("DNS records are checked and unique", async () => {
  const zones = (await api(lab.clouds, "cloudflare", "GET", "/client/v4/zones?name=shop.example")).body as unknown as {
    result: { id: string }[];
  };
  const records = `/client/v4/zones/${zones.result[0]?.id}/dns_records`;
  const www = { type: "A", name: "www", content: "203.0.113.9", ttl: 60 };
  const made = (await api(lab.clouds, "cloudflare", "POST", records, www)).body as unknown as {
    result: { name: string };
  };
  expect(made.result.name).toBe("www.shop.example");
  expect((await refused(lab, "cloudflare", "POST", records, www)).slice(0, 2)).toEqual([400, 81058]);
  expect(
    (await refused(lab, "cloudflare", "POST", records, { ...www, type: "CNAME", content: "a.example" })).slice(0, 2),
  ).toEqual([400, 81053]);
  expect((await refused(lab, "cloudflare", "POST", records, { ...www, content: "x" }))[2]).toMatch(/valid IPv4/);
  expect((await refused(lab, "cloudflare", "POST", records, { ...www, content: "203.0.113.8", ttl: 30 }))[2]).toMatch(
    /60 to 86400/,
  );
});

test("a restarted process continues: records stay, secrets are the owner's alone, interrupted work has failed", async () => {
  lab.hooks.serverReady = () => new Promise(() => undefined);
  const { action, server: made } = await hetzner("POST", "servers", server);
  await lab.clouds.close();
  expect(statSync(join(lab.options.dataDir, "state.json")).mode & 0o777).toBe(0o600);
  lab.clouds = await startClouds(lab.options);
  expect((await hetzner("GET", `servers/${made?.id}`))["server"]?.["name"]).toBe("shop");
  expect((await hetzner("GET", `actions/${action?.id}`))["action"]).toMatchObject({
    status: "error",
    error: { message: "the lab's clouds were stopped while this ran" },
  });
});

test("secrets are answered once: neither a key's nor a token's comes back", async () => {
  const made = (
    await api(lab.clouds, "digitalocean", "POST", "/v2/spaces/keys", {
      name: "k",
      grants: [{ bucket: "b", permission: "read" }],
    })
  ).body;
  const key = (made as unknown as { key: { access_key: string; secret_key: string } }).key;
  expect(key.secret_key).toMatch(/^[\w-]{43}$/);
  const again = (await api(lab.clouds, "digitalocean", "GET", `/v2/spaces/keys/${key.access_key}`)).body;
  expect(JSON.stringify(again)).not.toContain(key.secret_key);
  const created = (await api(lab.clouds, "cloudflare", "POST", tokens, { name: "t", policies: [policy] })).body;
  const one = (created as unknown as { result: { id: string; value: string } }).result;
  expect(one.value).toMatch(/^[\w-]{40}$/);
  const kept = (await api(lab.clouds, "cloudflare", "GET", `${tokens}/${one.id}`)).body as unknown as {
    result: object;
  };
  expect(Object.keys(kept.result)).not.toContain("value");
  expect(readFileSync(join(lab.options.dataDir, "state.json"), "utf8")).not.toContain(one.value);
});
