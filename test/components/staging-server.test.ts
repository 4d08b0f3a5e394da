import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { StagingServer } from "../../components/staging-server.js";
import { HOST_KEY, record, valueOf } from "./engine.js";
import { asRoot, find, own, REMOTE, settings, SSH_KEY, UPLOAD } from "./fixtures.js";

const SERVER = "hcloud:index/server:Server";

function program(copies = ["spaces", "r2"]) {
  return new StagingServer("drill-shop", {
    ...{ settings: settings(), host: "shop", copies, role: "drill", loginKey: "granary" },
    server: { type: "cx23", location: "nbg1", image: "debian-12" },
    ssh: { privateKey: pulumi.secret(SSH_KEY) },
    passwords: pulumi.secret({ "shop/orders": "database-password" } as Record<string, string>),
  });
}

describe("a server that only restores", () => {
  it("is exactly these resources", async () => {
    const { resources } = await record(program);
    expect(resources.map(({ type, name }) => `${type} ${name}`)).toEqual([
      "cloudflare:index/accountToken:AccountToken drill-shop-to-r2",
      "command:local:Command drill-shop-host-key",
      "command:remote:Command drill-shop-install",
      "command:remote:Command drill-shop-network",
      "command:remote:Command drill-shop-orders",
      "command:remote:Command drill-shop-ready",
      "command:remote:CopyToRemote drill-shop-scripts",
      "digitalocean:index/spacesKey:SpacesKey drill-shop-to-spaces",
      "granary:hosts:Server drill-shop",
      "granary:hosts:StagingServer drill-shop",
      "hcloud:index/firewall:Firewall drill-shop",
      "hcloud:index/server:Server drill-shop",
    ]);
  });

  it("owns nothing that is protected, and says what it is", async () => {
    const { resources, result } = await record(program);
    const server = find(resources, SERVER, "drill-shop");
    expect(server.inputs["labels"]).toEqual({ "managed-by": "granary", "granary-role": "drill" });
    expect(resources.filter((resource) => resource.protect === true)).toEqual([]);
    expect(await valueOf(result.role)).toBe("drill");
    expect(await valueOf(result.address)).toBe("203.0.113.13");
  });

  it("can read the copies, and no more", async () => {
    const { resources } = await record(program);
    const key = find(resources, "digitalocean:index/spacesKey:SpacesKey", "drill-shop-to-spaces");
    expect(key.inputs).toEqual({
      name: "granary-drill-shop",
      grants: [{ bucket: "kolonell-backups", permission: "read" }],
    });
    const token = find(resources, "cloudflare:index/accountToken:AccountToken", "drill-shop-to-r2");
    expect(token.inputs["policies"]).toMatchObject([{ effect: "allow", permissionGroups: [{ id: "read-id" }] }]);
  });

  it("lets SSH in, and nothing out to mail", async () => {
    const rules = find((await record(program)).resources, "hcloud:index/firewall:Firewall", "drill-shop").inputs[
      "rules"
    ];
    const short = (rules as Record<string, string>[]).map(
      (rule) => `${rule["direction"]} ${rule["protocol"]} ${rule["port"]}`,
    );
    expect(short).toEqual(["in tcp 22", "out udp 53", "out tcp 53", "out tcp 80", "out tcp 443"]);
  });

  it("gets the settings of the job with the keys of its own, and no timer", async () => {
    const job = find((await record(program)).resources, REMOTE, "drill-shop-orders");
    expect(job.inputs).toMatchObject({
      create: "/usr/local/lib/granary/host/restore-job orders",
      connection: asRoot("203.0.113.13", HOST_KEY),
    });
    expect(job.additionalSecretOutputs).toEqual(["stderr", "stdin", "stdout"]);
    const { secret } = job.inputs["stdin"] as { secret: string };
    expect(secret).toContain("GRANARY_MACHINE=13\nGRANARY_HOST=shop\n");
    expect(secret).toContain("GRANARY_COPIES=spaces r2\n");
    expect(secret).toContain("RCLONE_CONFIG_SPACES_ACCESS_KEY_ID=AKSPACES\n");
    expect(secret).toContain("GRANARY_PG_PASSWORD=database-password\n");
    expect(secret).not.toContain("BOX");
  });

  it("closes its network but to the copies it reads, before anybody learns its address", async () => {
    const { resources } = await record(program);
    const network = find(resources, REMOTE, "drill-shop-network");
    expect(network).toMatchObject({
      inputs: {
        create: "/usr/local/lib/granary/host/staging-network close",
        stdin: "fra1.digitaloceanspaces.com 443\n0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com 443\n",
      },
      deletedWith: `${SERVER} drill-shop`,
    });
    expect(network.dependsOn).toContain(`${REMOTE} drill-shop-orders`);
    const scripts = own(find(resources, UPLOAD, "drill-shop-scripts"));
    expect(scripts.inputs).toMatchObject({ source: { archive: "scripts/" }, triggers: ["13"] });
  });

  it("opens no door to a copy that it does not read", async () => {
    const { resources } = await record(() => program(["r2"]));
    expect(find(resources, REMOTE, "drill-shop-network").inputs["stdin"]).not.toContain("digitalocean");
    expect(resources.some(({ type }) => type.includes("spacesKey"))).toBe(false);
  });
});
