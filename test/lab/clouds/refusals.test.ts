import { afterEach, beforeEach, expect, test } from "vitest";
import { startLab, type TestLab } from "./lab.js";
import { box, buckets, policy, refused, server, tokens } from "./requests.js";

let lab: TestLab;
beforeEach(async () => {
  lab = await startLab();
});
afterEach(() => lab.end());

const refusals: [
  vendor: string,
  path: string,
  body: unknown,
  status: number,
  code: string | number,
  message: RegExp,
][] = [
  ["hetzner", "/v1/servers", { ...server, server_type: "cx22" }, 422, "invalid_input", /server type 'cx22' not found/],
  ["hetzner", "/v1/servers", { ...server, server_type: "cx11" }, 422, "invalid_input", /server type 'cx11' not found/],
  ["hetzner", "/v1/servers", { ...server, datacenter: "nbg1-dc3" }, 422, "invalid_input", /"datacenter"/],
  ["hetzner", "/v1/servers", { ...server, location: "ash" }, 422, "invalid_input", /'cx23' is not available in 'ash'/],
  ["hetzner", "/v1/servers", { ...server, location: "mars" }, 422, "invalid_input", /location 'mars' not found/],
  ["hetzner", "/v1/servers", { ...server, image: "debian-9" }, 422, "invalid_input", /image 'debian-9' not found/],
  ["hetzner", "/v1/servers", { ...server, ssh_keys: [7] }, 422, "invalid_input", /SSH key '7' not found/],
  ["hetzner", "/v1/servers", { ...server, name: "not_a_host" }, 422, "invalid_input", /name/],
  ["hetzner", "/v1/servers", { ...server, user_data: "x".repeat(32769) }, 422, "invalid_input", /user_data/],
  [
    "hetzner",
    "/v1/ssh_keys",
    { name: "k", public_key: "ssh-rsa AAAA" },
    422,
    "invalid_input",
    /not an OpenSSH public key/,
  ],
  [
    "hetzner",
    "/v1/firewalls",
    { name: "f", rules: [{ direction: "in", protocol: "tcp", source_ips: ["::/0"] }] },
    422,
    "invalid_input",
    /have a port/,
  ],
  [
    "hetzner",
    "/v1/storage_boxes",
    { ...box, storage_box_type: "bx1" },
    422,
    "invalid_input",
    /storage box type 'bx1' not found/,
  ],
  ["hetzner", "/v1/storage_boxes", { ...box, location: "ash" }, 422, "invalid_input", /not available in 'ash'/],
  [
    "hetzner",
    "/v1/storage_boxes",
    { ...box, password: "aaaaaaaaaaaaaaaa" },
    422,
    "invalid_input",
    /upper and a lower case/,
  ],
  [
    "digitalocean",
    "/v2/spaces/keys",
    { name: "k", grants: [{ bucket: "b", permission: "fullaccess" }] },
    422,
    "unprocessable_entity",
    /fullaccess names none/,
  ],
  [
    "digitalocean",
    "/v2/spaces/keys",
    {
      name: "k",
      grants: [
        { bucket: "", permission: "fullaccess" },
        { bucket: "b", permission: "read" },
      ],
    },
    422,
    "unprocessable_entity",
    /does not mix/,
  ],
  [
    "digitalocean",
    "/v2/spaces/keys",
    { name: "k", grants: [{ bucket: "", permission: "read" }] },
    422,
    "unprocessable_entity",
    /name a bucket/,
  ],
  [
    "digitalocean",
    "/v2/spaces/keys",
    { name: "k", grants: [{ bucket: "b", permission: "append" }] },
    422,
    "unprocessable_entity",
    /permission/,
  ],
  ["cloudflare", buckets, { name: "Shop" }, 400, 10040, /bucket name is not valid/],
  ["cloudflare", buckets, { name: "shop", locationHint: "mars" }, 400, 10040, /locationHint/],
  ["cloudflare", buckets.replace("aa", "bb"), { name: "shop" }, 403, 10000, /Authentication error/],
  [
    "cloudflare",
    tokens,
    { name: "t", policies: [{ ...policy, permission_groups: [{ id: "0" }] }] },
    400,
    10040,
    /permission_groups/,
  ],
  [
    "cloudflare",
    tokens,
    { name: "t", policies: [{ ...policy, resources: { "com.cloudflare.api.account.x": "*" } }] },
    400,
    10040,
    /not an R2 bucket resource/,
  ],
  [
    "cloudflare",
    tokens,
    { name: "t", policies: [policy], expires_on: "2030-01-01T00:00:00Z" },
    400,
    10040,
    /expires_on/,
  ],
];
for (const [vendor, path, body, status, code, message] of refusals)
  test(`${vendor} refuses POST ${path}: ${message.source}`, async () => {
    const [gotStatus, gotCode, gotMessage] = await refused(lab, vendor, "POST", path, body);
    expect([gotStatus, gotCode]).toEqual([status, code]);
    expect(gotMessage).toMatch(message);
  });
