/** `pulumi preview --policy-pack policy`, as the preview of a pull request runs it: the real engine, program and pack. */
import { remote } from "@pulumi/command";
import * as cloudflare from "@pulumi/cloudflare";
import * as digitalocean from "@pulumi/digitalocean";
import { describe, expect, it } from "vitest";
import granary from "../../index.js";
import { RULES } from "../../policy/rules.js";
import { rawStack } from "../components/fixtures.js";
import { ACCOUNT } from "../settings/example.js";
import { previewed } from "./preview.js";

describe("the policy pack", { timeout: 120_000 }, () => {
  it("lets the program's plan pass", async () => {
    const said = await previewed(granary, rawStack());
    expect(said).toMatch(/granary@v0\.1\.0 \(local: .*policy\)/);
    expect(said).toMatch(/\+ 4\d to create/);
    expect(said).not.toContain("[mandatory]");
  });

  it("refuses a plan in which each rule is broken once, by the name of the rule", async () => {
    const plan = () => {
      granary();
      new digitalocean.SpacesBucket("stray", {
        name: "kolonell-stray",
        region: "fra1",
        acl: "public-read",
        forceDestroy: true,
      });
      new cloudflare.R2Bucket("stray", { accountId: ACCOUNT, name: "kolonell-stray" }, { protect: true });
      new remote.Command("stray", { connection: { host: "203.0.113.10", user: "root" }, create: "true" });
    };
    const refused = await previewed(plan, rawStack()).catch((error: Error) => error.message);
    const rules = [...refused.matchAll(/\[mandatory\] +(\S+) +\(.*: stray\)/g)].map(([, name]) => name!);
    expect([...new Set(rules)].sort(), refused).toEqual(RULES.map(({ name }) => name).sort());
    expect(refused).toContain("stray has no lock: add a R2BucketLock for it");
  });
});
