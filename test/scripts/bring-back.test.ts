/** A host that is brought back: held meanwhile, everything in its place, and a second run that fetches nothing again. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Cluster, fileHost, Host, type Result } from "./harness.js";

let host: Host;
afterEach(() => host.close());
const at = (name: string): string => join(host.root, name);
const bringBack = (...more: string[]): Promise<Result> =>
  host.run("granary-bring-back", ["orders", "--copy", "a", ...more], host.keys.identity);
const hold = (what: string): Promise<Result> => host.run("granary-hold", [what]);

/** A configs job whose backup is in the copy, on a host that has lost everything else. */
async function configsLost(): Promise<void> {
  host = fileHost("configs", ["/opt/configs", "/etc/caddy"]);
  for (const dir of ["opt/configs/sub", "etc/caddy"]) mkdirSync(at(dir), { recursive: true });
  writeFileSync(at("opt/configs/sub/app.env"), "KEY=1\n", { mode: 0o600 });
  writeFileSync(at("etc/caddy/Caddyfile"), "shop.example\n");
  const saved = await host.backup();
  expect(saved.code, saved.stderr).toBe(0);
  for (const dir of ["opt/configs", "etc/caddy", "var/backups"]) rmSync(at(dir), { recursive: true });
}

describe("a host that is held", () => {
  it("makes no backup until it is let go", async () => {
    await configsLost();
    mkdirSync(at("opt/configs"), { recursive: true });
    mkdirSync(at("etc/caddy"), { recursive: true });
    expect((await hold("on")).stdout).toBe("on\n");
    const refused = await host.backup();
    expect(refused.code).toBe(39);
    expect(refused.stderr).toMatch(/event=error code=39 name=held message="this host is being brought back since /);
    expect((await hold("state")).stdout).toBe("on\n");
    expect((await hold("off")).stdout).toBe("off\n");
    expect((await host.backup()).code).toBe(0);
  });

  it("is the only one on which anything is put into place", async () => {
    await configsLost();
    const { code, stderr } = await bringBack();
    expect([code, stderr]).toEqual([10, expect.stringContaining("the host is not held: run granary-hold on first")]);
    expect(existsSync(at("opt/configs"))).toBe(false);
  });
});

describe("granary-bring-back", () => {
  it("puts every path where it was, and keeps aside what a package put there", async () => {
    await configsLost();
    mkdirSync(at("etc/caddy"), { recursive: true });
    mkdirSync(at("opt/configs"), { recursive: true });
    writeFileSync(at("etc/caddy/Caddyfile"), "the package's own\n");
    await hold("on");
    const result = await bringBack();
    expect(result.code, result.stderr).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ copy: "a" });
    expect(readFileSync(at("opt/configs/sub/app.env"), "utf8")).toBe("KEY=1\n");
    expect(readFileSync(at("etc/caddy/Caddyfile"), "utf8")).toBe("shop.example\n");
    expect(readFileSync(at("etc/caddy.before-recovery/Caddyfile"), "utf8")).toBe("the package's own\n");
    expect(existsSync(at("opt/configs.before-recovery"))).toBe(false);
  });

  it("fetches nothing a second time, until the host is held anew", async () => {
    await configsLost();
    await hold("on");
    const first = await bringBack();
    host.fake("rclone", "exit 9");
    const again = await bringBack();
    expect([again.code, again.stdout]).toEqual([0, first.stdout]);
    expect(again.stderr).toContain("event=back-already job=orders");
    await hold("off");
    await hold("on");
    expect((await bringBack()).code).not.toBe(0);
  });

  it("goes on where it was interrupted: fetched, and one of two paths in its place", async () => {
    await configsLost();
    await hold("on");
    host.fake(
      "mv",
      `[[ $* == *caddy* && ! -e ${at("stopped")} ]] && { touch ${at("stopped")}; kill -9 $PPID; sleep 1; }\nexec /bin/mv "$@"`,
    );
    expect((await bringBack()).signal).toBe("SIGKILL");
    expect(existsSync(at("opt/configs/sub/app.env"))).toBe(true);
    host.unfake("mv");
    host.fake("rclone", "exit 9");
    const result = await bringBack();
    expect(result.code, result.stderr).toBe(0);
    expect(readFileSync(at("etc/caddy/Caddyfile"), "utf8")).toBe("shop.example\n");
    expect(readdirSync(at("var/lib/granary/brought-back")).sort()).toEqual(["orders.fetched.json", "orders.json"]);
  });

  it("a wrong identity changes nothing", async () => {
    await configsLost();
    await hold("on");
    const wrong = execFileSync("age-keygen", { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const result = await host.run("granary-bring-back", ["orders", "--copy", "a"], wrong);
    expect(result.code).toBe(30);
    expect(existsSync(at("opt/configs"))).toBe(false);
    expect((await bringBack()).code).toBe(0);
  });

  it("gives a database its own name", async () => {
    const cluster = new Cluster();
    try {
      cluster.sql("postgres", "CREATE DATABASE shop");
      cluster.sql("shop", "CREATE TABLE orders AS SELECT generate_series(1, 500) AS id");
      host = new Host(cluster);
      expect((await host.backup()).code).toBe(0);
      cluster.sql("postgres", "DROP DATABASE shop");
      await hold("on");
      const result = await bringBack();
      expect(result.code, result.stderr).toBe(0);
      expect(JSON.parse(result.stdout)).toMatchObject({ database: "shop", switched: true });
      expect(cluster.sql("shop", "SELECT count(*) FROM orders")).toBe("500");
    } finally {
      cluster.close();
    }
  });
});
