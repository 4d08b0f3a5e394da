import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { Server } from "../../components/server.js";
import { HOST_KEY, HOST_PRIVATE_KEY, record, valueOf } from "./engine.js";
import { asRoot, find, LOCAL, own, REMOTE, SSH_KEY } from "./fixtures.js";

const SERVER = "hcloud:index/server:Server";
const FIREWALL = "hcloud:index/firewall:Firewall";

function program() {
  const server = { type: "cx23", location: "nbg1", image: "debian-12" };
  return new Server("web", { server, ssh: { privateKey: pulumi.secret(SSH_KEY) }, loginKey: "11" });
}

const open = (description: string, protocol: string, port?: string) => ({
  direction: "in",
  protocol,
  ...(port === undefined ? {} : { port }),
  sourceIps: ["0.0.0.0/0", "::/0"],
  description,
});

const child = { parent: "granary:hosts:Server web" };

async function userData(): Promise<string> {
  const { inputs } = find((await record(program)).resources, SERVER, "web");
  return (inputs["userData"] as { secret: string }).secret;
}

describe("a server the program makes", () => {
  it("is exactly these resources", async () => {
    const { resources } = await record(program);
    const create = (find(resources, LOCAL, "web-host-key").inputs as { create: string }).create;
    const text = await userData();
    expect(resources.map(own)).toEqual([
      {
        type: LOCAL,
        name: "web-host-key",
        inputs: { create, interpreter: ["/bin/sh", "-c"], logging: "none", addPreviousOutputInEnv: false },
        ...child,
        ignoreChanges: ["create", "interpreter", "logging"],
        additionalSecretOutputs: ["stderr", "stdout"],
      },
      {
        type: REMOTE,
        name: "web-ready",
        inputs: {
          connection: asRoot("203.0.113.13", HOST_KEY),
          create: "cloud-init status --wait >/dev/null; docker version --format '{{.Server.Version}}'",
          stdin: "server 13\n",
          addPreviousOutputInEnv: false,
        },
        ...child,
        dependsOn: [`${LOCAL} web-host-key`, `${SERVER} web`],
        deletedWith: `${SERVER} web`,
      },
      { type: "granary:hosts:Server", name: "web", inputs: {} },
      {
        type: FIREWALL,
        name: "web",
        inputs: {
          name: "granary-web",
          rules: [
            open("SSH", "tcp", "22"),
            open("HTTP", "tcp", "80"),
            open("HTTPS", "tcp", "443"),
            open("ping", "icmp"),
          ],
        },
        ...child,
      },
      {
        type: SERVER,
        name: "web",
        inputs: {
          name: "web",
          serverType: "cx23",
          location: "nbg1",
          image: "debian-12",
          sshKeys: ["11"],
          firewallIds: [12],
          userData: { secret: text },
          labels: { "managed-by": "granary" },
        },
        ...child,
        dependsOn: [`${LOCAL} web-host-key`, `${FIREWALL} web`],
        protect: true,
        ignoreChanges: ["image", "sshKeys", "userData"],
        additionalSecretOutputs: ["userData"],
      },
    ]);
  });

  it("tells its host key, which is no secret", async () => {
    const { hostKey } = (await record(program)).result;
    expect(await valueOf(hostKey)).toBe(HOST_KEY);
    expect(await (hostKey as unknown as { isSecret: Promise<boolean> }).isSecret).toBe(false);
  });
});

describe("the first boot", () => {
  it("is what cloud-init reads: the host key, Docker, and no way to the metadata for containers", async () => {
    const text = await userData();
    expect(text.startsWith("#cloud-config\n")).toBe(true);
    const { write_files: files, ...config } = parse(text) as { write_files: { path: string; content: string }[] };
    expect(config).toEqual({
      ssh_deletekeys: true,
      ssh_keys: { ed25519_private: HOST_PRIVATE_KEY, ed25519_public: `${HOST_KEY}\n` },
      package_update: true,
      packages: ["docker.io", "docker-compose", "iptables", "nftables"],
      runcmd: [
        ["systemctl", "daemon-reload"],
        ["systemctl", "enable", "--now", "granary-metadata.service"],
      ],
    });
    expect(files.map(({ path }) => path)).toEqual([
      "/etc/granary-metadata.nft",
      "/etc/systemd/system/granary-metadata.service",
    ]);
    expect(files[0]?.content).toContain("type filter hook forward priority -10;\n    ip daddr 169.254.169.254 drop\n");
    expect(files[1]?.content).toContain("\nExecStart=/usr/sbin/nft -f /etc/granary-metadata.nft\n");
    expect(files[1]?.content).toContain("\nBefore=docker.service\n");
  });

  it("is JSON after its first line, so that nothing needs quoting", async () => {
    const [, ...rest] = (await userData()).split("\n");
    expect(JSON.parse(rest.join("\n"))).toEqual(parse(rest.join("\n")));
  });
});

describe("pitfalls of Hetzner servers", () => {
  const made = async () => find((await record(program)).resources, SERVER, "web");

  it("a change of image, sshKeys or userData replaces the server: they count only when it is made", async () => {
    expect((await made()).ignoreChanges).toEqual(["image", "sshKeys", "userData"]);
  });

  it("a change of location replaces the server: it is protected", async () => {
    expect((await made()).protect).toBe(true);
  });

  it("datacenter was removed: a location is given", async () => {
    expect((await made()).inputs).toMatchObject({ location: "nbg1" });
    expect((await made()).inputs).not.toHaveProperty("datacenter");
  });

  it("user data holds the host key: it is a secret, in the inputs and in the state", async () => {
    const { inputs, additionalSecretOutputs } = await made();
    expect(inputs["userData"]).toHaveProperty("secret");
    expect(additionalSecretOutputs).toEqual(["userData"]);
  });

  it("has images kept of it when told to", async () => {
    const server = { type: "cx23", location: "nbg1", image: "debian-12", backups: true };
    const made = await record(() => {
      new Server("web", { server, ssh: {}, loginKey: "11" });
    });
    expect(find(made.resources, SERVER, "web").inputs).toMatchObject({ backups: true });
    expect(find((await record(program)).resources, SERVER, "web").inputs).not.toHaveProperty("backups");
  });
});
