import { describe, expect, it } from "vitest";
import granary from "../../index.js";
import { StatusPage } from "../../components/status-page.js";
import type { Place } from "../../settings/schema.js";
import { ACCOUNT } from "../settings/example.js";
import { record } from "./engine.js";
import { configure, own, rawStack, SSH_KEY } from "./fixtures.js";

const SPACES: Place = { kind: "spaces", region: "fra1", bucket: "kolonell-status" };
const R2: Place = {
  ...{ kind: "r2", accountId: ACCOUNT, bucket: "kolonell-status", location: "weur" },
  jurisdiction: "default",
};
const PARENT = "granary:status:Page status-page";
const made = async (place: Place) =>
  (await record(() => ({ page: new StatusPage("status-page", place) }))).resources.filter(
    ({ type }) => type !== "granary:status:Page",
  );

describe("the status page", () => {
  it("at Spaces is a private bucket and a key for it, and nothing else", async () => {
    expect((await made(SPACES)).map(own)).toEqual([
      {
        type: "digitalocean:index/spacesBucket:SpacesBucket",
        name: "status-page",
        inputs: {
          ...{ name: "kolonell-status", region: "fra1", acl: "private", versioning: { enabled: true } },
          forceDestroy: false,
          lifecycleRules: [
            {
              ...{ id: "uploads", enabled: true },
              noncurrentVersionExpiration: { days: 30 },
              abortIncompleteMultipartUploadDays: 7,
            },
            { id: "delete-markers", enabled: true, expiration: { expiredObjectDeleteMarker: true } },
          ],
        },
        parent: PARENT,
        protect: true,
        replaceOnChanges: ["name"],
      },
      {
        type: "digitalocean:index/spacesKey:SpacesKey",
        name: "status-page-publisher",
        inputs: { name: "granary-status-page", grants: [{ bucket: "kolonell-status", permission: "readwrite" }] },
        parent: PARENT,
        dependsOn: ["digitalocean:index/spacesBucket:SpacesBucket status-page"],
        additionalSecretOutputs: ["secretKey"],
      },
    ]);
  });

  it("at R2 has no lock: the page is written again each day", async () => {
    const resources = await made(R2);
    expect(resources.map(({ type, name }) => `${type.split(":")[2]} ${name}`)).toEqual([
      "AccountToken status-page-publisher",
      "R2Bucket status-page",
      "R2BucketLifecycle status-page",
    ]);
    const [policy] = (resources[0]!.inputs as { policies: { resources: string }[] }).policies;
    expect(JSON.parse(policy!.resources)).toEqual({
      [`com.cloudflare.edge.r2.bucket.${ACCOUNT}_default_kolonell-status`]: "*",
    });
  });

  it("is there when the settings say so, and not otherwise", async () => {
    const pages = async (more: object) => {
      configure({ ...rawStack(), ...more }, { sshPrivateKey: SSH_KEY });
      return (await record(granary)).resources.filter(({ name }) => name.startsWith("status-page")).length;
    };
    expect(await pages({})).toBe(0);
    expect(await pages({ statusPage: { kind: "spaces", region: "fra1", bucket: "kolonell-status" } })).toBe(3);
  });
});
