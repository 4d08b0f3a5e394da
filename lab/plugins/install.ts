/**
 * Puts the stand-in plugins where the Pulumi engine looks for plugins. `GRANARY_LAB_PLUGINS` decides whether they or the
 * official ones are used: `official`, `stand-in`, or `auto` (the default).
 */
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, chmod, mkdir, open, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { tool } from "../config.js";

/** The plugins and versions that the npm packages of this project ask for. */
export const PLUGINS = [
  { name: "hcloud", version: "1.41.0" },
  { name: "digitalocean", version: "4.80.1" },
  { name: "cloudflare", version: "6.22.1" },
  { name: "command", version: "1.2.1" },
] as const;

export type PluginMode = "official" | "stand-in";

/** Seconds that all downloads together may take before `auto` gives up on the official plugins. */
const DOWNLOAD_TIMEOUT = 60;
/** Seconds within which the download server must have answered at all. */
const REACH_TIMEOUT = 3;
const DOWNLOADS = "https://get.pulumi.com/releases/plugins/";

const here = dirname(fileURLToPath(import.meta.url));
const folder = (home: string, { name, version }: (typeof PLUGINS)[number]): string =>
  join(home, "plugins", `resource-${name}-v${version}`);

/** Writes the four stand-ins into `pulumiHome` (an absolute or relative `$PULUMI_HOME`). Safe to repeat. */
export async function installStandIns(pulumiHome: string): Promise<void> {
  const tsx = createRequire(import.meta.url).resolve("tsx");
  for (const plugin of PLUGINS) {
    const directory = folder(resolve(pulumiHome), plugin);
    const executable = join(directory, `pulumi-resource-${plugin.name}`);
    const main = join(here, plugin.name, "main.ts");
    const command = [process.execPath, "--import", pathToFileURL(tsx).href, main].map(quoted).join(" ");
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    await writeFile(executable, `#!/bin/sh\nexec ${command} "$@"\n`);
    await chmod(executable, 0o755);
    // The engine takes a folder without this lock file beside it for a download that was broken off.
    await writeFile(`${directory}.lock`, "");
  }
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

export interface ModeOptions {
  /** The engine to download with. */
  pulumi: string;
  /** Where official plugins are looked for and downloaded to. */
  pulumiHome: string;
}

/** Which plugins to use. With `official`, missing ones are downloaded; throws if they cannot be had. */
export async function pluginMode(
  env: NodeJS.ProcessEnv = process.env,
  options: ModeOptions = {
    pulumi: tool("pulumi"),
    pulumiHome: env["PULUMI_HOME"] ?? join(env["HOME"] ?? homedir(), ".pulumi"),
  },
): Promise<PluginMode> {
  const wanted = env["GRANARY_LAB_PLUGINS"] ?? "auto";
  if (wanted === "stand-in") return "stand-in";
  if (wanted !== "official" && wanted !== "auto") {
    throw new Error(`GRANARY_LAB_PLUGINS must be official, stand-in or auto, got "${wanted}"`);
  }
  const problem = await fetchOfficial(options);
  if (problem === undefined) return "official";
  if (wanted === "auto") return "stand-in";
  throw new Error(
    `GRANARY_LAB_PLUGINS=official, but ${problem}; install the plugins, or use GRANARY_LAB_PLUGINS=stand-in`,
  );
}

/** Makes sure that every official plugin is there; says what stands in the way, if anything. */
async function fetchOfficial({ pulumi, pulumiHome }: ModeOptions): Promise<string | undefined> {
  const present = await Promise.all(PLUGINS.map((plugin) => isOfficial(pulumiHome, plugin)));
  const missing = PLUGINS.filter((_, i) => present[i] !== true);
  if (missing.length === 0) return undefined;
  const names = missing.map(({ name, version }) => `${name} ${version}`).join(", ");
  const reached = await fetch(DOWNLOADS, { method: "HEAD", signal: AbortSignal.timeout(REACH_TIMEOUT * 1000) }).catch(
    () => undefined,
  );
  if (!reached)
    return `${names} ${missing.length === 1 ? "is" : "are"} not installed and the download server cannot be reached`;
  const deadline = Date.now() + DOWNLOAD_TIMEOUT * 1000;
  for (const { name, version } of missing) {
    const left = Math.max(1, deadline - Date.now());
    const environment = { ...process.env, PULUMI_HOME: pulumiHome };
    const download = promisify(execFile)(pulumi, ["plugin", "install", "resource", name, version], {
      timeout: left,
      env: environment,
    });
    const failed = await download.then(() => undefined).catch((error: Error) => error.message.split("\n")[0]);
    if (failed !== undefined) return `${name} ${version} could not be downloaded (${failed})`;
  }
  return undefined;
}

/**
 * Official is what lies in the engine's home or on the PATH, where the engine looks too. A stand-in in the same place is
 * a shell script.
 */
async function isOfficial(home: string, plugin: (typeof PLUGINS)[number]): Promise<boolean> {
  const name = `pulumi-resource-${plugin.name}`;
  const onPath = (process.env["PATH"] ?? "").split(":").filter(Boolean);
  const places = [folder(home, plugin), ...onPath].map((directory) => join(directory, name));
  const found = await Promise.all(places.map(isProgram));
  return found.includes(true);
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    const opened = await open(file);
    const { buffer } = await opened.read(Buffer.alloc(2), 0, 2, 0).finally(() => opened.close());
    return buffer.toString() !== "#!";
  } catch {
    return false;
  }
}
