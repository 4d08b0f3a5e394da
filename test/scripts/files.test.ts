/** Uploads with the real restic: what a run leaves in each copy, and that it comes back. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { at, filesManifest, host, listing, repositoriesAreThere, restic, uploads } from "./repository.js";

it("saves to each copy, verified, and from each it comes back, whole or one path", async () => {
  const result = await host.backup();
  expect(result.code, result.stderr).toBe(0);
  for (const copy of ["a", "b"] as const) {
    expect(filesManifest(copy)).toMatchObject({
      kind: "files",
      artifacts: [],
      files: 4,
      bytes: 48_001,
      filesNew: 4,
      unread: 0,
      changedWhileRead: 0,
      repository: "files/shop/orders",
      copy: { name: copy, verified: true },
    });
    const [snapshot] = JSON.parse(restic(copy, "snapshots", "--json")) as {
      id: string;
      hostname: string;
      tags: string[];
    }[];
    expect(snapshot).toMatchObject({ id: filesManifest(copy).snapshot, hostname: "shop", tags: ["orders"] });
  }
  expect(readdirSync(host.backups)).toEqual([]);
  const whole = await host.restore(["--copy", "b", "--into", at("restored")]);
  expect(whole.code, whole.stderr).toBe(0);
  expect(JSON.parse(whole.stdout)).toMatchObject({ ok: true, copy: "b", compared: { files: 4, bytes: 48_001 } });
  expect(listing(join(at("restored"), uploads()))).toBe(listing(uploads()));
  const one = await host.restore(["--into", at("one"), "--only", "/opt/uploads/2026/photo-2.jpg"]);
  expect(one.code, one.stderr).toBe(0);
  expect(one.stderr).toContain("event=copy-chosen copy=a");
  expect(JSON.parse(one.stdout)).toMatchObject({ copy: "a", compared: { files: 1 } });
  expect(readFileSync(join(at("one"), uploads(), "2026/photo-2.jpg"))).toEqual(
    readFileSync(at("opt/uploads/2026/photo-2.jpg")),
  );
});

it("saves what is new alone, and what a path or a pattern excludes not at all", async () => {
  repositoriesAreThere("a");
  mkdirSync(at("opt/uploads/cache"));
  writeFileSync(at("opt/uploads/cache/thumb.jpg"), "left out");
  writeFileSync(at("opt/uploads/2026/half.part"), "left out");
  host.writeEnv({ GRANARY_COPIES: "a", GRANARY_EXCLUDE: JSON.stringify(["/opt/uploads/cache", "*.part"]) });
  expect((await host.backup()).code).toBe(0);
  expect(filesManifest("a")).toMatchObject({ files: 4, filesNew: 4 });
  writeFileSync(at("opt/uploads/2026/photo-4.jpg"), "photo 4 ".repeat(2000));
  rmSync(at("opt/uploads/2026/photo-1.jpg"));
  chmodSync(at("opt/uploads/2026/photo-2.jpg"), 0o600);
  expect((await host.backup()).code).toBe(0);
  expect(filesManifest("a")).toMatchObject({ files: 4, filesNew: 1, filesChanged: 1 });
  const restore = await host.restore(["--copy", "a", "--into", at("restored")]);
  expect(restore.code, restore.stderr).toBe(0);
  rmSync(at("opt/uploads/cache"), { recursive: true });
  rmSync(at("opt/uploads/2026/half.part"));
  expect(listing(join(at("restored"), uploads())).replace(/^d .*\n/gm, "")).toBe(
    listing(uploads()).replace(/^d .*\n/gm, ""),
  );
});
