/** Configuration and logs: one encrypted tar, restored with owners, modes and links. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectFailure } from "./faults.js";
import { fileHost, type Host } from "./harness.js";

let host: Host;
const at = (path: string): string => join(host.root, path);

beforeEach(() => {
  host = fileHost("configs", ["/opt/configs", "/etc/caddy"]);
  for (const dir of ["opt/configs/sub", "opt/configs/cache", "etc/caddy"]) mkdirSync(at(dir), { recursive: true });
  writeFileSync(at("opt/configs/.env"), "PASSWORD=planted-in-a-config\n", { mode: 0o600 });
  writeFileSync(at("opt/configs/sub/ünï côde \n newline"), "x");
  writeFileSync(at("opt/configs/cache/drop.tmp"), "left out");
  writeFileSync(at("etc/caddy/Caddyfile"), "shop.example {\n}\n");
  symlinkSync("/opt/configs/.env", at("etc/caddy/link"));
  chmodSync(at("etc/caddy/Caddyfile"), 0o640);
});
afterEach(() => host.close());

/** Everything below a directory: type, mode, size, target and path. */
const listing = (dir: string): string =>
  execFileSync("find", [".", "-mindepth", "1", "-printf", "%y %m %s %l %p\\0"], { cwd: dir, encoding: "utf8" })
    .split("\0")
    .sort()
    .join("\n");

describe("configs", () => {
  it("saves names, modes and links, encrypted, and brings them back", async () => {
    host.writeEnv({ GRANARY_EXCLUDE: JSON.stringify(["*.tmp"]) });
    const result = await host.backup();
    expect(result.code, result.stderr).toBe(0);
    expect(host.manifest("a")).toMatchObject({ kind: "configs", files: 4, paths: ["/opt/configs", "/etc/caddy"] });
    const artifact = host.files("a").find((name) => name.endsWith(".age")) ?? "";
    expect(readFileSync(at(`a/daily/shop/orders/${artifact}`)).includes("planted-in-a-config")).toBe(false);
    const to = at("restored");
    const restore = await host.restore(["--copy", "a", "--into", to]);
    expect(restore.code, restore.stderr).toBe(0);
    expect(JSON.parse(restore.stdout)).toMatchObject({ ok: true, directory: to, compared: { files: 4 } });
    execFileSync("rm", [at("opt/configs/cache/drop.tmp")]);
    expect(listing(join(to, "opt/configs"))).toBe(listing(at("opt/configs")));
    expect(listing(join(to, "etc/caddy"))).toBe(listing(at("etc/caddy")));
    expect(readFileSync(join(to, "opt/configs/.env"), "utf8")).toBe("PASSWORD=planted-in-a-config\n");
    expect(statSync(join(to, "opt/configs/.env")).mode & 0o777).toBe(0o600);
  });

  it("leaves out a path, and only that one", async () => {
    mkdirSync(at("etc/caddy/cache"));
    writeFileSync(at("etc/caddy/cache/kept"), "");
    host.writeEnv({ GRANARY_EXCLUDE: JSON.stringify(["/opt/configs/cache"]) });
    expect((await host.backup()).code).toBe(0);
    expect(host.manifest("a")).toMatchObject({ files: 5 });
  });

  it("a path that vanished is a failure, before anything is made", async () => {
    execFileSync("rm", ["-r", at("etc/caddy")]);
    expectFailure(await host.backup(), 28, "source-missing", /not there: \/etc\/caddy/);
    expect(host.files("a")).toEqual([]);
  });

  it("a file that changes while it is read fails the run", async () => {
    host.fake("tar", `echo "tar: opt/configs/.env: file changed as we read it" >&2; "$REAL" "$@"; exit 1`);
    expectFailure(await host.backup(), 19, "dump-failed", /file changed as we read it/);
    expect(host.files("local")).toEqual([]);
  });

  it("never restores over what is there, and cleans up after a restore that was killed", async () => {
    expect((await host.backup()).code).toBe(0);
    expectFailure(await host.restore(["--into", at("etc/caddy")]), 31, "target-live", /is not an empty directory/);
    expectFailure(await host.restore([]), 10, "usage", /--into DIRECTORY is expected/);
    mkdirSync(at("restored.granary-incomplete"));
    writeFileSync(at("restored.granary-incomplete/old"), "");
    expect((await host.restore(["--into", at("restored")])).code).toBe(0);
    expect(listing(at("restored"))).not.toContain("./old");
  });

  it("a damaged artifact is found, and leaves no half-made directory", async () => {
    expect((await host.backup()).code).toBe(0);
    const file = join(host.backups, host.files("local").find((name) => name.endsWith(".age")) ?? "");
    const bytes = readFileSync(file);
    bytes[bytes.length - 20]! ^= 1;
    writeFileSync(file, bytes);
    expectFailure(await host.restore(["--into", at("restored")]), 25, "artifact-corrupt", /differs from its manifest/);
    expect(execFileSync("ls", [host.root], { encoding: "utf8" })).not.toContain("restored");
  });
});

describe("logs", () => {
  it("may grow while they are read: reported, and what was there is saved", async () => {
    host.writeEnv({ GRANARY_KIND: "logs", GRANARY_PATHS: '["/etc/caddy"]' });
    host.fake(
      "tar",
      `"$REAL" "$@"; status=$?; [[ $* != *--create* ]] && exit $status
      echo "tar: etc/caddy/Caddyfile: file changed as we read it" >&2; exit 1`,
    );
    const result = await host.backup();
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toContain("event=changed-while-read files=1 first=etc/caddy/Caddyfile");
    expect(host.manifest("a")).toMatchObject({ kind: "logs", files: 2, changedWhileRead: 1 });
  });

  it("that cannot be read are a failure", async () => {
    host.writeEnv({ GRANARY_KIND: "logs" });
    host.fake("tar", `echo "tar: etc/caddy/Caddyfile: Cannot open: Permission denied" >&2; "$REAL" "$@"; exit 2`);
    expectFailure(await host.backup(), 19, "dump-failed", /Permission denied/);
  });

  it("of which very many cannot be read are one too", async () => {
    host.writeEnv({ GRANARY_KIND: "logs" });
    host.fake(
      "tar",
      `for ((i = 0; i < 20000; i++)); do echo "tar: etc/caddy/$i: Cannot open: Permission denied"; done >&2; "$REAL" "$@"; exit 2`,
    );
    expectFailure(await host.backup(), 19, "dump-failed", /Permission denied/);
  });
});
