/** `granary doctor`, as the owner types it: nothing to say of a host that is well, and every tampering found and put right. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Check } from "../../plan/check.js";
import type { Finding, HostFindings } from "../../cli/doctor/finding.js";
import type { Act } from "./act.js";
import { laptop } from "./laptop.js";
import type { ShopServer } from "./shop-server.js";
import { TAMPERINGS, type Tampering } from "./tamperings.js";

export interface Visit {
  code: number;
  findings: Finding[];
}

/** The lab's clock is not kept right by NTP, and the doctor says so: that is all there is to say of a host that is well. */
const WELL = "clock-unsynchronized clock";

/** Longest the log may take until it is whole again after it was interrupted, milliseconds. */
const HEALING = 60_000;

export async function visit({ world }: Pick<Act, "world">): Promise<Visit> {
  const { code, stdout, stderr } = await laptop("doctor", "--json", "--ssh-key", world.laptop.sshKey);
  if (stdout === "") throw new Error(`granary doctor said nothing and ended with ${code}: ${stderr.slice(-2000)}`);
  const { hosts } = JSON.parse(stdout) as { hosts: HostFindings[] };
  return { code, findings: hosts.flatMap(({ findings }) => findings) };
}

export const nameOf = ({ check, subject }: Finding): string => `${check} ${subject}`;

/** What was found beside what is found on a host that is well. */
export function complaints({ code, findings }: Visit): string {
  const others = findings
    .filter((finding) => nameOf(finding) !== WELL)
    .map((finding) => `${nameOf(finding)}: ${finding.found}`);
  return `${code} ${others.join("; ") || "nothing"}`;
}

/** Until there is nothing to say; the last that was said. */
export async function untilWell(act: Pick<Act, "world">): Promise<string> {
  const until = Date.now() + HEALING;
  for (;;) {
    const said = complaints(await visit(act));
    if (said === "0 nothing" || Date.now() > until) return said;
    await sleep(1000);
  }
}

/** Each tampering against what was found. */
export function found(tamperings: readonly Tampering[], { code, findings }: Visit): Check[] {
  const names = new Set(findings.map(nameOf));
  const missed = tamperings.filter(({ finds }) => !names.has(finds)).map(({ name, finds }) => `${name} (${finds})`);
  const mute = findings.filter(({ fix }) => fix.length === 0 || fix.some(({ command }) => command === "")).map(nameOf);
  const all = `${tamperings.length} of ${tamperings.length}, exit code 1`;
  const actual =
    missed.length > 0
      ? `missed: ${missed.join("; ")}`
      : `${tamperings.length} of ${tamperings.length}, exit code ${code}`;
  return [
    { name: "tamperings that the doctor finds", ok: actual === all, expected: all, actual },
    { name: "findings without a fix", ok: mute.length === 0, expected: "none", actual: mute.join(", ") || "none" },
  ];
}

/** The very commands that were printed: on the host first, then one `pulumi up` with every replacement. */
export async function putRight(
  { stack, onOutput }: Pick<Act, "stack" | "onOutput">,
  server: ShopServer,
  { findings }: Visit,
): Promise<void> {
  const undo = TAMPERINGS.flatMap((tampering) => tampering.undo ?? []);
  const steps = findings.filter(({ colour }) => colour === "red").flatMap(({ fix }) => fix);
  const onHost = steps.filter(({ on }) => on === "host").map(({ command }) => `( ${command} ) >/dev/null`);
  await server.run([...undo, ...new Set(onHost)].join("\n"));
  const commands = steps.filter(({ on, command }) => on === "laptop" && command.startsWith("pulumi up "));
  const replace = commands.flatMap(({ command }) => /--replace '(.*)'$/.exec(command)?.[1] ?? []);
  await stack.up({ onOutput, replace: [...new Set(replace)] });
}
