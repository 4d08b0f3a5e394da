import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, symlink } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { LocalWorkspace, PulumiCommand, type PulumiFn, type Stack } from "@pulumi/pulumi/automation/index.js";
import { cacheDir, repository, runDir, tool } from "./config.js";
import { installStandIns } from "./plugins/install.js";

export const STACK = "rehearsal";
/** The version that `lab/toolchain/build.sh` makes. */
export const ENGINE = "3.250.0";

/** One value of the stack's configuration. Objects are stored as JSON, as `pulumi config set` does. */
export interface ConfigValue {
  value: unknown;
  secret?: boolean;
}

/** The directory the engine works in; `pulumi --cwd` and `npx granary` find the stack from here. */
export function projectDir(): string {
  return join(runDir(), "project");
}

/** What the real Pulumi CLI needs to know to work in the lab: its own home, state in files, nothing asked of the internet. */
export function engineEnvironment(): Record<string, string> {
  return {
    PULUMI_HOME: join(runDir(), "pulumi-home"),
    PULUMI_BACKEND_URL: `file://${join(runDir(), "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "rehearsal",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
}

/** Puts the stand-in plugins, or a link to the official ones that were downloaded before, into the engine's home. */
export async function usePlugins(mode: string): Promise<void> {
  const home = engineEnvironment()["PULUMI_HOME"]!;
  await mkdir(home, { recursive: true });
  if (mode === "stand-in") return installStandIns(home);
  await symlink(join(homedir(), ".pulumi/plugins"), join(home, "plugins")).catch(ignoreExisting);
}

/** The stack, with the project's own program inline: the same function that `pulumi up` runs. */
export async function makeStack(program: PulumiFn, config: Record<string, ConfigValue>): Promise<Stack> {
  const directory = projectDir();
  await mkdir(directory, { recursive: true });
  await mkdir(join(runDir(), "state"), { recursive: true });
  // The engine resolves the path of an asset from its own directory.
  await symlink(join(repository, "scripts"), join(directory, "scripts")).catch(ignoreExisting);
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName: STACK, projectName: "granary", program },
    {
      workDir: directory,
      pulumiCommand: await PulumiCommand.get({ root: cacheDir() }),
      envVars: engineEnvironment(),
      projectSettings: { name: "granary", runtime: "nodejs" },
    },
  );
  for (const [key, { value, secret }] of Object.entries(config)) {
    await setConfig(key, typeof value === "string" ? value : JSON.stringify(value), secret ?? false);
  }
  return stack;
}

/** Values go by standard input: an argument would show a secret to every process on the machine. */
export async function setConfig(key: string, value: string, secret: boolean): Promise<void> {
  const child = spawn(tool("pulumi"), ["config", "set", "--stack", STACK, secret ? "--secret" : "--plaintext", key], {
    cwd: projectDir(),
    env: { ...process.env, ...engineEnvironment() },
    stdio: ["pipe", "ignore", "inherit"],
  });
  child.stdin.end(value);
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`pulumi config set ${key} ended with ${code}`);
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
