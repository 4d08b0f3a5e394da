import { remote } from "@pulumi/command";
import type { types } from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import { s3Endpoint } from "../plan/endpoints.js";
import { jobEnv } from "../plan/job-env.js";
import { backupJobs } from "../settings/jobs/job.js";
import type { Place, ServerSpec, Settings } from "../settings/schema.js";
import { bucketKey } from "./bucket-key.js";
import { INSTALLED } from "./installed.js";
import { installScripts, SCRIPTS } from "./install-scripts.js";
import { directoryHash } from "./scripts-hash.js";
import { Server } from "./server.js";
import { sshConnection, type SshAuth } from "./ssh.js";

export interface StagingServerArgs {
  settings: Settings;
  /** The host whose backups it restores. */
  host: string;
  /** Copies it may read, by name; buckets. */
  copies: string[];
  server: ServerSpec;
  /** Label `granary-role`: what tells it from a server that owns data. */
  role: string;
  ssh: SshAuth;
  /** Hetzner's id, or name, of the key the program logs in with. */
  loginKey: pulumi.Input<string>;
  /** Database passwords by `host/job`, secret. */
  passwords: pulumi.Output<Record<string, string>>;
}

const ANYWHERE = ["0.0.0.0/0", "::/0"];
const out = (protocol: string, port: string, description: string): types.input.FirewallRule => ({
  ...{ direction: "out", protocol, port, destinationIps: ANYWHERE, description },
});

/** SSH in. Out: names, and what packages, images and buckets are fetched over; no mail at all. */
const RULES: types.input.FirewallRule[] = [
  { direction: "in", protocol: "tcp", port: "22", sourceIps: ANYWHERE, description: "SSH" },
  out("udp", "53", "names"),
  out("tcp", "53", "names"),
  out("tcp", "80", "packages"),
  out("tcp", "443", "copies, images, packages"),
];

/**
 * A server that only restores: it can read the backups of one host and change nothing in any copy, has no timer, and
 * connects to nothing but the copies, so that a shop which starts on it sends no mail and takes no payment.
 */
export class StagingServer extends pulumi.ComponentResource {
  readonly address: pulumi.Output<string>;
  readonly hostKey: pulumi.Output<string>;
  /** As Hetzner has it: to be compared before anything is done on the server. */
  readonly role: pulumi.Output<string>;

  constructor(name: string, args: StagingServerArgs, options?: pulumi.ComponentResourceOptions) {
    super("granary:hosts:StagingServer", name, {}, options);
    const { settings, host, role } = args;
    const places = args.copies.map((copy) => [copy, settings.copies[copy] as Place & { bucket: string }] as const);
    const made = new Server(
      name,
      { server: args.server, ssh: args.ssh, loginKey: args.loginKey, rules: RULES, role, disposable: true },
      { parent: this },
    );
    const { server, hostKey } = made;
    const connection = sshConnection({ host: server.ipv4Address, port: 22, hostKey }, args.ssh);
    const machine = { address: server.ipv4Address, hostKey, id: server.id, server, ready: [made.ready] };
    const installed = installScripts(name, connection, machine, directoryHash(SCRIPTS), this).ready;
    const grants = places.map(([copy, place]) => {
      const key = { place, bucket: place.bucket, permission: "read" as const, label: `granary-${name}` };
      return [copy, bucketKey(`${name}-to-${copy}`, key, this)] as const;
    });
    const common = { connection, addPreviousOutputInEnv: false };
    const after = { parent: this, deletedWith: server, additionalSecretOutputs: ["stdin", "stdout", "stderr"] };
    const access = pulumi.all(Object.fromEntries(grants.map(([copy, grant]) => [copy, grant.access])));
    const readable = {
      ...settings,
      copies: Object.fromEntries(places.map(([copy]) => [copy, settings.copies[copy]!])),
    };
    const jobs = Object.keys(backupJobs(settings.hosts[host]!.jobs)).map((job) => {
      const text = pulumi.all([server.id, access, args.passwords]).apply(([id, keys, passwords]) => {
        const password = passwords[`${host}/${job}`];
        const input = { settings: readable, host, job, machine: id, access: keys };
        return jobEnv({ ...input, ...(password === undefined ? {} : { password }) });
      });
      return new remote.Command(
        `${name}-${job}`,
        { ...common, create: `${INSTALLED}/host/restore-job ${job}`, stdin: pulumi.secret(text) },
        { ...after, dependsOn: [installed, ...grants.flatMap(([, grant]) => grant.ready)] },
      );
    });
    const closed = new remote.Command(
      `${name}-network`,
      { ...common, create: `${INSTALLED}/host/staging-network close`, stdin: doors(places.map(([, place]) => place)) },
      { ...after, dependsOn: jobs },
    );
    // Whoever reads the address may rely on the network being closed.
    this.address = pulumi.all([server.ipv4Address, closed.stdout]).apply(([address]) => address);
    this.hostKey = hostKey;
    this.role = server.labels.apply((labels) => labels?.["granary-role"] ?? "");
    this.registerOutputs({ address: this.address, hostKey, role: this.role });
  }
}

/** Host and port of each place, a line each. rclone asks a bucket by its name in the path, so that its endpoint is all. */
function doors(places: Place[]): string {
  const lines = places.map((place) => {
    const { hostname, port, protocol } = new URL(s3Endpoint(place));
    return `${hostname} ${port || (protocol === "http:" ? "80" : "443")}\n`;
  });
  return [...new Set(lines)].join("");
}
