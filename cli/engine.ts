/** The program through the Automation API, with the `pulumi` on the PATH: same state, same passphrase as `pulumi up`. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { LocalWorkspace, PulumiCommand, type PulumiFn, type Stack } from "@pulumi/pulumi/automation/index.js";

/** One value of a stack's configuration, in the clear. */
export interface ConfigValue {
  value?: string;
  secret: boolean;
}

/**
 * The configuration of a stack, secrets in the clear.
 * @throws Error when pulumi is missing or cannot read the stack
 */
export async function readConfig(directory: string, stack: string): Promise<Record<string, ConfigValue>> {
  try {
    const args = ["config", "--json", "--show-secrets", "--stack", stack];
    const { stdout } = await promisify(execFile)("pulumi", args, { cwd: directory, maxBuffer: 1 << 26 });
    return JSON.parse(stdout) as Record<string, ConfigValue>;
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code === "ENOENT")
      throw new Error("pulumi is not on the PATH: install it from https://www.pulumi.com/docs/install/");
    throw new Error(`pulumi cannot read the configuration of stack ${stack}: ${(stderr ?? String(error)).trim()}`);
  }
}

/** A stack of its own beside production's: what is done to it cannot touch what is in the other. */
export interface Isolated {
  stack: Stack;
  /** What is in it; empty when nothing is left of an earlier run. */
  resources(): Promise<string[]>;
  /** Takes everything down and forgets the stack. */
  remove(): Promise<void>;
}

/** Where its file of configuration is, in the project's folder: left by an interrupted run, taken up by the next. */
const WORK = ".granary";

/**
 * Makes or takes up the stack `<stack>-<name>` in the same backend, with the providers' configuration of `stack`.
 * @param config of `stack`, as {@link readConfig} gives it
 */
export async function isolatedStack(
  directory: string,
  stack: string,
  name: string,
  config: Record<string, ConfigValue>,
  program: PulumiFn,
): Promise<Isolated> {
  const stackName = `${stack}-${name}`;
  const workDir = join(directory, WORK, stackName);
  await mkdir(workDir, { recursive: true, mode: 0o700 });
  // The engine resolves the path of an asset from its own directory.
  await symlink(join(import.meta.dirname, "../scripts"), join(workDir, "scripts")).catch(ignoreExisting);
  const made = await LocalWorkspace.createOrSelectStack(
    { stackName, projectName: "granary", program },
    { workDir, pulumiCommand: await PulumiCommand.get(), projectSettings: { name: "granary", runtime: "nodejs" } },
  );
  for (const [key, { value, secret }] of Object.entries(config))
    if (!key.startsWith("granary:") && value !== undefined) await setConfig(workDir, stackName, key, value, secret);
  return {
    stack: made,
    resources: async () => {
      const { resources = [] } = (await made.exportStack()).deployment as {
        resources?: { type: string; urn: string }[];
      };
      return resources.filter(({ type }) => type !== "pulumi:pulumi:Stack").map(({ urn }) => urn);
    },
    remove: async () => {
      await made.destroy();
      await made.workspace.removeStack(stackName);
      await rm(workDir, { recursive: true, force: true });
    },
  };
}

/**
 * The stack itself, with the project's own program: `up` here is `pulumi up`.
 * @throws Error when the stack does not exist, or its folder is no project
 */
export async function openStack(directory: string, stack: string): Promise<Stack> {
  const { default: granary } = await import("../index.js");
  return LocalWorkspace.selectStack(
    { stackName: stack, projectName: "granary", program: () => Promise.resolve().then(granary) },
    { workDir: directory, pulumiCommand: await PulumiCommand.get() },
  );
}

/** What the engine said that went wrong, of the many lines that an error of the Automation API has. */
export function engineFault(error: unknown): Error {
  const text = error instanceof Error ? error.message : String(error);
  const said = text.split("\n").filter((line) => /^\s*error: (?!update failed)/.test(line));
  return new Error(
    said.length > 0 ? [...new Set(said.map((line) => line.trim()))].slice(0, 3).join("; ") : text.split("\n")[0],
  );
}

/** Sets one value of a stack's configuration. Values go by standard input: an argument would show a secret to every process on the machine. */
export async function setConfig(
  cwd: string,
  stack: string,
  key: string,
  value: string,
  secret: boolean,
): Promise<void> {
  const args = ["config", "set", "--stack", stack, secret ? "--secret" : "--plaintext", key];
  const child = spawn("pulumi", args, { cwd, stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.end(value);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`pulumi config set ${key} ended with ${code ?? "a signal"}`);
}

/** Takes one value out of a stack's configuration; one that is not there is no error. */
export async function removeConfig(cwd: string, stack: string, key: string): Promise<void> {
  await promisify(execFile)("pulumi", ["config", "rm", "--stack", stack, key], { cwd });
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
