/** Where the stand-ins go, how fast they start, and which plugins are taken. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installStandIns, pluginMode, PLUGINS } from "../../../lab/plugins/install.js";

const home = mkdtempSync(join(tmpdir(), "granary home '"));
beforeAll(() => installStandIns(home));
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe("installStandIns", () => {
  it("writes one folder and its lock a plugin", () => {
    const folders = PLUGINS.map(({ name, version }) => `resource-${name}-v${version}`);
    expect(readdirSync(join(home, "plugins")).sort()).toEqual(folders.flatMap((one) => [one, `${one}.lock`]).sort());
  });

  it.each(PLUGINS)(
    "$name starts in another folder, prints its port, and ends on an interrupt",
    async ({ name, version }) => {
      const executable = join(home, "plugins", `resource-${name}-v${version}`, `pulumi-resource-${name}`);
      const child = spawn(executable, ["127.0.0.1:9"], { cwd: "/", stdio: ["ignore", "pipe", "inherit"] });
      const port = await new Promise<string>((resolve) => child.stdout.setEncoding("utf8").once("data", resolve));
      expect(port).toMatch(/^\d+\n$/);
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGINT");
      expect(await ended).toBe(0);
    },
  );
});

describe("pluginMode", () => {
  const options = { pulumi: "/nonexistent/pulumi", pulumiHome: home };

  it("takes what it is told", async () => {
    expect(await pluginMode({ GRANARY_LAB_PLUGINS: "stand-in" }, options)).toBe("stand-in");
    await expect(pluginMode({ GRANARY_LAB_PLUGINS: "real" }, options)).rejects.toThrow('got "real"');
  });

  it("does not take installed stand-ins for official plugins", async () => {
    expect(await pluginMode({ GRANARY_LAB_PLUGINS: "auto" }, options)).toBe("stand-in");
    await expect(pluginMode({ GRANARY_LAB_PLUGINS: "official" }, options)).rejects.toThrow(
      /^GRANARY_LAB_PLUGINS=official, but hcloud 1\.41\.0.*; install the plugins, or use GRANARY_LAB_PLUGINS=stand-in$/,
    );
  });
});
