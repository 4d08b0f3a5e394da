/** Runs of a files job that end before their time: the next one is good, nothing counts that is not whole, no lock stays. */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { finished } from "./harness.js";
import { at, filesManifest, host, manifests, objects, repositoriesAreThere, restic } from "./repository.js";

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; !what(); i++) {
    if (i > 2500) throw new Error("it did not come to that");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A run that is ended where the fake program says so: by a signal to all of its processes, as systemd does. */
async function killedAt(flag: string, signal: NodeJS.Signals): Promise<number | null> {
  const child = host.start("granary-backup");
  const end = finished(child);
  await until(() => existsSync(at(flag)));
  process.kill(-child.pid!, signal);
  return (await end).code;
}

/** In the order of a run: what rclone is called with at that step. */
const STEPS = {
  "the backup": "serve restic",
  "the read-back": "--files-from-raw - a:*/files/",
  "the escrow": "copyto",
  "the manifest": "copy --immutable",
};

it.each(Object.entries(STEPS))("kill -9 at %s", async (_, call) => {
  repositoriesAreThere("a");
  host.writeEnv({ GRANARY_COPIES: "a" });
  const pattern = call.replaceAll(/[ ]/g, "\\ ");
  host.fake(
    "rclone",
    `if [[ $* == *${pattern}* && ! -e ${at("flag")} ]]; then touch ${at("flag")}; sleep 60; fi\nexec "$REAL" "$@"`,
  );
  await killedAt("flag", "SIGKILL");
  expect(manifests("a")).toEqual([]);
  host.unfake("rclone");
  const result = await host.backup();
  expect(result.code, result.stderr).toBe(0);
  expect(manifests("a").length).toBe(1);
  expect(objects("a", "locks")).toEqual([]);
  expect(restic("a", "snapshots", "--json", filesManifest("a").snapshot)).toContain(filesManifest("a").snapshot);
});

it("an interrupted first run is taken up: what was uploaded is not uploaded again", async () => {
  host.writeEnv({ GRANARY_COPIES: "a" });
  for (let n = 0; n < 12; n++) writeFileSync(at(`opt/uploads/big-${String(n)}`), randomBytes(6_000_000));
  host.fake("rclone", `if [[ $1 == serve ]]; then exec "$REAL" "$@" --bwlimit 6M; fi\nexec "$REAL" "$@"`);
  /** Bytes of the packs that are whole: each is named after its content. */
  const whole = (): number =>
    (existsSync(at("a/files/shop/orders/data")) ? objects("a", "data") : [])
      .map((name) => [name, readFileSync(at(`a/files/shop/orders/data/${name.slice(0, 2)}/${name}`))] as const)
      .filter(([name, content]) => createHash("sha256").update(content).digest("hex") === name)
      .reduce((sum, [, content]) => sum + content.length, 0);
  const child = host.start("granary-backup");
  const end = finished(child);
  await until(() => whole() > 12_000_000);
  process.kill(-child.pid!, "SIGKILL");
  await end;
  expect(objects("a", "index")).toEqual([]);
  const kept = whole();
  host.unfake("rclone");
  const result = await host.backup();
  expect(result.code, result.stderr).toBe(0);
  expect(result.stderr).toContain("event=resumed copy=a");
  const { bytes, added } = filesManifest("a");
  expect(bytes).toBeGreaterThan(72_000_000);
  expect(added).toBeLessThan(bytes - 0.95 * kept);
  expect(restic("a", "check", "--read-data")).toContain("no errors were found");
});

it("a run that is told to stop lets go of its lock, and of its files", async () => {
  repositoriesAreThere("a");
  host.writeEnv({ GRANARY_COPIES: "a" });
  expect((await host.backup()).code).toBe(0);
  writeFileSync(at("opt/uploads/big"), randomBytes(40_000_000));
  const before = objects("a", "data").length;
  host.fake("rclone", `if [[ $1 == serve ]]; then exec "$REAL" "$@" --bwlimit 4M; fi\nexec "$REAL" "$@"`);
  const child = host.start("granary-backup");
  const end = finished(child);
  await until(() => objects("a", "data").length > before);
  process.kill(child.pid!, "SIGTERM");
  expect((await end).code).toBe(143);
  expect(objects("a", "locks")).toEqual([]);
  expect(manifests("a").length).toBe(1);
  rmSync(at("opt/uploads/big"));
  host.unfake("rclone");
  expect((await host.backup()).code).toBe(0);
});
