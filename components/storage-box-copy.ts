import { remote } from "@pulumi/command";
import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import { BOX_PORT } from "../plan/job-env.js";
import type { StorageBoxCopy as StorageBoxSettings } from "../settings/schema.js";
import type { CopyComponent, Grant, Grantee } from "./copy.js";
import { randomPassword } from "./local-secret.js";

/** What is reachable on the box and its sub-accounts: SSH, from anywhere; nothing else. */
const SSH_ONLY = { sshEnabled: true, reachableExternally: true, sambaEnabled: false, webdavEnabled: false };

/**
 * A Hetzner Storage Box with daily snapshots that SSH cannot touch, and a sub-account for each host that sees its own
 * directory only.
 */
export class StorageBoxCopy extends pulumi.ComponentResource implements CopyComponent {
  readonly box: hcloud.StorageBox;
  private readonly copy: StorageBoxSettings;
  private readonly name: string;

  constructor(name: string, args: { copy: StorageBoxSettings }, options?: pulumi.ComponentResourceOptions) {
    super("granary:copies:StorageBox", name, {}, options);
    this.copy = args.copy;
    this.name = name;
    const { keep, hourUtc } = args.copy.snapshots;
    this.box = new hcloud.StorageBox(
      name,
      {
        name: `granary-${name}`,
        storageBoxType: args.copy.type,
        location: args.copy.location,
        password: randomPassword(`${name}-password`, this),
        accessSettings: { ...SSH_ONLY, zfsEnabled: false },
        snapshotPlan: { maxSnapshots: keep, hour: hourUtc, minute: 0 },
        deleteProtection: true,
      },
      // A changed SSH key or location would replace the box, and with it everything on it.
      { parent: this, protect: true, ignoreChanges: ["sshKeys"], additionalSecretOutputs: ["password"] },
    );
    this.registerOutputs({ server: this.box.server });
  }

  grant({ host, boxKey, parent }: Grantee): Grant {
    const account = new hcloud.StorageBoxSubaccount(
      `${host}-to-${this.name}`,
      {
        name: host,
        storageBoxId: this.box.id.apply(Number),
        homeDirectory: host,
        description: `granary, host ${host}`,
        password: randomPassword(`${host}-to-${this.name}-password`, parent),
        accessSettings: { ...SSH_ONLY, readonly: false },
      },
      { parent, additionalSecretOutputs: ["password"] },
    );
    const placed = this.placeKey(`${host}-to-${this.name}-authorized`, account, boxKey, parent);
    const access = pulumi
      .all([account.server, account.username])
      .apply(([server, username]) => ({ kind: "box" as const, server, username }));
    return { access: pulumi.secret(access), ready: [placed] };
  }

  /** The host's key becomes the account's only key. The box's shell has no redirection, but it has `dd`. */
  private placeKey(
    name: string,
    account: hcloud.StorageBoxSubaccount,
    key: pulumi.Input<string>,
    parent: pulumi.Resource,
  ): pulumi.Resource {
    const connection = {
      host: account.server,
      port: BOX_PORT,
      user: account.username,
      password: account.password,
      hostKey: this.copy.hostKey,
      // A new account's name takes a moment to resolve.
      dialErrorLimit: 60,
    };
    const common = { connection, addPreviousOutputInEnv: false };
    const directory = new remote.Command(`${name}-directory`, { ...common, create: "mkdir -p .ssh" }, { parent });
    return new remote.Command(
      name,
      { ...common, create: "dd of=.ssh/authorized_keys", stdin: pulumi.interpolate`${key}\n` },
      { parent, dependsOn: directory },
    );
  }
}
