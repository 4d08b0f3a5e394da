/** A drill that should fail does: uploads. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, it } from "vitest";
import { at, host, repositoriesAreThere, uploads } from "../scripts/repository.js";
import type { Manifest } from "../scripts/harness.js";
import { changeManifest, drill, newest } from "./sabotage.js";

const JOB = { kind: "files", paths: ["/opt/uploads"] };

beforeEach(async () => {
  repositoriesAreThere("a");
  host.writeEnv({ GRANARY_COPIES: "a" });
  expect((await host.backup()).code).toBe(0);
  // A staging server has never seen the repository.
  rmSync(at("var/cache"), { recursive: true });
});

it("what is as it should be is green", async () => {
  expect(await drill(host, JOB)).toEqual([]);
});

it("uploads are missing that the manifest claims", async () => {
  changeManifest(host, newest(host), (manifest) => {
    (manifest as Manifest & { files: number }).files += 1;
  });
  expect((await drill(host, JOB)).join()).toMatch(/^orders: restored: .*name=compare-failed/);
});

it("most uploads vanished before the backup was made", async () => {
  await sleep(1000);
  rmSync(join(uploads(), "2026"), { recursive: true });
  expect((await host.backup()).code).toBe(0);
  expect((await drill(host, JOB)).join()).toMatch(/^orders: did not shrink to less than half: 1 files$/);
});

it("the snapshot that the manifest names is gone", async () => {
  const snapshots = at("a/files/shop/orders/snapshots");
  for (const name of readdirSync(snapshots)) rmSync(join(snapshots, name));
  expect((await drill(host, JOB)).join()).toMatch(
    /^orders: restored: granary-restore orders ended with \d+: .*event=error/,
  );
});
