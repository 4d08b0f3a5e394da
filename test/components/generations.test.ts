/** A host's credentials in each stage of a rotation: what exists, what it uses, and what is told to who rotates. */
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { Host } from "../../components/host.js";
import { StorageBoxCopy } from "../../components/storage-box-copy.js";
import { SpacesCopy } from "../../components/spaces-copy.js";
import { parseSettings } from "../../settings/parse.js";
import { BOX_KEY, record, type Registered, valueOf } from "./engine.js";
import { box, find, LOCAL, rawStack, REMOTE, spaces, SSH_KEY } from "./fixtures.js";

const KEY = "digitalocean:index/spacesKey:SpacesKey";
const ACCOUNT = "hcloud:index/storageBoxSubaccount:StorageBoxSubaccount";

function program(credentials: object | undefined) {
  const raw = rawStack();
  Object.assign(raw.hosts.shop.jobs, { media: { kind: "files", paths: ["/opt/uploads"] } });
  const all = parseSettings({ ...raw, ...(credentials === undefined ? {} : { credentials }) });
  const settings = { ...all, copies: { spaces: spaces(), box: box() } };
  const copies = {
    spaces: new SpacesCopy("spaces", { copy: spaces(), retention: all.retention }),
    box: new StorageBoxCopy("box", { copy: box() }),
  };
  const ssh = { privateKey: pulumi.secret(SSH_KEY) };
  const passwords = pulumi.secret({} as Record<string, string>);
  return new Host("shop", { settings, copies, replicas: {}, ssh, passwords });
}

const at = (stage?: string, generation = 2) =>
  record(() => program({ shop: { generation, ...(stage === undefined ? {} : { stage }) } }));

/** Names of what one generation or the other is, of the host. */
const credentials = (resources: Registered[]): string[] =>
  resources
    .filter(({ type, name }) => [KEY, LOCAL, REMOTE].includes(type) && /^shop-/.test(name))
    .map(({ name }) => name)
    .filter((name) => /-to-spaces|password|repositories|-key/.test(name))
    .sort();

const FIRST = ["shop-box-key", "shop-files-to-box-password", "shop-repositories", "shop-restic-media-key"];
const SECOND = ["shop-box.2-key", "shop-files-to-box-password.2", "shop-repositories.2", "shop-restic-media.2-key"];

const env = (resources: Registered[]): string => JSON.stringify(find(resources, REMOTE, "shop-media").inputs["stdin"]);
const authorized = (resources: Registered[], name: string): string[] =>
  String(find(resources, REMOTE, name).inputs["stdin"])
    .trim()
    .split("\n");

describe("credentials of a host", () => {
  it("are the first ones where the settings say nothing", async () => {
    const { resources, result } = await record(() => program(undefined));
    expect(credentials(resources)).toEqual([...FIRST, "shop-to-box-password", "shop-to-spaces"].sort());
    expect(result.retiring).toBeUndefined();
    expect(env(resources)).not.toContain("GRANARY_GENERATION");
    expect(env(resources)).toContain("RCLONE_CONFIG_BOX_KEY_FILE=/etc/granary/box_ed25519");
  });

  it("are made beside the old ones, which it goes on using", async () => {
    const { resources } = await at("made");
    const passwords = ["shop-files-to-box-password.2", "shop-to-box-password.2"];
    const both = ["box-key", "box.2-key", "repositories", "repositories.2", "restic-media-key", "restic-media.2-key"];
    expect(credentials(resources)).toEqual(
      [...both.map((name) => `shop-${name}`), ...passwords, "shop-to-spaces", "shop-to-spaces.2"].sort(),
    );
    expect(env(resources)).not.toContain("GRANARY_GENERATION");
    expect(authorized(resources, "shop-to-box-authorized")).toEqual([BOX_KEY, BOX_KEY]);
    expect(authorized(resources, "shop-files-to-box-authorized")).toHaveLength(2);
    // The account stays, and so does what lies in it: only its password is another one.
    expect(resources.filter(({ type }) => type === ACCOUNT).map(({ name }) => name)).toEqual([
      "shop-files-to-box",
      "shop-to-box",
    ]);
  });

  it("are handed over while the old ones are still there", async () => {
    const [made, used] = [await at("made"), await at("used")];
    expect(credentials(used.resources)).toEqual(credentials(made.resources));
    expect(env(used.resources)).toContain("GRANARY_GENERATION=2");
    expect(env(used.resources)).toContain("RCLONE_CONFIG_BOX_KEY_FILE=/etc/granary/box.2_ed25519");
    expect(authorized(used.resources, "shop-to-box-authorized")).toHaveLength(2);
  });

  it.each(["alone", undefined])("are the new ones alone at the end (%s)", async (stage) => {
    const { resources, result } = await at(stage);
    expect(credentials(resources)).toEqual([...SECOND, "shop-to-box-password.2", "shop-to-spaces.2"].sort());
    expect(authorized(resources, "shop-to-box-authorized")).toEqual([BOX_KEY]);
    expect(result.retiring).toBeUndefined();
  });

  it("are told in both generations, secret, while there are two", async () => {
    const { retiring } = (await at("used", 5)).result;
    const account = { kind: "box", username: "u71-sub1" };
    const of = (generation: number) => ({
      ...{ generation, replicas: {}, repositoryPassword: expect.stringMatching(/^Gr4-/) as string },
      copies: { spaces: { kind: "s3", accessKeyId: "AKSPACES" }, box: account },
    });
    expect(await valueOf(retiring!)).toMatchObject({ used: of(5), other: of(4) });
    expect(await (retiring as unknown as { isSecret: Promise<boolean> }).isSecret).toBe(true);
  });
});

describe("the settings", () => {
  const wrong = (credentials: object) => () => parseSettings({ ...rawStack(), credentials });
  it.each([
    [{ gone: { generation: 2 } }, /credentials\.gone.*no such host/s],
    [{ shop: { generation: 1 } }, /use a whole number of generations from 2 to 9999/],
    [{ shop: { generation: 2, stage: "done" } }, /use a stage: made, used, alone/],
    [{ shop: {} }, /generation/],
  ])("refuse %j", (credentials, message) => expect(wrong(credentials)).toThrow(message));
});
