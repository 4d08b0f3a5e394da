/** What the kit prints of the stack, the code and the programs: asked of pulumi and git, never a secret. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { hostOutput, maintenanceOutput, type HostOutput } from "../stack.js";
import type { BoxAccount } from "./ways-in.js";

/** Of the state; undefined where nobody could say. */
export interface StackFacts {
  hosts: Record<string, HostOutput>;
  /** Main accounts of storage boxes, by copy. */
  boxes: Record<string, BoxAccount>;
  /** Where the state is, e.g. `file://~` or `https://app.pulumi.com/owner`. */
  backend: string | undefined;
}

/** What is known when the stack cannot be read. */
export const NO_STACK: StackFacts = { hosts: {}, boxes: {}, backend: undefined };

/**
 * The stack's last `pulumi up`: addresses, host keys, the boxes' names. Credentials are read with them and dropped here.
 * @throws Error when pulumi is missing or the stack cannot be read
 */
export async function stackFacts(directory: string, stack: string, hosts: string[]): Promise<StackFacts> {
  const { copies } = await maintenanceOutput(directory, stack);
  const boxes: Record<string, BoxAccount> = {};
  for (const [name, access] of Object.entries(copies))
    if (access.kind === "box") boxes[name] = { server: access.server, username: access.username };
  const outputs: Record<string, HostOutput> = {};
  for (const host of hosts) outputs[host] = await hostOutput(directory, stack, host);
  const { url } = JSON.parse(await said("pulumi", ["whoami", "--json"], directory)) as { url?: string };
  return { hosts: outputs, boxes, backend: url === undefined ? undefined : withoutLogin(url) };
}

/** What is run: versions, and where the code is. */
export interface CodeFacts {
  version: string;
  node: string;
  pulumi: string | undefined;
  /** Commit, with "+ changes" when the folder holds what is not committed. */
  commit: string | undefined;
  /** Address of the Git remote `origin`. */
  remote: string | undefined;
}

/** Whatever can be found out; a program that is missing is a blank on the page. */
export async function codeFacts(directory: string): Promise<CodeFacts> {
  const ask = (program: string, ...args: string[]) => said(program, args, directory).catch(() => undefined);
  const project = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as { version: string };
  const commit = await ask("git", "rev-parse", "HEAD");
  const changes = await ask("git", "status", "--porcelain");
  const remote = await ask("git", "remote", "get-url", "origin");
  return {
    version: project.version,
    node: process.version,
    pulumi: await ask("pulumi", "version"),
    commit: commit === undefined || !changes ? commit : `${commit} + changes`,
    remote: remote === undefined ? undefined : withoutLogin(remote),
  };
}

async function said(program: string, args: string[], cwd: string): Promise<string> {
  return (await promisify(execFile)(program, args, { cwd })).stdout.trim();
}

/** Without the name and the token that a URL may carry. */
export function withoutLogin(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/, (whole, scheme: string) =>
    scheme === "ssh://" ? whole : scheme,
  );
}

/** As `ssh-keygen -l` shows it: `SHA256:…` of a public key line, `<type> <base64>`. */
export function fingerprint(publicKey: string): string {
  const blob = Buffer.from(publicKey.split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}
