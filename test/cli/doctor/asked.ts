/** `granary doctor` with a pulumi that has the stack's state, and an ssh that answers as a host would. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Finding, HostFindings } from "../../../cli/doctor/finding.js";
import { granaryIn } from "../granary.js";
import { raw, stackFile, state, wellText } from "./well.js";

export let directory: string;
let path: string | undefined;

export function fake(name: string, script: string): void {
  writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, name), 0o755);
}

/** The clock of the host is right, unless a test says otherwise. */
export const ANSWER = (): string => `sed "s/@NOW@/$(date +%s.%N)/" "${directory}/answer"`;

/** The host answers with `text`; what it is sent is kept. */
export function answer(text: string): void {
  writeFileSync(join(directory, "answer"), text);
  fake("ssh", `printf '%s\\n' "$@" >"${directory}/args"\ncat >"${directory}/sent"\n${ANSWER()}`);
}

export function deploy(settings: object = raw(), exported: object = state(settings)): void {
  writeFileSync(join(directory, "Pulumi.prod.yaml"), stackFile(settings));
  writeFileSync(join(directory, "state.json"), JSON.stringify(exported));
  fake("pulumi", `cat "${directory}/state.json"`);
}

/** Before each test: a stack with one host that is well. */
export function setUp(): void {
  directory = mkdtempSync(join(tmpdir(), "granary-"));
  path = process.env["PATH"];
  process.env["PATH"] = `${directory}:${path}`;
  deploy();
  answer(wellText());
}

export function tearDown(): void {
  process.env["PATH"] = path;
  rmSync(directory, { recursive: true });
}

/** `granary doctor --json` */
export async function findings(
  ...args: string[]
): Promise<{ code: number; findings: Finding[]; hosts: HostFindings[] }> {
  const { code, out } = await granaryIn(directory, "doctor", "--json", ...args);
  const { hosts } = JSON.parse(out) as { hosts: HostFindings[] };
  return { code, hosts, findings: hosts.flatMap((host) => host.findings) };
}

/** `check subject` of each. */
export const names = (found: Finding[]): string[] => found.map(({ check, subject }) => `${check} ${subject}`);
