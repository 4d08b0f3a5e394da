import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { StorageBoxCopy } from "../../components/storage-box-copy.js";
import { HETZNER_BOX_HOST_KEY } from "../../settings/copies/storage-box.js";
import { BOX_KEY, PASSWORD, record, valueOf } from "./engine.js";
import { box, find, LOCAL, own, parent, REMOTE } from "./fixtures.js";

const BOX = "hcloud:index/storageBox:StorageBox";
const ACCOUNT = "hcloud:index/storageBoxSubaccount:StorageBoxSubaccount";

function program(change: Partial<ReturnType<typeof box>> = {}) {
  const copy = new StorageBoxCopy("box", { copy: { ...box(), ...change } });
  return copy.grant({
    host: "shop",
    generations: { used: 1 },
    boxKeys: [BOX_KEY],
    repositoryKeys: {},
    parent: parent(),
  });
}

const OWNER_KEY = "ssh-ed25519 OWNER";
const maintained = () => new StorageBoxCopy("box", { copy: box(), maintainer: OWNER_KEY }).maintenance();

const password = (name: string, owner: string) => ({
  type: LOCAL,
  name,
  inputs: {
    create: "printf 'Gr4-'; od -An -N24 -tx1 /dev/urandom | tr -d ' \\n'",
    interpreter: ["/bin/sh", "-c"],
    logging: "none",
    addPreviousOutputInEnv: false,
  },
  parent: owner,
  ignoreChanges: ["create", "interpreter", "logging"],
  additionalSecretOutputs: ["stderr", "stdout"],
});

const connection = {
  secret: {
    host: "u71-sub1.your-storagebox.de",
    port: 23,
    user: "u71-sub1",
    password: PASSWORD,
    hostKey: HETZNER_BOX_HOST_KEY,
    dialErrorLimit: 60,
    perDialTimeout: 15,
  },
};

describe("a Storage Box copy", () => {
  it("is exactly these resources", async () => {
    const { resources } = await record(program);
    expect(resources.map(own)).toEqual([
      password("box-password", "granary:copies:StorageBox box"),
      password("shop-to-box-password", "test:Parent shop"),
      {
        type: REMOTE,
        name: "shop-to-box-authorized",
        inputs: {
          connection,
          create: "dd of=.ssh/authorized_keys",
          stdin: `${BOX_KEY}\n`,
          addPreviousOutputInEnv: false,
        },
        parent: "test:Parent shop",
        dependsOn: [`${REMOTE} shop-to-box-authorized-directory`, `${ACCOUNT} shop-to-box`],
      },
      {
        type: REMOTE,
        name: "shop-to-box-authorized-directory",
        inputs: { connection, create: "mkdir -p .ssh", addPreviousOutputInEnv: false },
        parent: "test:Parent shop",
        dependsOn: [`${ACCOUNT} shop-to-box`],
      },
      { type: "granary:copies:StorageBox", name: "box", inputs: {} },
      {
        type: BOX,
        name: "box",
        inputs: {
          name: "granary-box",
          storageBoxType: "bx11",
          location: "hel1",
          password: { secret: PASSWORD },
          accessSettings: {
            sshEnabled: true,
            reachableExternally: true,
            sambaEnabled: false,
            webdavEnabled: false,
            zfsEnabled: false,
          },
          snapshotPlan: { maxSnapshots: 10, hour: 5, minute: 0 },
          deleteProtection: true,
        },
        parent: "granary:copies:StorageBox box",
        dependsOn: [`${LOCAL} box-password`],
        protect: true,
        ignoreChanges: ["sshKeys"],
        additionalSecretOutputs: ["password"],
      },
      {
        type: ACCOUNT,
        name: "shop-to-box",
        inputs: {
          name: "shop",
          storageBoxId: 71,
          homeDirectory: "shop",
          description: "granary, host shop",
          password: { secret: PASSWORD },
          accessSettings: {
            sshEnabled: true,
            reachableExternally: true,
            sambaEnabled: false,
            webdavEnabled: false,
            readonly: false,
          },
        },
        parent: "test:Parent shop",
        dependsOn: [`${LOCAL} shop-to-box-password`, `${BOX} box`],
        additionalSecretOutputs: ["password"],
      },
      { type: "test:Parent", name: "shop", inputs: {} },
    ]);
  });

  it("gives a host its account, ready when its key is in place", async () => {
    const { access, ready } = (await record(program)).result;
    expect(await valueOf(access)).toEqual({
      kind: "box",
      server: "u71-sub1.your-storagebox.de",
      username: "u71-sub1",
    });
    expect(await (access as unknown as { isSecret: Promise<boolean> }).isSecret).toBe(true);
    expect(await Promise.all(ready.map((resource) => valueOf(resource.urn)))).toEqual([
      expect.stringMatching(/Command::shop-to-box-authorized$/),
    ]);
  });
});

