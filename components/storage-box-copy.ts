import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import { artifactsHome } from "../plan/box-homes.js";
import { newest, ofGeneration } from "../plan/generations.js";
import type { CopyAccess } from "../plan/job-env.js";
import type { StorageBoxCopy as StorageBoxSettings } from "../settings/schema.js";
import { filesAccount, type FilesAccount } from "./box-files.js";
import { placeBoxKey } from "./box-key.js";
import type { CopyComponent, Grant, Grantee } from "./copy.js";
import { randomPassword } from "./local-secret.js";

/** What is reachable on the box and its sub-accounts: SSH, from anywhere; nothing else. */
const SSH_ONLY = { sshEnabled: true, reachableExternally: true, sambaEnabled: false, webdavEnabled: false };

/**
 * A Hetzner Storage Box with daily snapshots that SSH cannot touch. Each host has a sub-account that sees its own
 * directory only; one with files jobs has another, in which it can only add.
 */
export class StorageBoxCopy extends pulumi.ComponentResource implements CopyComponent {
  readonly box: hcloud.StorageBox;
  private readonly copy: StorageBoxSettings;
  private readonly name: string;
  private readonly password: pulumi.Output<string>;
  private readonly maintainer: string | undefined;

  /** @param args.maintainer public SSH key of who runs `granary maintain`; absent: nobody can */
  constructor(
    name: string,
    args: { copy: StorageBoxSettings; maintainer?: string | undefined },
    options?: pulumi.ComponentResourceOptions,
  ) {
    super("granary:copies:StorageBox", name, {}, options);
    this.copy = args.copy;
    this.name = name;
    this.maintainer = args.maintainer;
    this.password = randomPassword(`${name}-password`, this);
    const { keep, hourUtc } = args.copy.snapshots;
    this.box = new hcloud.StorageBox(
      name,
      {
        name: `granary-${name}`,
        storageBoxType: args.copy.type,
        location: args.copy.location,
        password: this.password,
        accessSettings: { ...SSH_ONLY, zfsEnabled: false },
        snapshotPlan: { maxSnapshots: keep, hour: hourUtc, minute: 0 },
        deleteProtection: true,
      },
      // A changed SSH key or location would replace the box, and with it everything on it.
      { parent: this, protect: true, ignoreChanges: ["sshKeys"], additionalSecretOutputs: ["password"] },
    );
    this.registerOutputs({ server: this.box.server });
  }

  grant(grantee: Grantee): Grant {
    const { host, generations, boxKeys, parent } = grantee;
    const account = new hcloud.StorageBoxSubaccount(
      `${host}-to-${this.name}`,
      {
        name: host,
        storageBoxId: this.box.id.apply(Number),
        homeDirectory: artifactsHome(host),
        description: `granary, host ${host}`,
        password: randomPassword(ofGeneration(`${host}-to-${this.name}-password`, newest(generations)), parent),
        accessSettings: { ...SSH_ONLY, readonly: false },
      },
      { parent, additionalSecretOutputs: ["password"] },
    );
    const placed = placeBoxKey(
      `${host}-to-${this.name}-authorized`,
      {
        server: account.server,
        username: account.username,
        password: account.password,
        hostKey: this.copy.hostKey,
      },
      pulumi.all(boxKeys).apply((keys) => keys.map((key) => key.trim()).join("\n")),
      parent,
    );
    const files = this.filesAccount(grantee);
    const login = files && pulumi.interpolate`${files.account.username}@${files.account.server}`;
    const access = pulumi.all([account.server, account.username, login]).apply(([server, username, repositories]) => ({
      ...{ kind: "box" as const, server, username },
      ...(repositories === undefined ? {} : { repositories }),
    }));
    return { access: pulumi.secret(access), ready: files ? [placed, files.ready] : [placed] };
  }

  /** Only a host with files jobs has one. */
  private filesAccount(grantee: Grantee): FilesAccount | undefined {
    if (Object.keys(grantee.repositoryKeys).length === 0) return undefined;
    const box = {
      id: this.box.id.apply(Number),
      hostKey: this.copy.hostKey,
      access: { ...SSH_ONLY, readonly: false },
    };
    return filesAccount(`${grantee.host}-files-to-${this.name}`, box, grantee);
  }

  /**
   * The main account, with the owner's own key: it sees every host's directory, which a sub-account never does.
   * It cannot touch snapshots: no SSH account can.
   */
  maintenance(): pulumi.Output<CopyAccess> | undefined {
    if (this.maintainer === undefined) return undefined;
    const { server, username } = this.box;
    const login = { server, username, password: this.password, hostKey: this.copy.hostKey };
    const placed = placeBoxKey(`maintenance-of-${this.name}`, login, this.maintainer, this, true);
    const access = pulumi
      .all([server, username, placed.urn])
      .apply(([s, u]) => ({ kind: "box" as const, server: s, username: u }));
    return pulumi.secret(access);
  }
  /**
   * A sub-account that sees the whole box and may only read. It logs in with its password: in a home that it may not write
   * to, no key can be placed, and what looks at the copies needs no key of the owner's.
   */
  reader(): pulumi.Output<CopyAccess> {
    const account = new hcloud.StorageBoxSubaccount(
      `reader-of-${this.name}`,
      {
        name: "granary.reader",
        storageBoxId: this.box.id.apply(Number),
        homeDirectory: "/",
        description: "granary, reads for status",
        password: randomPassword(`reader-of-${this.name}-password`, this),
        accessSettings: { ...SSH_ONLY, readonly: true },
      },
      { parent: this, additionalSecretOutputs: ["password"] },
    );
    const access = pulumi
      .all([account.server, account.username, account.password])
      .apply(([server, username, password]) => ({ kind: "box" as const, server, username, password }));
    return pulumi.secret(access);
  }
}
