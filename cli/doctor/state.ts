/** What the last `pulumi up` deployed, as the stack's state has it. It holds secrets: nothing of it is shown. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import type { HostOutput } from "../stack.js";

/** Of one host. */
export interface Deployed {
  /** Hash of the scripts that were uploaded; absent: none were. */
  scripts?: string;
  /** Text of `/etc/granary/JOB.env`, by job. Secret. */
  settings: Record<string, string>;
  /** Public halves of the host's own keys by their file, e.g. `/etc/granary/box_ed25519`. */
  keys: Record<string, string>;
  /** Versions of tools when the scripts were installed. */
  tools: Record<string, string>;
}

export interface Resource {
  urn: string;
  type: string;
  parent?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

const COMMAND = "command:remote:Command";
const JOB = "granary:hosts:Job";
const HOST = "granary:hosts:Host";

export const sha256 = (text: string | Buffer): string => createHash("sha256").update(text).digest("hex");

/**
 * The resources of a stack, secrets in the clear.
 * @throws Error when pulumi is missing or cannot read the stack
 */
export async function readState(directory: string, stack: string): Promise<Resource[]> {
  try {
    const args = ["stack", "export", "--show-secrets", "--stack", stack];
    const { stdout } = await promisify(execFile)("pulumi", args, { cwd: directory, maxBuffer: 1 << 28 });
    return (JSON.parse(stdout) as { deployment?: { resources?: Resource[] } }).deployment?.resources ?? [];
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code === "ENOENT")
      throw new Error("pulumi is not on the PATH: install it from https://www.pulumi.com/docs/install/");
    // The error of a failed parse could show what it parsed.
    throw new Error(`pulumi cannot read the state of stack ${stack}: ${stderr?.trim() ?? "its export is not JSON"}`);
  }
}

/** Where each host answers and the only key it may answer with; none before the first `pulumi up`. */
export function targetsOf(resources: Resource[]): Record<string, HostOutput> {
  const stack = resources.find(({ type }) => type === "pulumi:pulumi:Stack");
  return (stack?.outputs?.["hosts"] ?? {}) as Record<string, HostOutput>;
}

/** What of a state is about one host; jobs that left the settings but not yet the stack are among it. */
export function deployedOn(host: string, resources: Resource[]): Deployed {
  const deployed: Deployed = { settings: {}, keys: {}, tools: {} };
  for (const { urn, type, parent = "", inputs, outputs } of resources) {
    if (type !== COMMAND) continue;
    const name = urn.split("::").at(-1)!;
    const stdin = plain(inputs?.["stdin"]);
    const stdout = plain(outputs?.["stdout"]);
    const purpose = name.startsWith(`${host}-`) ? name.slice(host.length + 1) : "";
    if (parent.includes(`${JOB}::`)) {
      if (stdin.includes(`GRANARY_HOST=${host}\n`)) deployed.settings[purpose] = stdin;
    } else if (parent.endsWith(`${HOST}::${host}`)) {
      if (purpose === "install") Object.assign(deployed, installed(stdin, stdout));
      const key = /^((?:box|git|restic-[a-z0-9-]+)(?:\.\d+)?)-key$/.exec(purpose)?.[1];
      if (key !== undefined)
        deployed.keys[`/etc/granary/${key}_ed25519`] = stdout.split(" ").slice(0, 2).join(" ").trim();
    }
  }
  return deployed;
}

/** A property as text: secrets are wrapped, with JSON inside. */
function plain(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && "plaintext" in value) {
    const inner: unknown = JSON.parse(String(value.plaintext));
    return typeof inner === "string" ? inner : "";
  }
  return "";
}

function installed(stdin: string, stdout: string): Partial<Deployed> {
  const scripts = /^scripts ([0-9a-f]{64})$/m.exec(stdin)?.[1];
  return { tools: versions(stdout), ...(scripts === undefined ? {} : { scripts }) };
}

function versions(stdout: string): Record<string, string> {
  try {
    return JSON.parse(stdout) as Record<string, string>;
  } catch {
    return {};
  }
}