describe("a host with files jobs", () => {
  const keys = {
    media: [pulumi.output("ssh-ed25519 MEDIA granary@shop\n")],
    pdf: [pulumi.output("ssh-ed25519 PDF")],
  };
  const withFiles = () =>
    new StorageBoxCopy("box", { copy: box() }).grant({
      ...{ host: "shop", generations: { used: 1 }, boxKeys: [BOX_KEY], parent: parent() },
      repositoryKeys: keys,
    });

  it("has an account of its own for them, whose keys can only add to one repository each", async () => {
    const { resources, result } = await record(withFiles);
    expect(find(resources, ACCOUNT, "shop-files-to-box")).toMatchObject({
      inputs: {
        name: "shop.files",
        homeDirectory: "shop.files",
        accessSettings: { sshEnabled: true, readonly: false },
      },
      additionalSecretOutputs: ["password"],
    });
    const rclone = "rclone serve restic --stdio --append-only ./files/shop";
    expect(find(resources, REMOTE, "shop-files-to-box-authorized").inputs).toMatchObject({
      create: "dd of=.ssh/authorized_keys",
      stdin:
        `command="${rclone}/media",restrict ssh-ed25519 MEDIA granary@shop\n` +
        `command="${rclone}/pdf",restrict ssh-ed25519 PDF\n`,
    });
    expect(await valueOf(result.access)).toMatchObject({
      username: "u71-sub1",
      repositories: "u71-sub1@u71-sub1.your-storagebox.de",
    });
    expect(await Promise.all(result.ready.map((resource) => valueOf(resource.urn)))).toEqual([
      expect.stringMatching(/::shop-to-box-authorized$/),
      expect.stringMatching(/::shop-files-to-box-authorized$/),
    ]);
  });

  it("cannot reach it through the account for artifacts: the homes are apart", async () => {
    const { resources } = await record(withFiles);
    const homes = resources.filter(({ type }) => type === ACCOUNT).map(({ inputs }) => String(inputs["homeDirectory"]));
    expect(homes.sort()).toEqual(["shop", "shop.files"]);
    expect(homes[1]!.startsWith(`${homes[0]!}/`)).toBe(false);
  });
});

describe("the reader of a Storage Box", () => {
  it("is a sub-account that sees all of it and may not write, with a password of its own", async () => {
    const { resources, result } = await record(() => new StorageBoxCopy("box", { copy: box() }).reader());
    expect(own(find(resources, ACCOUNT, "reader-of-box"))).toEqual({
      type: ACCOUNT,
      name: "reader-of-box",
      inputs: {
        name: "granary.reader",
        storageBoxId: 71,
        homeDirectory: "/",
        description: "granary, reads for status",
        password: { secret: PASSWORD },
        accessSettings: {
          sshEnabled: true,
          reachableExternally: true,
          sambaEnabled: false,
          webdavEnabled: false,
          readonly: true,
        },
      },
      parent: "granary:copies:StorageBox box",
      dependsOn: [`${LOCAL} reader-of-box-password`, `${BOX} box`].sort(),
      additionalSecretOutputs: ["password"],
    });
    expect(await valueOf(result)).toEqual({
      ...{ kind: "box", server: "u71-sub1.your-storagebox.de", username: "u71-sub1", password: PASSWORD },
    });
    expect(await (result as unknown as { isSecret: Promise<boolean> }).isSecret).toBe(true);
  });
});

describe("maintenance of a Storage Box", () => {
  it("is through the main account, which sees every host's directory, with the owner's key", async () => {
    const { resources, result } = await record(maintained);
    const main = { secret: { ...connection.secret, host: "u71.your-storagebox.de", user: "u71" } };
    expect(find(resources, REMOTE, "maintenance-of-box")).toEqual({
      type: REMOTE,
      name: "maintenance-of-box",
      inputs: {
        connection: main,
        create: "dd of=.ssh/authorized_keys",
        delete: "rm -f .ssh/authorized_keys",
        stdin: `${OWNER_KEY}\n`,
        addPreviousOutputInEnv: false,
      },
      parent: "granary:copies:StorageBox box",
      dependsOn: [`${LOCAL} box-password`, `${REMOTE} maintenance-of-box-directory`, `${BOX} box`].sort(),
    });
    const access = { kind: "box", server: "u71.your-storagebox.de", username: "u71" };
    expect(await valueOf(result!)).toEqual(access);
    expect(await (result as unknown as { isSecret: Promise<boolean> }).isSecret).toBe(true);
  });

  it("is not possible without a key: nothing is made", async () => {
    const { resources, result } = await record(() => new StorageBoxCopy("box", { copy: box() }).maintenance());
    expect(result).toBeUndefined();
    expect(resources.filter(({ type }) => type === REMOTE)).toEqual([]);
  });
});

describe("pitfalls of Storage Boxes", () => {
  const made = async () => find((await record(program)).resources, BOX, "box");

  it("a change of sshKeys replaces the box and loses its data: none are given and a change is ignored", async () => {
    const { inputs, ignoreChanges } = await made();
    expect(inputs).not.toHaveProperty("sshKeys");
    expect(ignoreChanges).toEqual(["sshKeys"]);
  });

  it("a change of location replaces the box and loses its data: it is protected", async () => {
    expect((await made()).protect).toBe(true);
  });

  it("the provider lifts deleteProtection on destroy: it is set, and protect besides", async () => {
    expect(await made()).toMatchObject({ protect: true, inputs: { deleteProtection: true } });
  });

  it("access settings are off by default: SSH from anywhere is on, and nothing else", async () => {
    const { accessSettings } = (await made()).inputs as { accessSettings: Record<string, boolean> };
    const on = Object.keys(accessSettings).filter((name) => accessSettings[name]);
    expect(on.sort()).toEqual(["reachableExternally", "sshEnabled"]);
  });

  it("each sub-account needs its own authorized_keys, placed over a connection whose host key is pinned", async () => {
    const { resources } = await record(() => program({ hostKey: "ssh-ed25519 OTHER" }));
    for (const name of ["shop-to-box-authorized", "shop-to-box-authorized-directory"])
      expect(find(resources, REMOTE, name).inputs).toMatchObject({
        connection: { secret: { hostKey: "ssh-ed25519 OTHER", port: 23, user: "u71-sub1" } },
      });
  });

  it("snapshots follow the settings, in UTC", async () => {
    const { resources } = await record(() => program({ snapshots: { keep: 7, hourUtc: 0 } }));
    expect(find(resources, BOX, "box").inputs["snapshotPlan"]).toEqual({ maxSnapshots: 7, hour: 0, minute: 0 });
  });
});
