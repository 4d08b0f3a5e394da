import { remote } from "@pulumi/command";
import * as hcloud from "@pulumi/hcloud";
import type { types } from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import type { ServerSpec } from "../settings/schema.js";
import { sshKeyPair } from "./local-secret.js";
import { sshConnection, type SshAuth } from "./ssh.js";
import { userData } from "./user-data.js";

/** Reachable from anywhere: SSH for the program, HTTP and HTTPS for customers, ping. */
const OPEN_PORTS: types.input.FirewallRule[] = [
  { direction: "in", protocol: "tcp", port: "22", sourceIps: ["0.0.0.0/0", "::/0"], description: "SSH" },
  { direction: "in", protocol: "tcp", port: "80", sourceIps: ["0.0.0.0/0", "::/0"], description: "HTTP" },
  { direction: "in", protocol: "tcp", port: "443", sourceIps: ["0.0.0.0/0", "::/0"], description: "HTTPS" },
  { direction: "in", protocol: "icmp", sourceIps: ["0.0.0.0/0", "::/0"], description: "ping" },
];

export interface ServerArgs {
  server: ServerSpec;
  ssh: SshAuth;
  /** Hetzner's id, or name, of the key the program logs in with. */
  loginKey: pulumi.Input<string>;
  /** What may connect to it, and where it may; default: a shop's, open to customers, and free to go anywhere. */
  rules?: types.input.FirewallRule[];
  /** What it is for, as its label `granary-role`; default: none. */
  role?: string;
  /** Whether it owns nothing, so that it may go like anything else. Default false. */
  disposable?: boolean;
}

/**
 * A Hetzner Cloud server with Docker, whose host key is known before it boots, so that no connection to it is ever
 * made on trust. Data lives on it: nothing the program changes may replace it.
 */
export class Server extends pulumi.ComponentResource {
  readonly server: hcloud.Server;
  readonly hostKey: pulumi.Output<string>;
  /** Docker answers on the server. */
  readonly ready: pulumi.Resource;

  constructor(name: string, args: ServerArgs, options?: pulumi.ComponentResourceOptions) {
    super("granary:hosts:Server", name, {}, options);
    const hostKey = sshKeyPair(`${name}-host-key`, this);
    this.hostKey = hostKey.publicKey;
    const firewall = new hcloud.Firewall(
      name,
      { name: `granary-${name}`, rules: args.rules ?? OPEN_PORTS },
      { parent: this },
    );
    this.server = new hcloud.Server(
      name,
      {
        name,
        serverType: args.server.type,
        location: args.server.location,
        image: args.server.image,
        ...(args.server.backups === undefined ? {} : { backups: args.server.backups }),
        sshKeys: [args.loginKey],
        firewallIds: [firewall.id.apply(Number)],
        userData: userData(hostKey),
        labels: { "managed-by": "granary", ...(args.role === undefined ? {} : { "granary-role": args.role }) },
      },
      // A new image, key or first-boot script would replace the server and lose its data: they count when it is made.
      {
        parent: this,
        protect: args.disposable !== true,
        ignoreChanges: ["image", "sshKeys", "userData"],
        additionalSecretOutputs: ["userData"],
      },
    );
    this.ready = new remote.Command(
      `${name}-ready`,
      {
        connection: sshConnection({ host: this.server.ipv4Address, port: 22, hostKey: this.hostKey }, args.ssh),
        // cloud-init's own verdict varies between versions; a Docker that answers is what matters.
        create: "cloud-init status --wait >/dev/null; docker version --format '{{.Server.Version}}'",
        stdin: pulumi.interpolate`server ${this.server.id}\n`,
        addPreviousOutputInEnv: false,
      },
      { parent: this, deletedWith: this.server },
    );
    this.registerOutputs({ address: this.server.ipv4Address, hostKey: this.hostKey });
  }
}
